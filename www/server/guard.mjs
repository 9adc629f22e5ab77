import { HTTPException } from 'hono/http-exception';

/**
 * A refusal, with the same two fields as every error of this server.
 *
 * @param {import('hono/utils/http-status').ContentfulStatusCode} status
 * @param {string} error a stable code
 * @param {string} message a sentence for the reader
 */
export function refusal(status, error, message) {
  return new HTTPException(status, { res: Response.json({ error, message }, { status }) });
}

/** For an upload that this server does not know, or no longer. */
export const unknownUpload = () =>
  refusal(404, 'UNKNOWN_UPLOAD', 'This server has handed out no such upload since it was started.');

/** For a second envelope of one upload. */
export const otherUpload = () => refusal(409, 'OTHER_UPLOAD', 'Another envelope is on its way to this object.');

/** For an upload whose envelope has not arrived. */
export const notUploaded = () =>
  refusal(409, 'NOT_UPLOADED', 'There is no envelope under this upload yet. Upload it first.');

/**
 * Requires a body of JSON: a page of another site can send that type only if the server allows it (CORS), and this one does not.
 *
 * @type {import('hono').MiddlewareHandler}
 */
export async function jsonOnly(c, next) {
  if (c.req.method === 'POST' && !/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? '')) {
    throw refusal(415, 'NOT_JSON', 'Send JSON, and say so: content-type: application/json.');
  }
  await next();
}

/** The body, which must be an object. @param {import('hono').Context} c @returns {Promise<Record<string, unknown>>} */
export async function jsonObject(c) {
  const body = await c.req.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw refusal(400, 'BAD_JSON', 'Send a JSON object.');
  return body;
}

/**
 * Accepts only requests of the demo's own page.
 *
 * Loopback alone does not protect: any site the reader visits can send requests to 127.0.0.1, and a DNS name of its own
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
