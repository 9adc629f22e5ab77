// A server that takes uploads, by presigned PUTs and by tus, and throws them away.
import { once } from 'node:events';
import { createServer } from 'node:http';

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers': '*',
};

/** Bytes of a request, none of which is kept. */
async function discard(incoming) {
  let length = 0;
  incoming.on('data', (chunk) => {
    length += chunk.length;
  });
  await once(incoming, 'end');
  return length;
}

/** PUT of anything, tus at `/tus`; `/received` tells the bytes that came since it was asked last. */
export async function startSink() {
  let received = 0;
  const answers = {
    OPTIONS: () => [204],
    GET: () => {
      const text = String(received);
      received = 0;
      return [200, {}, text];
    },
    PUT: () => [200, { ETag: '"discarded"' }],
    // The protocol's core and its creation, as far as an upload needs them that is not interrupted (tus.io, 1.0.0).
    POST: () => [201, { Location: '/tus/1', 'Upload-Offset': '0' }],
    PATCH: (headers, length) => [204, { 'Upload-Offset': String(Number(headers['upload-offset']) + length) }],
  };
  const server = createServer(async (incoming, outgoing) => {
    const length = await discard(incoming);
    received += length;
    // HEAD is how tus goes on after a failure, whose time is not what is measured.
    const answer = answers[incoming.method] ?? (() => [405]);
    const [status, headers = {}, body] = answer(incoming.headers, length);
    outgoing.writeHead(status, { ...CORS, 'Tus-Resumable': '1.0.0', ...headers }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
