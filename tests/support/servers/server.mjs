// The pages of the browser tests, served on loopback as the package's users must serve theirs.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/** The scripts that tests run in the pages have it (browser.mjs), and no others. */
export const NONCE = 'of-a-test';

const scripts = new Map();

/** Lets every server of this process serve a module once, and returns its URL's path: the policy allows no other way in. */
export function publish(source) {
  const name = `${randomUUID()}.js`;
  scripts.set(name, source);
  return `/scripts/${name}`;
}

/**
 * `/dist/` is the built package, `/pages/` the tests' pages.
 * @param {{ folders?: Record<string, string>, routes?: (app: Hono) => void, connect?: string[] }} [options] folders: further URL
 *   prefixes and the folders that they show, such as `{ '/corpus/': '/tmp/x' }`; routes: adds other handlers,
 *   with their own policy if needed; connect: further origins that the pages may send requests to
 */
export async function startServer({ folders = {}, routes, connect = [] } = {}) {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    const policy = context.res.headers.get('Content-Security-Policy') ?? [CSP, ...connect].join(' ');
    // A nonce would end what 'unsafe-inline' allows.
    const allowed = policy.includes("'unsafe-inline'") ? policy : policy.replace('script-src', `$& 'nonce-${NONCE}'`);
    context.header('Content-Security-Policy', allowed);
    // A port comes back within a run. A page that the browser has kept has the policy of the server before.
    if (context.res.headers.get('Content-Type')?.startsWith('text/html')) context.header('Cache-Control', 'no-cache');
  });
  app.get('/scripts/:name', (context) => {
    const name = context.req.param('name');
    const source = scripts.get(name);
    scripts.delete(name);
    return source === undefined ? context.notFound() : context.body(source, 200, { 'Content-Type': 'text/javascript' });
  });
  routes?.(app);
  const shown = { '/dist/': path.join(ROOT, 'dist'), '/pages/': path.join(ROOT, 'tests/browser/pages'), ...folders };
  for (const [prefix, root] of Object.entries(shown)) {
    app.get(`${prefix}*`, serveStatic({ root, rewriteRequestPath: (url) => url.slice(prefix.length - 1) }));
  }
  const server = /** @type {import('node:http').Server} */ (
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0, serverOptions: { keepAliveTimeout: 0 } })
  );
  if (!server.listening) await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
