// One run in every environment that docs/hosting.md names. Each has a copy of the cases, called as it is.
const inline = { server: { deps: { inline: ['kmseal'] } } };

export const PROJECTS = {
  node: { environment: 'node' },
  'node, inline': { environment: 'node', ...inline },
  jsdom: { environment: 'jsdom' },
  'jsdom, inline': { environment: 'jsdom', ...inline },
  'jsdom, optimized': { environment: 'jsdom', deps: { optimizer: { client: { enabled: true, include: ['kmseal'] } } } },
  'happy-dom': { environment: 'happy-dom' },
  'happy-dom, inline': { environment: 'happy-dom', ...inline },
  'happy-dom in vmThreads': { environment: 'happy-dom', pool: 'vmThreads' },
  'jsdom in vmThreads': { environment: 'jsdom', pool: 'vmThreads' },
  'jsdom in vmThreads, with the line of the docs': {
    environment: 'jsdom',
    pool: 'vmThreads',
    setupFiles: ['./set-up.mjs'],
  },
};

const projects = Object.entries(PROJECTS).map(([name, settings]) => ({
  test: { name, globals: true, testTimeout: 600_000, include: [`${name}.test.mjs`], ...settings },
}));

export default { test: { projects } };
