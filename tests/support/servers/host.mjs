// A host for pages that seal 3 MB (tests/consumers/app): it gives them KMS's public key, and opens what they send.
import assert from 'node:assert/strict';
import { cors } from 'hono/cors';
import { printed } from '../../../tools/kms.mjs';
import { startKms } from './kms.mjs';
import { startServer } from './server.mjs';

/**
 * Serves folders and KMS's public key, and opens what comes.
 * @param {Parameters<typeof startServer>[0] & { emulator?: Parameters<typeof startKms>[0], spec?: string }} [options] spec: of the key
 */
export async function startHost({ folders, routes, emulator, spec = 'RSA_2048' } = {}) {
  const kms = await startKms(emulator);
  const key = await kms.createKey({ spec });
  const opener = await kms.openerFor(key);
  let requests = [];
  let arrival;
  const server = await startServer({
    folders,
    connect: [kms.emulator.endpoint],
    routes(app) {
      app.use(cors()); // a framework's server is another origin
      app.use(async (context, next) => {
        requests.push(context.req.path);
        await next();
        context.header('Cache-Control', 'no-store');
      });
      app.get('/kms-public-key.json', (context) => context.json(printed(key)));
      app.post('/failed', async (context) => {
        arrival?.reject(new Error(`in the page: ${await context.req.text()}`));
        return context.body(null, 204);
      });
      app.post('/sealed', async (context) => {
        arrival?.resolve(new Uint8Array(await context.req.arrayBuffer()));
        return context.body(null, 204);
      });
      routes?.(app);
    },
  });
  return {
    origin: server.origin,
    key,
    kms,

    /** A page of another server that sends its envelope here. */
    from: (page) => Object.assign(new URL(page), { search: new URLSearchParams({ host: server.origin }) }).href,

    /** Shows that the page seals where it should. */
    async opens({ driver }, page, from = 'page') {
      requests = [];
      let timer;
      const envelope = new Promise((resolve, reject) => {
        arrival = { resolve, reject };
        timer = setTimeout(
          reject,
          60_000,
          new Error(`the page has sent nothing in 60 s; it asked for ${requests.join(' ')}`),
        );
      });
      envelope.catch(() => {}); // while the page loads
      try {
        await driver.get(new URL(page, server.origin).href);
        const { plaintext } = await opener.open(await envelope, { encryptionContext: { from } });
        const words = `sealed in the ${from}`;
        assert.equal(plaintext.length, words.length + 3_000_000);
        assert.equal(Buffer.from(plaintext.subarray(0, words.length)).toString(), words);
      } finally {
        clearTimeout(timer);
      }
    },

    /** As opens(), and that the page fetches the .wasm once. */
    async seals(browser, page, from) {
      await this.opens(browser, page, from);
      assert.equal(requests.filter((request) => request.endsWith('.wasm')).length, 1, requests.join(' '));
    },

    /** The paths that the page of the last opens() asked for. */
    requests: () => requests,

    async close() {
      await server.close();
      await kms.close();
    },
  };
}
