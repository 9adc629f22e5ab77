// An uploaded script, style sheet or page does nothing in the origin of the page that serves it, in the three browsers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { respond } from 'kmseal/node';
import { BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';

const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'";
const SCRIPT = 'globalThis.ran = true;';
const STYLE = 'body { color: rgb(1, 2, 3) }';

let server;
let origin;
before(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x');
    const file = searchParams.get('file');
    if (pathname === '/page') {
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY });
      return response.end(
        `<!doctype html><title>page</title><script src="${file}/script"></script><link rel="stylesheet" href="${file}/style">`,
      );
    }
    const [, way, name] = pathname.split('/');
    const [text, type] = name === 'style' ? [STYLE, 'text/css'] : [SCRIPT, 'text/javascript'];
    // Without respond, as proof that the page would have run it.
    if (way === 'bare') return response.writeHead(200, { 'content-type': type }).end(text);
    return respond(response, { plaintext: Buffer.from(text) }, { type: way === 'typed' ? type : undefined });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server?.closeAllConnections();
  server?.close();
});

for (const name of BROWSERS) {
  describe(name, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    for (const { way, acts } of [
      { way: 'bare', acts: true },
      { way: 'typed', acts: false },
      { way: 'untyped', acts: false },
    ]) {
      test(`an upload that is sent ${way} ${acts ? 'runs' : 'does not run'} under script-src 'self'`, async () => {
        await browser.driver.get(`${origin}/page?file=/${way}`);
        const [ran, color] = await browser.driver.executeScript(
          'return [globalThis.ran === true, getComputedStyle(document.body).color]',
        );
        assert.deepEqual({ ran, isStyled: color === 'rgb(1, 2, 3)' }, { ran: acts, isStyled: acts });
      });
    }
  });
}
