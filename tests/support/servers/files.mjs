// A plain file server, such as any static host is: it knows endings, and nothing about policies.
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

const TYPES = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/**
 * Serves a folder under a path, and remembers what was asked for.
 *
 * @param {string} folder
 * @param {string} prefix such as `/a/path/`
 */
export async function serveFiles(folder, prefix) {
  /** @type {string[]} */
  const asked = [];
  const server = createServer({ keepAliveTimeout: 0 }, async ({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    const { pathname } = new URL(url, 'http://127.0.0.1');
    const file = path.join(folder, decodeURIComponent(pathname.slice(prefix.length)));
    const found =
      pathname.startsWith(prefix) && file.startsWith(folder) && (await stat(file).catch(() => undefined))?.isFile();
    if (!found) return response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
      .end(await readFile(file));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    address: origin + prefix,
    origin,
    asked,
    /** While `work` runs, nothing reaches it. @param {() => Promise<void>} work */
    async away(work) {
      const { port } = server.address();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      try {
        await work();
      } finally {
        await once(server.listen(port, '127.0.0.1'), 'listening');
      }
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
