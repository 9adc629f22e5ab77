// What can go wrong with a request, done to it: by a proxy in front of S3, and by the page's own server.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';

/**
 * @typedef {{ name: string, url: string, headers: import('node:http').IncomingHttpHeaders, body: Buffer }} Seen a request; its name
 *   is `PUT` or `PUT 3` (part 3) for S3, and `create`, `part 3` and so on for the page's server
 * @typedef {{ does: 'cut' | 'stall' | 'answer', status?: number, after?: 'nothing' | 'half' | 'all' }} Fault cut: the connection ends;
 *   stall: nothing is read or answered any more; answer: with that status. After `all` the request has done its work.
 */

/** Requests as they came, and which fault is done to which: `fault(name)` is asked once for each. */
export class Faults {
  /** @type {Seen[]} */
  seen = [];
  /** @type {(name: string) => Fault | undefined} */
  fault = () => undefined;

  reset() {
    this.seen = [];
    this.fault = () => undefined;
  }
}

/** What S3 says beside the status. */
const CODES = { 403: 'AccessDenied', 500: 'InternalError', 503: 'SlowDown' };

/**
 * A proxy in front of S3 that does nothing to requests but what `faults` wants.
 * @param {string} target an origin @param {Faults} faults
 */
export async function startProxy(target, faults) {
  const server = createServer(async (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const { searchParams } = new URL(url, target);
    const name = [method, searchParams.get('partNumber')].filter(Boolean).join(' ');
    // A preflight says nothing and does nothing; faults are for what follows.
    const { does, status, after = 'nothing' } = (method === 'PUT' && faults.fault(name)) || {};
    const body = [];
    let length = 0;
    const stops = does && after !== 'all' ? Number(headers['content-length']) * (after === 'half' ? 0.5 : 0) : Infinity;
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      body.push(chunk);
      length += chunk.length;
      if (length >= stops) break;
    }
    faults.seen.push({ name, url, headers, body: Buffer.concat(body) });
    const forwarded = stops === Infinity ? await forward(target, incoming, Buffer.concat(body)) : undefined;
    if (does === 'cut') return incoming.socket.destroy();
    if (does === 'stall') return incoming.pause();
    if (does === 'answer') {
      incoming.resume();
      // As S3 does, the CORS headers come with errors, too.
      outgoing.writeHead(status, { 'access-control-allow-origin': headers.origin ?? '*', 'content-type': 'application/xml' });
      return outgoing.end(`<?xml version="1.0"?><Error><Code>${CODES[status]}</Code><Message>no</Message></Error>`);
    }
    outgoing.writeHead(forwarded.status, forwarded.headers);
    return outgoing.end(forwarded.body);
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

/** The Host header stays: it is signed. */
async function forward(target, { method, url, headers }, body) {
  const asked = ask(new URL(url, target), { method, headers });
  asked.end(body);
  const [response] = await once(asked, 'response');
  const chunks = await response.toArray();
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

/** The same for the routes `/:id/:step` of the page's server, for Hono's use(). @param {Faults} faults */
export const faulty = (faults) => async (c, next) => {
  const body = await c.req.text();
  const { number } = JSON.parse(body || '{}');
  const name = [new URL(c.req.url).pathname.split('/').at(-1), number].filter(Boolean).join(' ');
  faults.seen.push({ name, url: c.req.url, headers: c.req.header(), body: Buffer.from(body) });
  const { does, status, after } = faults.fault(name) ?? {};
  if (!does) return next();
  if (after === 'all') await next();
  if (does === 'stall') await new Promise(() => {});
  if (does === 'cut') c.env.incoming.socket.destroy();
  c.res = does === 'cut' ? RESPONSE_ALREADY_SENT : new Response('no', { status });
  return undefined;
};
