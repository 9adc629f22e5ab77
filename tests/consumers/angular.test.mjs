// Angular CLI 20 and the newest, each with the one line of docs/hosting.md and without: built under a base href with hashed names, and
// served for development with prebundled dependencies.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { npmTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject, wasmFiles } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { outputOf } from '../support/tarball.mjs';

const APP = fileURLToPath(new URL('angular', import.meta.url));
// Exactly as on the page, where readers copy it.
const [, LINE] = /\| Angular CLI \|.*?`(\{[^`]*\})`/.exec(readFileSync(path.join(ROOT, 'docs/hosting.md'), 'utf8'));
const NAMED = /in angular\.json add to "assets" (\{.*?\})/;

/** By version: the polyfills of a new project, whether its development server needs the line, and its Node. */
const VERSIONS = {
  20: { polyfills: ['zone.js'], needed: true, node: () => process.execPath },
  22: { polyfills: [], needed: false, node: (tools) => path.join(tools, 'node_modules/node-24/bin/node') },
};

let browser;
before(async () => {
  browser = await launch('chromium');
});
after(() => browser?.close());

for (const [version, { polyfills, needed, node }] of Object.entries(VERSIONS)) {
  describe(`Angular CLI ${version}`, () => {
    let project;
    let host;
    const place = (...names) => path.join(project.project, ...names);
    const built = () => place('dist/app/browser');
    const ng = (...args) => [
      node(project.tools),
      [path.join(project.tools, 'node_modules/@angular/cli/bin/ng.js'), ...args],
    ];
    before(async () => {
      project = await startProject(() => npmTools(`tests/consumers/angular${version}`));
      cpSync(place('app'), place('src/app'), { recursive: true });
      cpSync(APP, project.project, { recursive: true });
      mkdirSync(built(), { recursive: true });
      host = await startHost({
        folders: { '/app/': built() },
        // As servers of such applications answer unknown paths.
        routes: (app) =>
          app.get('/app/*', async (context, next) => {
            await next();
            if (context.res.status === 404)
              context.res = context.html(readFileSync(path.join(built(), 'index.html'), 'utf8'));
          }),
      });
    });
    after(async () => {
      await host?.close();
      project?.remove();
    });

    function configure(assets) {
      const settings = JSON.parse(readFileSync(path.join(APP, 'angular.json'), 'utf8'));
      Object.assign(settings.projects.app.architect.build.options, { polyfills, assets });
      writeFileSync(place('angular.json'), JSON.stringify(settings));
    }

    async function builds(assets, work) {
      configure(assets);
      const [command, args] = ng('build');
      await outputOf(command, args, project.project);
      assert.match(readdirSync(built()).join(' '), /\bmain-\w{8}\.js\b/);
      await work('/app/index.html');
    }

    async function serves(assets, work) {
      configure(assets);
      const server = await startOnPort(
        (port) => {
          const [command, args] = ng('serve', '--port', String(port));
          return startChild(command, args, { ...process.env, CI: 'true' }, project.project);
        },
        { path: '/app/', seconds: 300 },
      );
      try {
        await work(host.from(`${server.origin}/app/`));
      } finally {
        await server.stop();
      }
    }

    /** The page says what the docs say. */
    const isTold = (page) =>
      assert.rejects(host.opens(browser, page), ({ message }) => {
        assert.deepEqual(JSON.parse(NAMED.exec(message)?.[1] ?? message), JSON.parse(LINE));
        return true;
      });

    test('a build with the one line of the docs seals, with the .wasm once', () =>
      builds([JSON.parse(LINE)], async (page) => {
        assert.deepEqual(wasmFiles(built()), ['kmseal.wasm']);
        await host.seals(browser, page);
      }));
    test('a build without that line names it', () => builds([], isTold));
    test('the development server seals with that line', () =>
      serves([JSON.parse(LINE)], (page) => host.opens(browser, page)));
    test(`the development server ${needed ? 'names that line' : 'seals'} without it`, () =>
      serves([], needed ? isTold : (page) => host.opens(browser, page)));
  });
}
