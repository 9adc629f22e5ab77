// What every server must do with a good, an altered and a cut envelope, a KMS that refuses, and a reader who goes away.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { PLAINTEXT, curl, leave, looksWhole } from './serving.mjs';

/** curl's option for each protocol. */
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

      test(`a good envelope comes complete over ${protocol} with its length, and cannot act in the page's origin`, async () => {
        const answer = await ask('good');
        assert.deepEqual(
          { failed: answer.failed, status: answer.status, contentLength: answer.headers['content-length'] },
          { failed: false, status: 200, contentLength: `${PLAINTEXT.length}` },
        );
        assert.ok(answer.body.equals(PLAINTEXT));
        for (const header of [
          'x-content-type-options',
          'content-security-policy',
          'cross-origin-resource-policy',
          'cache-control',
          'vary',
        ]) {
          assert.equal(answer.headers[header], given().headers[header]);
        }
        assert.match(answer.headers['content-disposition'], /^attachment/);
      });

      test(`an altered envelope does not look complete over ${protocol}`, async () => {
        const answer = await ask('altered');
        assert.ok(!looksWhole(answer), `${answer.exit} ${answer.status}`);
      });

      test(`a cut envelope and a refusing KMS are answered over ${protocol} with an error`, async () => {
        for (const id of ['cut', 'refused']) {
          const { failed, status, headers: told } = await ask(id);
          assert.deepEqual(
            { failed, isServerError: status >= 500, contentDisposition: told['content-disposition'] },
            { failed: false, isServerError: true, contentDisposition: undefined },
            id,
          );
        }
      });

      test(`the source is released when the reader leaves over ${protocol}`, async () => {
        const fate = given().setting.fateOf('long');
        await leave(`${origin}/long`, protocol);
        assert.equal(await fate, 'cancelled');
      });
    }

    test('the server still answers after all that', async () => {
      for (const flag of Object.values(protocols)) assert.equal((await curl(`${origin}/good`, flag)).status, 200);
    });
  });
}
