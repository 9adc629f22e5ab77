import { HTTPException } from 'hono/http-exception';

/**
 * An answer that says no: the same two fields as every error of this server.
 *
 * @param {import('hono/utils/http-status').ContentfulStatusCode} status
 * @param {string} error a stable code
 * @param {string} message a sentence for the reader
 */
export function refusal(status, error, message) {
  return new HTTPException(status, { res: Response.json({ error, message }, { status }) });
}

/** Of an upload that this server does not know, or no longer. */
export const unknownUpload = () => refusal(404, 'UNKNOWN_UPLOAD', 'This server has handed out no such upload since it was started.');

/**
 * Lets in only what the demo's own page sends.
 *
 * Loopback alone is no protection: any site the reader visits can send requests to 127.0.0.1, and a DNS name of its own
 * that resolves to 127.0.0.1 (DNS rebinding) makes them same-origin. The Host check stops the second, the Origin check the first.
 *
 * @param {string[]} origins the addresses under which this server is reached, such as `http://127.0.0.1:8080`
 * @returns {import('hono').MiddlewareHandler}
 */
export function guard(origins) {
  const byHost = new Map(origins.map((origin) => [new URL(origin).host, origin]));
  return async (c, next) => {
    const ownOrigin = byHost.get(c.req.header('host') ?? '');
    if (ownOrigin === undefined) {
      throw refusal(421, 'WRONG_HOST', `This server answers only at ${origins.join(' and ')}.`);
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      const site = c.req.header('sec-fetch-site') ?? 'same-origin';
      if (c.req.header('origin') !== ownOrigin || site !== 'same-origin') {
        throw refusal(403, 'WRONG_ORIGIN', 'Only the page of this server may ask for this.');
      }
    }
    await next();
  };
}
