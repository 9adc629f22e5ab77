// What an upload asks of the page's server and of S3, by name, and what is done to it.
import { setTimeout as delay } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { leaks } from './relay.mjs';

/** Every part but the last has as many bytes. S3 looks at it when the parts are put together, the emulator does not. */
const MIN_PART = 5 * 2 ** 20;
const TOO_SMALL = { does: 'answer', status: 400, after: 'nothing', body: '<Error><Code>EntityTooSmall</Code></Error>' };

/**
 * A fault of relay.mjs, or `wait`: the page's server answers 4 s late. By default after nothing.
 * @typedef {Partial<import('./relay.mjs').Fault> | { does: 'wait' }} Fault
 */

export class Faults {
  /**
   * Requests, except preflights. Their names are `PUT`, `PUT 3` (part 3), `POST` (create or complete) or `GET` for S3, and
   * `createMultipartUpload`, `signPart 3` and so on for the server.
   * @type {(import('./relay.mjs').Seen & { name: string })[]}
   */
  seen = [];
  /** Asked once for each of them. @type {(name: string, seen?: import('./relay.mjs').Seen) => Fault | undefined} */
  fault = () => undefined;
  /** Sizes of parts, by upload id. @type {Record<string, number[]>} */
  #parts = {};

  reset() {
    this.seen = [];
    this.fault = () => undefined;
  }

  /** Does it to the first requests of that name. @param {string} name @param {Fault} fault @param {number} [times] */
  add(name, fault, times = Infinity) {
    let left = times;
    this.fault = (asked) => (asked === name && left-- > 0 ? fault : undefined);
  }

  /** Names of the requests, sorted. */
  names() {
    return this.seen.map(({ name }) => name).sort();
  }

  /** The requests that say one of these words anywhere. @param {string[]} words */
  telling(words) {
    return leaks(this.seen, words);
  }

  /** What a relay in front of S3 does, which refuses small parts as S3 itself would. @param {import('./relay.mjs').Seen} seen */
  atS3(seen) {
    const { searchParams } = new URL(seen.url, 'http://s3');
    const [number, uploadId] = ['partNumber', 'uploadId'].map((parameter) => searchParams.get(parameter));
    seen.name = [seen.method, number].filter(Boolean).join(' ');
    this.seen.push(seen);
    if (number) (this.#parts[uploadId] ??= [])[number - 1] = Number(seen.headers['content-length']);
    if (seen.method === 'POST' && this.#parts[uploadId]?.slice(0, -1).some((size) => size < MIN_PART)) return TOO_SMALL;
    const fault = ['PUT', 'POST', 'GET'].includes(seen.method) && this.fault(seen.name, seen);
    return fault && { after: 'nothing', ...fault };
  }

  /** Hono's middleware for the routes `/:id/:step` of the page's server. */
  async atServer(c, next) {
    const body = Buffer.from(await c.req.arrayBuffer());
    const { number } = body.length > 0 ? await c.req.json() : {};
    const name = [new URL(c.req.url).pathname.split('/').at(-1), number].filter(Boolean).join(' ');
    this.seen.push({ name, method: c.req.method, url: c.req.url, headers: c.req.header(), body });
    const { does, status, path, after } = this.fault(name) ?? {};
    if (!does) return next();
    if (after === 'all' || does === 'wait') await next();
    if (does === 'wait') return delay(4000);
    if (does === 'stall') await new Promise(() => {});
    if (does === 'cut') c.env.incoming.socket.destroy();
    c.res =
      does === 'cut' ? RESPONSE_ALREADY_SENT : new Response('no', { status, headers: path ? { location: path } : {} });
    return undefined;
  }
}
