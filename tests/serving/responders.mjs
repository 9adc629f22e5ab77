// Node's own servers with respond in them, in every protocol, and curl to read them.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { respond } from 'kmseal/node';
import { CONTEXT, FRAME, curl, startEnvelopes } from './serving.mjs';

/** Each protocol: the server, and curl's option for it. ALPN has no HTTP/1.0 that Node would accept. */
export const WAYS = {
  'HTTP/1.0': ['http', '--http1.0'],
  'HTTP/1.1': ['http', '--http1.1'],
  'HTTP/1.0 over TLS': ['https', '--http1.0', '--no-alpn'],
  'HTTP/1.1 over TLS': ['https', '--http1.1'],
  'HTTP/2': ['h2c', '--http2-prior-knowledge'],
  'HTTP/2 over TLS': ['h2', '--http2'],
};

/** Its own key and certificate. */
function certificate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-respond-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=localhost',
  ];
  execFileSync('openssl', args, { stdio: 'ignore' });
  const tls = { key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true };
  rmSync(folder, { recursive: true });
  return tls;
}

export async function startResponders() {
  const setting = await startEnvelopes();
  const { opener } = setting;
  const options = { encryptionContext: CONTEXT };
  const tls = certificate();
  // As an application does it: a response that was not begun is answered with an error.
  const listener = async (request, response) => {
    try {
      await responders.handle(request, response);
      responders.outcomes.push('done');
    } catch (error) {
      responders.outcomes.push(error.code ?? error.name);
      if (!response.headersSent) response.writeHead(502).end();
    }
  };
  const servers = {
    http: http.createServer(listener),
    https: https.createServer(tls, listener),
    h2c: http2.createServer(listener),
    h2: http2.createSecureServer(tls, listener),
  };
  const responders = {
    setting,
    /** What the next requests do. */
    handle: undefined,
    /** The outcome of each respond(). */
    outcomes: [],
    urls: {},

    /** Lets curl read what a handler answers. */
    read([server, ...flags], handler, ...more) {
      responders.outcomes = [];
      responders.handle = handler;
      return curl(responders.urls[server], ...flags, ...more);
    },

    /** A handler that answers with a part of an envelope, or all of it. */
    fromRange: (name, start, end, more) => (request, response) =>
      respond(
        response,
        ({ signal }) => opener.openRange(setting.source(name), { start, end, ...options, signal }),
        more,
      ),

    /** A handler that answers with what a stream opens to. */
    fromStream: (name) => async (request, response) =>
      respond(response, await opener.open(streamOf(setting.envelopes[name]), options)),

    async close() {
      for (const server of Object.values(servers)) {
        server.closeAllConnections?.();
        server.close();
      }
      await setting.close();
    },
  };
  for (const [name, server] of Object.entries(servers)) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    responders.urls[name] =
      `${['https', 'h2'].includes(name) ? 'https' : 'http'}://127.0.0.1:${server.address().port}/`;
  }
  return responders;
}

/** A stream of bytes, piece by piece. */
export function streamOf(bytes, step = FRAME) {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + step));
        at += step;
      },
    },
    { highWaterMark: 0 },
  );
}
