// A server that takes PUTs as S3 does.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Keeps the bodies in `arrived`, and answers with the next of `statuses`, 200 by default. `forget()` empties both. */
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
  const store = {
    origin: `http://127.0.0.1:${server.address().port}`,
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
