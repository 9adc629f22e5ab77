// A server that takes PUTs as S3 does, and what tests of uploads to it share.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, beforeEach } from 'node:test';
import { KmsPublicKey, Sealer } from 'kmseal';
import { startKms } from '../support/servers/kms.mjs';

/** The server with a KMS, a key of it and a sealer, for the tests of a file. */
export async function testUploads() {
  const kms = await startKms();
  after(() => kms.close());
  const key = await KmsPublicKey.import(await kms.createKey());
  const store = await startStore();
  after(() => store.close());
  beforeEach(() => store.forget());
  return { kms, key, sealer: new Sealer({ keys: [key] }), store };
}

/**
 * Keeps the bodies in `arrived`, and answers with the next of `statuses`, 200 by default. `forget()` empties both. `callbacks` are those of a page's
 * server, which answer at once.
 */
export async function startStore() {
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the upload was aborted
    }
    store.arrived.push(Buffer.concat(chunks));
    response.writeHead(store.statuses.shift() ?? 200, { etag: '"0123"' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  const store = {
    origin,
    callbacks: {
      createMultipartUpload: async () => ({}),
      signPart: async ({ number }) => ({ url: `${origin}/object?partNumber=${number}` }),
      completeMultipartUpload: async () => ({}),
      abortMultipartUpload: async () => ({}),
      signPut: async () => ({ url: `${origin}/object` }),
    },
    arrived: [],
    statuses: [],
    forget() {
      store.arrived = [];
      store.statuses = [];
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return store;
}
