// The package served as it is, without a bundler: an import map with integrity, from the page's own origin and from
// another one, under a strict policy; in a module worker and in a service worker, which know no import maps.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { startServer } from '../support/servers/server.mjs';

let project;
let cdn;
let asked = [];
let host;
before(async () => {
  project = await startProject();
  const dist = path.join(project.installed, 'dist');
  cdn = await startServer({
    folders: { '/cdn/': dist },
    routes: (app) =>
      app.use(async (context, next) => {
        asked.push(context.req.path);
        await next();
        context.header('Access-Control-Allow-Origin', '*');
      }),
  });
  host = await startHost({
    folders: { '/kmseal/': dist, '/app/': path.join(project.project, 'app') },
    routes(app) {
      const digest = (algorithm, data) => `${algorithm}-${createHash(algorithm).update(data).digest('base64')}`;
      const integrity = digest('sha384', readFileSync(path.join(dist, 'index.js')));
      /** A page whose only inline text is its import map, which the policy allows by its hash. */
      const serve = (route, { from = '', hash = integrity, before = '', behind = '' }) =>
        app.get(route, (context) => {
          const url = `${from}/index.js`;
          const map = JSON.stringify({ imports: { kmseal: url }, integrity: { [url]: hash } });
          const origin = url.startsWith('http') ? new URL(url).origin : '';
          const policy =
            `default-src 'none'; script-src 'self' ${origin} '${digest('sha256', map)}' 'wasm-unsafe-eval'; ` +
            `connect-src 'self' ${origin}; require-trusted-types-for 'script'; trusted-types 'none'`;
          context.header('Content-Security-Policy', policy);
          return context.html(`<!doctype html><title>Consumer</title><link rel="icon" href="data:,">
            ${before}<script type="importmap">${map}</script>${behind}<script type="module" src="/app/page.js"></script>`);
        });
      const preload = '<link rel="modulepreload" href="/kmseal/index.js">';
      serve('/import-map', { from: '/kmseal' });
      serve('/preload-behind', { from: '/kmseal', behind: preload });
      serve('/preload-before', { from: '/kmseal', before: preload });
      serve('/cdn', { from: `${cdn.origin}/cdn` });
      serve('/wrong-integrity', { from: '/kmseal', hash: digest('sha384', 'another file') });

      for (const name of ['worker-page', 'service-page']) {
        app.get(`/plain/${name}.html`, (context) =>
          context.html(`<!doctype html><title>Consumer</title><link rel="icon" href="data:,">
          <script type="module" src="/plain/${name}.js"></script>`),
        );
      }
      // The same files, with the address written out, as needed without an import map.
      app.get('/plain/:name', (context) => {
        const source = readFileSync(path.join(project.project, 'app', context.req.param('name')), 'utf8');
        return context.body(source.replace("'kmseal'", "'/kmseal/index.js'"), 200, {
          'Content-Type': 'text/javascript',
        });
      });
    },
  });
});
after(async () => {
  await host?.close();
  await cdn?.close();
  project?.remove();
});

for (const name of BROWSERS) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name);
    });
    after(() => browser?.close());

    test('a page with an import map seals', () => host.seals(browser, '/import-map'));
    test('a page that loads the package from another origin seals', async () => {
      asked = [];
      await host.opens(browser, '/cdn');
      assert.deepEqual(asked, ['/cdn/index.js', '/cdn/kmseal.wasm']);
    });
    test('a module worker seals', () => host.seals(browser, '/plain/worker-page.html', 'worker'));
    test('a service worker seals', () => host.seals(browser, '/plain/service-page.html', 'service worker'));
    test('a page that preloads the script behind its import map seals', () => host.seals(browser, '/preload-behind'));
    test(`a preload before the import map ${name === 'firefox' ? 'makes Firefox ignore the map' : 'does no harm'}`, async () => {
      await browser.driver.get(`${host.origin}/preload-before`);
      const found = "import('kmseal').then(() => arguments[0]('found'), ({ name }) => arguments[0](name))";
      assert.equal(await browser.driver.executeAsyncScript(found), name === 'firefox' ? 'TypeError' : 'found');
    });
    // WebKitGTK 2.50 ignores it.
    test(`the browser ${name === 'webkit' ? 'ignores the integrity in the import map' : 'checks the script against the integrity in the import map'}`, async () => {
      await browser.driver.get(`${host.origin}/wrong-integrity`);
      const loaded = "import('kmseal').then(() => arguments[0]('loaded'), ({ name }) => arguments[0](name))";
      assert.equal(await browser.driver.executeAsyncScript(loaded), name === 'webkit' ? 'loaded' : 'TypeError');
    });
  });
}
