// docs/receive.md, "The body of a request": its blocks in the servers that it names, and behind nginx, with the requests that fetch makes.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KmsPublicKey, Sealer } from 'kmseal';
import { blocksOf, fill, moduleOf, write } from '../docs/blocks.mjs';
import { sample } from '../support/page/bytes.mjs';
import { startNginx } from './nginx.mjs';
import { startSnippets } from './snippets.mjs';

const encryptionContext = { purpose: 'identity-paper', user: '4711' };
const MAX_SIZE = 3_000_000;
const uploadDir = mkdtempSync(path.join(tmpdir(), 'kmseal-receiving-'));
const blocks = blocksOf('docs/receive.md').filter(({ heading }) => heading === 'The body of a request');

let keyId;
let envelopes;
let receiveBody;
let snippets;
before(async () => {
  const key = await keyOf('arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab');
  const other = await keyOf('arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab');
  const seal = (to, size) => new Sealer({ keys: [to] }).seal(sample(size), { encryptionContext });
  keyId = key.keyId;
  envelopes = {
    small: await seal(key, 1000),
    good: await seal(key, 2_000_000),
    other: await seal(other, 1000),
    large: await seal(key, MAX_SIZE),
  };
  const [{ code: check }] = blocksOf('docs/receive.md').filter(({ code }) => code.startsWith('// check-envelope.js'));
  write('check-envelope.js', check);
  const [{ code }] = blocks.filter((block) => block.code.startsWith('// receive-body.js'));
  ({ receiveBody } = await import(pathToFileURL(write('receive-body.js', code)).href));
  snippets = await startSnippets();
});
after(() => {
  snippets?.close();
  rmSync(uploadDir, { recursive: true });
});

async function keyOf(keyId) {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return KmsPublicKey.import(publicKey.export({ type: 'spki', format: 'pem' }), { keyId });
}

/** The status that a server answers, which all of these servers send in a way of their own. */
const received = (incoming) =>
  receiveBody(incoming, { uploadDir, keyId, encryptionContext, maxSize: MAX_SIZE }).then(
    () => 204,
    ({ status }) => status ?? 500,
  );

const load = async (name) => (await snippets.load(`export { default as made } from '${name}';`)).made;

/** @param {string} name @param {(app: any) => unknown} route */
const express = async (name, route) => {
  const all = await load(name);
  const app = all();
  app.set('env', 'test'); // it logs no errors then
  app.use(all.json());
  await route(app);
  return http.createServer(app);
};

/** The route of the page, for one user. */
async function routed(app) {
  app.use((request, response, next) => {
    request.user = { id: encryptionContext.user };
    next();
  });
  const [{ code }] = blocks.filter((block) => block.code.includes('app.post('));
  const given = { app, uploadDir, keyId, keep: async (kept) => keptBy.push(kept) };
  const source = moduleOf(fill(code, { '100_000_000': `${MAX_SIZE}` }), { given: Object.keys(given) });
  await (await import(pathToFileURL(write('express-route.mjs', source)).href)).example(given);
}
/** What the route has kept. */
const keptBy = [];

/** @type {Record<string, () => Promise<http.Server>>} */
const SERVERS = {
  "Node's own server": async () =>
    http.createServer(async (request, response) => response.writeHead(await received(request)).end()),
  'Express 5': () => express('express', routed),
  'Express 4': () =>
    express('express4', (app) =>
      app.post('/uploads', async (request, response) => response.status(await received(request)).end()),
    ),
  async 'Koa 3'() {
    const app = new (await load('koa'))();
    app.use(async (context) => {
      context.status = await received(context.req);
    });
    return http.createServer(app.callback());
  },
  async 'Fastify 5'() {
    const app = (await load('fastify'))();
    const [{ code }] = blocks.filter((block) => block.code.includes('addContentTypeParser'));
    const { example } = await import(
      pathToFileURL(write('fastify-parser.mjs', moduleOf(code, { given: ['app'] }))).href
    );
    await example({ app });
    app.post('/uploads', async (request, reply) => reply.code(await received(request.raw)).send());
    await app.ready();
    return app.server;
  },
};

/** Runs `use` with the server's port. */
async function serving(server, use) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(server.address().port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const post = async (port, body, options) => {
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await fetch(`http://127.0.0.1:${port}/uploads`, { method: 'POST', headers, body, ...options });
  return answer.status;
};
/** A Blob, as a sealer gives it, of which a browser tells the length. */
const blob = (bytes) => new Blob([bytes]);
const stored = () => readdirSync(uploadDir).map((name) => path.join(uploadDir, name));

for (const [name, make] of Object.entries(SERVERS)) {
  test(`${name} keeps the envelope that a request's body is, and leaves no file of any other body`, async () => {
    await serving(await make(), async (port) => {
      assert.equal(await post(port, blob(envelopes.good)), 204);
      const [file, ...more] = stored();
      if (name === 'Express 5')
        assert.deepEqual(keptBy, [{ user: encryptionContext.user, filepath: file, encryptionContext }]);
      assert.ok(Buffer.from(envelopes.good).equals(readFileSync(file)));
      assert.deepEqual(more, []);
      rmSync(file);
      assert.equal(await post(port, blob('in the clear')), 400);
      assert.equal(await post(port, blob(envelopes.other)), 422);
      assert.equal(await post(port, blob(envelopes.large)), 413);
      const stream = { duplex: 'half' };
      assert.equal(await post(port, blob(envelopes.small).stream(), stream), 413, 'a body whose length nobody tells');
      assert.deepEqual(stored(), []);
    });
  });
}

test('formidable reads a form in Fastify, with the line of docs/receive.md for multipart/form-data', async () => {
  const [{ code }] = blocksOf('docs/receive.md').filter((block) => block.code.startsWith('// receive-files.js'));
  const { receiveFiles } = await import(pathToFileURL(write('receive-files.js', code)).href);
  const app = (await load('fastify'))();
  const [{ code: line }] = blocks.filter((block) => block.code.includes('addContentTypeParser'));
  const forForms = moduleOf(fill(line, { 'application/octet-stream': 'multipart/form-data' }), { given: ['app'] });
  await (await import(pathToFileURL(write('fastify-forms.mjs', forForms)).href)).example({ app });
  app.post('/uploads', async (request) => receiveFiles(request.raw, { uploadDir, keyId, encryptionContext }));
  await app.ready();
  await serving(app.server, async (port) => {
    const form = new FormData();
    form.append('doc', blob(envelopes.good), 'file-1.kmseal');
    const answer = await fetch(`http://127.0.0.1:${port}/uploads`, { method: 'POST', body: form });
    const [{ envelope }] = await answer.json();
    assert.equal(answer.status, 200);
    assert.deepEqual(stored(), [envelope]);
    assert.ok(Buffer.from(envelopes.good).equals(readFileSync(envelope)));
    rmSync(envelope);
  });
});

test('Express 5 makes a Request of each step of an upload, with the code of docs/uploads.md', async () => {
  const [{ code }] = blocksOf('docs/uploads.md').filter(({ heading }) => heading === 'In Express 5');
  const made = moduleOf(code, { given: ['app', 'express', 'handle'] });
  const { example } = await import(pathToFileURL(write('express-uploads.mjs', made)).href);
  const express = await load('express');
  const app = express();
  app.use((request, _response, next) => next(void (request.user = { id: '4711' })));
  const handle = async (request, user) => {
    const { pathname } = new URL(request.url);
    const asked = await request.json();
    return Response.json({ pathname, type: request.headers.get('content-type'), asked, user }, { status: 201 });
  };
  await example({ app, express, handle });
  await serving(http.createServer(app), async (port) => {
    // As many parts as S3 has.
    const parts = Array.from({ length: 10_000 }, (_, index) => ({
      PartNumber: index + 1,
      ETag: `"${'0'.repeat(32)}"`,
      ChecksumSHA256: `${'A'.repeat(43)}=`,
    }));
    const type = 'application/json';
    for (const [pathname, asked] of [
      ['/uploads', {}],
      ['/uploads/7/completeMultipartUpload', { size: 1, parts }],
    ]) {
      const init = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(asked) };
      const answer = await fetch(`http://127.0.0.1:${port}${pathname}`, init);
      assert.equal(answer.status, 201);
      assert.deepEqual(await answer.json(), { pathname, type, asked, user: '4711' });
    }
    const form = await fetch(`http://127.0.0.1:${port}/uploads`, { method: 'POST', body: new URLSearchParams('a=b') });
    const { asked, type: given } = await form.json();
    assert.deepEqual({ asked, given }, { asked: null, given: 'application/x-www-form-urlencoded;charset=UTF-8' });
  });
});

test('a request that breaks off leaves no file', async () => {
  let outcome;
  const server = http.createServer((request) => {
    outcome = received(request);
    request.once('data', () => client.destroy());
  });
  let client;
  await serving(server, async (port) => {
    const headers = { 'content-length': envelopes.good.length };
    client = http.request({ port, host: '127.0.0.1', method: 'POST', headers });
    client.on('error', () => {});
    client.write(envelopes.good.subarray(0, 100_000));
    await once(server, 'request');
    assert.equal(await outcome, 500);
    assert.deepEqual(stored(), []);
  });
});

test('nginx refuses an envelope of more than 1 MiB by default, as docs/receive.md says', async () => {
  await serving(await SERVERS["Node's own server"](), async (port) => {
    const nginx = await startNginx(port);
    try {
      for (const origin of [nginx.byDefault, nginx.http11]) {
        const { port: front } = new URL(origin);
        assert.equal(await post(front, blob(envelopes.small)), 204);
        assert.equal(await post(front, blob(envelopes.good)), 413);
        for (const file of stored()) assert.deepEqual(new Uint8Array(readFileSync(file)), envelopes.small);
      }
      assert.equal(stored().length, 2, 'nothing came of the refused ones');
    } finally {
      await nginx.stop();
    }
  });
  assert.match(readFileSync(new URL('../../docs/receive.md', import.meta.url), 'utf8'), /client_max_body_size/);
});
