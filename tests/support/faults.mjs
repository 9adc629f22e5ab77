// What can go wrong with a request, done to it: by a proxy in front of S3, and by the page's own server.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';

/**
 * @typedef {{ name: string, url: string, headers: import('node:http').IncomingHttpHeaders, body: Buffer }} Seen a request; its name
 *   is `PUT` or `PUT 3` (part 3) for S3, and `create`, `part 3` and so on for the page's server
 * @typedef {{ does: 'cut' | 'stall' | 'answer' | 'wait', status?: number, after?: 'nothing' | 'half' | 'all' }} Fault cut: the
 *   connection ends; stall: nothing is read or answered any more; answer: with that status; wait: the page's server answers
 *   4 s late. After `all` the request has done its work, after `half` S3 has got half of it.
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

  /** Does it to the first requests of that name. @param {string} name @param {Fault} fault @param {number} [times] */
  add(name, fault, times = Infinity) {
    let left = times;
    this.fault = (asked) => (asked === name && left-- > 0 ? fault : undefined);
  }

  /** Names of the requests, in order of their names. */
  names() {
    return this.seen.map(({ name }) => name).filter((name) => !name.startsWith('OPTIONS')).sort();
  }

  /** The requests that say one of these words anywhere. @param {string[]} words */
  telling(words) {
    const texts = ({ url, headers, body }) => [Buffer.from(decodeURIComponent(url)), Buffer.from(JSON.stringify(headers)), body];
    return this.seen.filter((request) => texts(request).some((text) => words.some((word) => text.includes(word)))).map(({ name }) => name);
  }
}

/** What S3 says beside the status. */
const CODES = { 400: 'EntityTooSmall', 403: 'AccessDenied', 500: 'InternalError', 503: 'SlowDown' };

/** Every part but the last has as many bytes. S3 looks at it when the parts are put together, the emulator does not. */
const MIN_PART = 5 * 2 ** 20;

/**
 * A proxy in front of S3 that does nothing to requests but what `faults` wants, and refuses parts that are too small.
 * @param {string} target an origin @param {Faults} faults
 */
export async function startProxy(target, faults) {
  /** Sizes by upload id, then number. */
  const parts = {};
  const tooSmall = (uploadId) => Object.values(parts[uploadId] ?? {}).slice(0, -1).some((size) => size < MIN_PART);
  const answer = async (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const { searchParams } = new URL(url, target);
    const [number, uploadId] = ['partNumber', 'uploadId'].map((parameter) => searchParams.get(parameter));
    const name = [method, number].filter(Boolean).join(' ');
    // A preflight says nothing and does nothing; faults are for what follows.
    let { does, status, after = 'nothing' } = (method === 'PUT' && faults.fault(name)) || {};
    if (method === 'POST' && tooSmall(uploadId)) [does, status] = ['answer', 400];
    const stops = does && after !== 'all' ? Number(headers['content-length']) * (after === 'half' ? 0.5 : 0) : Infinity;
    const body = await bodyOf(incoming, stops);
    faults.seen.push({ name, url, headers, body });
    if (method === 'PUT' && number) (parts[uploadId] ??= {})[number] = body.length;
    const forwarded = stops === Infinity ? await forward(target, incoming, body) : undefined;
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
  };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error) => {
      // The page may leave at any time.
      if (!incoming.destroyed) throw error;
    });
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

/** The body, or as much of it as there is after so many bytes. */
async function bodyOf(incoming, stops) {
  const chunks = [];
  let length = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= stops) break;
  }
  return Buffer.concat(chunks);
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
  if (after === 'all' || does === 'wait') await next();
  if (does === 'wait') return delay(4000);
  if (does === 'stall') await new Promise(() => {});
  if (does === 'cut') c.env.incoming.socket.destroy();
  c.res = does === 'cut' ? RESPONSE_ALREADY_SENT : new Response('no', { status });
  return undefined;
};
