// The stage for measurements: a browser on a page with a file input, and a server of the package, bench/pages/ and the peers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { launch } from '../../tests/support/browsers/browser.mjs';
import { startServer } from '../../tests/support/servers/server.mjs';

const PAGES = fileURLToPath(new URL('../pages/', import.meta.url));
const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));
const KEYS = fileURLToPath(new URL('../../tests/keys/', import.meta.url));

/** @aws-crypto/client-browser expects its bundler to provide Node's globals and Buffer. */
const bundlePeers = (outdir) =>
  build({
    entryPoints: ['aws-crypto.js', 'noble.js', 'tus.js'].map((name) => path.join(PEERS, name)),
    outdir,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
  });

/**
 * Runs `work(stage)` with a fresh temporary folder and server; `stage.browse(name, use)` does the same with a browser.
 * @template T
 * @param {(stage: { folder: string, origin: string, browse: typeof browse }) => Promise<T>} work
 * @param {{ routes?: (app: import('hono').Hono) => void, connect?: string[] }} [options] as of startServer()
 * @returns {Promise<T>}
 */
export async function withStage(work, { routes, connect } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-bench-'));
  try {
    const peers = path.join(folder, 'peers');
    await bundlePeers(peers);
    const folders = { '/bench/': PAGES, '/keys/': KEYS, '/peers/': peers };
    const server = await startServer({ folders, routes, connect });
    try {
      return await work({ folder, origin: server.origin, browse: (name, use) => browse(server.origin, name, use) });
    } finally {
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function browse(origin, name, use) {
  const browser = await launch(name);
  try {
    await browser.driver.get(`${origin}/bench/index.html`);
    return await use(browser);
  } finally {
    await browser.close();
  }
}
