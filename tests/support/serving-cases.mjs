// What every way of serving must do with a good, an altered and a cut envelope, a KMS that refuses, and a reader who goes away.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { PLAINTEXT, curl, leave, looksWhole } from './serving.mjs';

/** How curl is told to speak each protocol. */
export const HTTP1 = { 'HTTP/1.0': '--http1.0', 'HTTP/1.1': '--http1.1' };
export const HTTP2 = { 'HTTP/2': '--http2-prior-knowledge' };

/**
 * @param {string} name
 * @param {Record<string, string>} protocols HTTP1, HTTP2
 * @param {() => Promise<import('node:http').Server>} make a server that answers /NAME with the envelope of that name
 * @param {() => { setting: Awaited<ReturnType<typeof import('./serving.mjs').startEnvelopes>>, headers: Record<string, string> }} given
 *   headers: those that keep an upload from acting in the page's origin
 */
export function serves(name, protocols, make, given) {
  describe(name, () => {
    let server;
    let origin;
    before(async () => {
      server = await make();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      origin = `http://127.0.0.1:${server.address().port}`;
    });
    after(() => {
      server?.closeAllConnections?.();
      server?.close();
    });

    for (const [protocol, flag] of Object.entries(protocols)) {
      // A client that may compress, as browsers do.
      const ask = (id) => curl(`${origin}/${id}`, flag, '--header', 'accept-encoding: gzip');

      test(`${protocol}: a good envelope comes whole, with its length, and cannot act in the page's origin`, async () => {
        const answer = await ask('good');
        assert.deepEqual([answer.failed, answer.status, answer.headers['content-length']], [false, 200, `${PLAINTEXT.length}`]);
        assert.ok(answer.body.equals(PLAINTEXT));
        for (const header of ['x-content-type-options', 'content-security-policy', 'cross-origin-resource-policy', 'cache-control']) {
          assert.equal(answer.headers[header], given().headers[header]);
        }
        assert.match(answer.headers['content-disposition'], /^attachment/);
      });

      test(`${protocol}: an altered envelope does not look whole`, async () => {
        const answer = await ask('altered');
        assert.ok(!looksWhole(answer), `${answer.exit} ${answer.status}`);
      });

      test(`${protocol}: a cut envelope, and a KMS that refuses, are answered with an error`, async () => {
        for (const id of ['cut', 'refused']) {
          const { failed, status, headers: told } = await ask(id);
          assert.deepEqual([failed, status >= 500, told['content-disposition']], [false, true, undefined], id);
        }
      });

      test(`${protocol}: when the reader goes away the source is let go`, async () => {
        const fate = given().setting.fateOf('long');
        await leave(`${origin}/long`, protocol);
        assert.equal(await fate, 'cancelled');
      });
    }

    test('it still answers after all that', async () => {
      for (const flag of Object.values(protocols)) assert.equal((await curl(`${origin}/good`, flag)).status, 200);
    });
  });
}
