// What docs/uploads.md says of streams as bodies of requests, asked in each engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../support/browsers/browser.mjs';
import { startServer } from '../support/servers/server.mjs';
import { blocksOf } from './blocks.mjs';

const [, { code }] = blocksOf('docs/uploads.md').filter(({ heading }) => heading === 'What may be sent');

let server;
const bodies = [];
before(async () => {
  server = await startServer({
    routes(app) {
      app.get('/page', (context) => context.html('<!doctype html><title>page</title>'));
      app.post('/uploads', async (context) => {
        bodies.push(await context.req.text());
        return context.body(null, 204);
      });
    },
  });
});
after(() => server?.close());

const TEXT = '[object ReadableStream]';
/** As the page's table has it. The server speaks HTTP/1.1, over which Chromium streams nothing. */
const ENGINES = {
  chromium: { streamsRequests: true, fetched: 'TypeError' },
  firefox: { streamsRequests: false, fetched: TEXT },
  webkit: { streamsRequests: false, fetched: 'NotSupportedError' },
};

for (const [name, { streamsRequests, fetched }] of Object.entries(ENGINES)) {
  test(`${name} does with a stream as a body what the page says`, async () => {
    const browser = await launch(name);
    try {
      bodies.length = 0;
      await browser.driver.get(`${server.origin}/page`);
      const answer = await browser.evaluate(`(async () => {
        ${code}
        const stream = () => new Response('sealed').body;
        const error = await fetch('/uploads', { method: 'POST', body: stream(), duplex: 'half' }).then(() => undefined, ({ name }) => name);
        const request = new XMLHttpRequest();
        request.open('POST', '/uploads');
        await new Promise((resolve) => {
          request.onloadend = resolve;
          request.send(stream());
        });
        const form = new FormData();
        form.append('doc', stream());
        return { streamsRequests, error, field: form.get('doc') };
      })()`);
      const rejected = fetched === TEXT ? undefined : fetched;
      assert.deepEqual({ error: undefined, ...answer }, { streamsRequests, error: rejected, field: TEXT });
      assert.deepEqual(bodies, rejected ? [TEXT] : [TEXT, TEXT]);
    } finally {
      await browser.close();
    }
  });
}
