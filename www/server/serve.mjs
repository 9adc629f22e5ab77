import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createApp } from './app.mjs';

/** @typedef {ReturnType<typeof getRequestListener>} Listener */

/**
 * Binds a port of 127.0.0.1, never another interface: the server holds the right to call KMS Decrypt. Requests wait until `answerBy` is called.
 *
 * @param {number[]} ports tried in turn; 0 takes any that is free
 */
export async function listen([port, ...others]) {
  /** @type {(listener: Listener) => void} */
  let answerBy;
  const ready = /** @type {Promise<Listener>} */ (new Promise((resolve) => (answerBy = resolve)));
  const server = createServer(async (incoming, outgoing) => (await ready)(incoming, outgoing));
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    if (error.code !== 'EADDRINUSE' || others.length === 0) throw error;
    return listen(others);
  }
  const { port: bound } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { server, answerBy, origins: [`http://127.0.0.1:${bound}`, `http://localhost:${bound}`] };
}

/**
 * Serves the demo on a listening server.
 *
 * @param {Awaited<ReturnType<typeof listen>>} listening
 * @param {Omit<Parameters<typeof createApp>[0], 'origins'>} options
 */
export async function serveDemo({ server, answerBy, origins }, options) {
  const app = await createApp({ ...options, origins });
  answerBy(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  return {
    origin: origins[0],
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await app.close();
    },
  };
}
