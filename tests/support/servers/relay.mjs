// A proxy between a page and the server that it uploads to: it keeps every request, and does to one what a test wants.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';

/**
 * @typedef {{ method: string, url: string, headers: import('node:http').IncomingHttpHeaders, body: Buffer, chunks?: Buffer[] }} Seen chunks:
 *   the body in pieces
 * @typedef {object} Fault
 * @property {'cut' | 'stall' | 'answer' | 'hold'} does cut: the connection ends; stall: nothing is read or answered any more; answer: with
 *   that status, body and headers, the rest of the request being read for nothing; hold: as a scanner does, all is taken, and handed on
 *   only `until` then
 * @property {Promise<void>} [until]
 * @property {number} [status]
 * @property {string} [body]
 * @property {Record<string, string>} [headers]
 * @property {'nothing' | 'half' | 'all'} after how much of the body the server has got by then; after `all` the request has done its work
 */

/** @param {string} target an origin */
export async function startRelay(target) {
  const relay = {
    /** @type {Seen[]} requests, except preflights */
    seen: [],
    /** Asked once for each of them. @type {(request: Seen) => Fault | undefined} */
    fault: () => undefined,
    reset() {
      relay.seen = [];
      relay.fault = () => undefined;
    },
  };
  // It never closes an idle connection, of which a client may make use at that moment.
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    pass(relay, new URL(incoming.url, target), incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(relay, {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
}

async function pass(relay, url, incoming, outgoing) {
  const { method, headers } = incoming;
  const chunks = [];
  const seen = {
    method,
    url: incoming.url,
    headers,
    chunks,
    get body() {
      // Put together once, however often a test looks.
      if (chunks.length > 1) chunks.splice(0, chunks.length, Buffer.concat(chunks));
      return chunks[0] ?? Buffer.alloc(0);
    },
  };
  if (method !== 'OPTIONS') relay.seen.push(seen);
  const { does, status, body, after, until, headers: more } = (method !== 'OPTIONS' && relay.fault(seen)) || {};
  const stops = Boolean(does) && after !== 'all';
  let room = stops ? Math.floor(after === 'half' ? Number(headers['content-length'] ?? 0) / 2 : 0) : Infinity;

  // The Host header stays, since it may be signed, whatever name of this machine the relay was asked under. Each request has a connection of
  // its own: one that the server closes while it is used again would be a fault that no test asked for.
  const host = `127.0.0.1:${incoming.socket.localPort}`;
  const asked = stops && room === 0 ? undefined : ask(url, { method, headers: { ...headers, host }, agent: false });
  let stopped = false;
  asked?.on('error', () => stopped || incoming.socket.destroy());
  incoming.on('close', () => incoming.complete || asked?.destroy());
  const answer = asked && once(asked, 'response');
  // A server may answer before it has read all, and then read no more: browsers send a request again by themselves, whose first
  // try had arrived.
  let answered = false;
  let unread = false;
  answer?.then(
    () => {
      answered = true;
    },
    () => {},
  );
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    if (room > 0 && answered) unread = true;
    else if (room > 0 && !asked.write(chunk.subarray(0, room))) await Promise.race([once(asked, 'drain'), answer]);
    room -= chunk.length;
    if (room <= 0 && does !== 'answer') break;
  }
  if (does === 'hold') await until;
  if (stops) {
    stopped = true;
    asked?.destroy();
  } else {
    asked.end();
    const [response] = await answer;
    if (unread) response.on('end', () => asked.destroy());
    if (!does || does === 'hold') return void response.pipe(outgoing.writeHead(response.statusCode, response.headers));
    await response.resume().toArray();
  }
  if (does === 'cut') incoming.socket.destroy();
  if (does === 'stall') incoming.pause();
  if (does === 'answer')
    outgoing
      .writeHead(status, { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*', ...more })
      .end(body);
}

/**
 * Where requests reveal secrets: in a URL, headers or body, plainly, URL-encoded or in base64.
 * @param {Seen[]} seen @param {string[]} secrets
 */
export function leaks(seen, secrets) {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]);
  // All at once, and chunk by chunk: to look for each by itself in a copy of all took a fifth of the time of tests that upload megabytes.
  const literals = forms.map((form) => Buffer.from(form).toString('latin1'));
  const pattern = new RegExp(literals.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));
  const longest = Math.max(...literals.map((form) => form.length));
  const tells = (chunks) => {
    // The end of what came before: a secret may lie on both sides of a seam.
    let end = '';
    return chunks.some((chunk) => {
      const text = end + chunk.toString('latin1');
      end = text.slice(-longest);
      return pattern.test(text);
    });
  };
  return seen.flatMap((request) => {
    const { method, url, headers } = request;
    const places = {
      url: [Buffer.from(url)],
      headers: [Buffer.from(JSON.stringify(headers))],
      body: request.chunks ?? [request.body],
    };
    const found = Object.keys(places).filter((place) => tells(places[place]));
    return found.map((place) => `${method} ${place}`);
  });
}
