// A server that accepts uploads, by presigned PUTs and by tus, and drops them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers': '*',
};

/** A line with this many bytes a second, which all requests share: `pass` waits until these bytes have come through. */
function line(bytesPerSecond) {
  let free = 0;
  return async function pass(length) {
    const now = performance.now();
    free = Math.max(now, free) + (length / bytesPerSecond) * 1000;
    // What is due within a timer's own precision is let through.
    if (free > now + 4) await delay(free - now);
  };
}

/** Counts the bytes of a request, and drops them. */
async function discard(incoming, pass) {
  let length = 0;
  for await (const chunk of incoming) {
    length += chunk.length;
    await pass(chunk.length);
  }
  return length;
}

/**
 * PUT of anything, tus at `/tus`; `/received` returns the bytes that arrived since its last call.
 *
 * @param {number} [bytesPerSecond] what the line to it carries; by default as much as the machine does
 */
export async function startSink(bytesPerSecond = Infinity) {
  let received = 0;
  let uploads = 0;
  const pass = line(bytesPerSecond);
  const answers = {
    OPTIONS: () => [204],
    GET: () => {
      const text = String(received);
      received = 0;
      return [200, {}, text];
    },
    PUT: () => [200, { ETag: '"discarded"' }],
    // The protocol's core and creation extension, as far as an uninterrupted upload needs them (tus.io, 1.0.0).
    POST: () => [201, { Location: `/tus/${++uploads}`, 'Upload-Offset': '0' }],
    PATCH: (headers, length) => [204, { 'Upload-Offset': String(Number(headers['upload-offset']) + length) }],
  };
  const server = createServer(async (incoming, outgoing) => {
    const length = await discard(incoming, pass);
    received += length;
    // tus sends HEAD to continue after a failure, and that time is not measured.
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
