// Frameworks that render on a server and seal in the page, each as it comes, without a setting: built and in development. The server
// imports the package, too.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { npmTools } from '../../tools/npm.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject, wasmFiles } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { outputOf } from '../support/tarball.mjs';

const APPS = fileURLToPath(new URL('client-builds', import.meta.url));

/** Where each framework looks for the files of its app, which lie in one folder here; the rest are settings. */
const PLACES = {
  sveltekit: { 'app.html': 'src', '+page.svelte': 'src/routes' },
  nuxt: { 'app.vue': 'app' },
  astro: { 'index.astro': 'src/pages' },
  'react-router': { 'page.jsx': 'app', 'root.jsx': 'app', 'routes.js': 'app' },
};

/** How each builds, where it puts the page's files, and how they are served; `server` gets a host and a port as further arguments. */
const FRAMEWORKS = {
  'SvelteKit 3': {
    app: 'sveltekit',
    build: 'vite build',
    client: '.svelte-kit/output/client',
    server: 'vite preview',
    development: 'vite dev',
  },
  'Nuxt 4': {
    app: 'nuxt',
    build: 'nuxt build',
    client: '.output/public',
    server: 'node .output/server/index.mjs',
    development: 'nuxt dev',
  },
  'Astro 7': { app: 'astro', build: 'astro build', client: 'dist', server: 'astro preview', development: 'astro dev' },
  'React Router 8': {
    app: 'react-router',
    build: 'react-router build',
    client: 'build/client',
    server: 'vite preview --outDir build/client',
    development: 'react-router dev',
  },
};

let project;
let host;
let browser;
let env;
before(async () => {
  project = await startProject(() => npmTools('tests/consumers/client-builds'));
  host = await startHost();
  browser = await launch('chromium');
  // The newest frameworks need a newer Node than the project.
  const PATH = ['node-24/bin', '.bin']
    .map((name) => path.join(project.tools, 'node_modules', name))
    .concat(process.env.PATH)
    .join(path.delimiter);
  env = { ...process.env, PATH, NUXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1' };
});
after(async () => {
  await browser?.close();
  await host?.close();
  project?.remove();
});

for (const [name, { app, build, client, server, development }] of Object.entries(FRAMEWORKS)) {
  describe(name, () => {
    const place = (...names) => path.join(project.project, app, ...names);
    before(() => {
      for (const file of readdirSync(path.join(APPS, app)))
        cpSync(path.join(APPS, app, file), place(PLACES[app][file] ?? '', file));
      cpSync(path.join(project.project, 'app/seal.js'), place('app/seal.js'));
      cpSync(project.installed, place('node_modules/kmseal'), { recursive: true }); // their servers show nothing from above
      writeFileSync(place('package.json'), '{ "type": "module", "private": true }');
    });

    async function serves(command, NODE_ENV) {
      const started = await startOnPort(
        (port) => {
          const [program, ...args] = `${command} --host 127.0.0.1 --port ${port}`.split(' ');
          return startChild(
            program,
            args,
            { ...env, NODE_ENV, NITRO_HOST: '127.0.0.1', NITRO_PORT: String(port) },
            place(),
          );
        },
        { seconds: 300 },
      );
      try {
        await host.opens(browser, host.from(`${started.origin}/`));
      } finally {
        await started.stop();
      }
    }

    test('the build has the .wasm once for the browser, and seals', async () => {
      const [program, ...args] = build.split(' ');
      await outputOf(path.join(project.tools, 'node_modules/.bin', program), args, place(), {
        ...env,
        NODE_ENV: 'production',
      });
      assert.equal(wasmFiles(place(client)).length, 1);
      await serves(server, 'production');
    });

    test('it seals in development', () => serves(development, 'development'));
  });
}
