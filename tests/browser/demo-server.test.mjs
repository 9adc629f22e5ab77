// What the demo's server hands out, and what it refuses: other hosts, other pages, other people's envelopes.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { startDemo } from '../../www/server/demo.mjs';
import { listen } from '../../www/server/serve.mjs';
import { openDemo, sha256 } from '../support/servers/demo.mjs';

let demo;
before(async () => {
  demo = await openDemo();
});
after(() => demo?.close());

const contextOf = (id) => ({ purpose: 'kmseal-demo', upload: id });

describe('the server', () => {
  const ask = (...args) => demo.ask(...args);
  const createUpload = () => demo.createUpload('by-hand');
  const open = (id) => ask('POST', `/uploads/${id}/open`);

  async function put(id, bytes, { size = bytes.byteLength, type } = {}) {
    const { url, headers } = (await ask('POST', `/uploads/${id}/signPut`, { body: { size } })).json();
    return fetch(url, { method: 'PUT', body: bytes, headers: { ...headers, ...(type && { 'content-type': type }) } });
  }

  test('the server opens what was uploaded, and reveals only the SHA-256 of the plaintext', async () => {
    const id = await createUpload();
    assert.equal((await put(id, await demo.seal('the secret', contextOf(id)))).status, 200);
    const answer = await open(id);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json(), { sha256: sha256('the secret') });
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  test('the server says what it needs in order to run on AWS', async () => {
    const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    await assert.rejects(
      startDemo({ keyArn: 'alias/uploads', bucket: 'envelopes', ports: [0] }),
      /KMSEAL_KEY_ARN must be the ARN of a key/,
    );
    await assert.rejects(startDemo({ keyArn, ports: [0] }), /KMSEAL_BUCKET must name a bucket in eu-central-1/);
  });

  test('the server listens on the loopback address only', async () => {
    const { server } = await listen([0]);
    assert.equal(server.address().address, '127.0.0.1');
    server.close();
  });

  test('the server sends exactly the strict content security policy', async () => {
    const { protocol, hostname, port } = await demo.s3.config.endpoint();
    for (const { url, formAction } of [
      { url: '/', formAction: 'none' },
      { url: '/arrived', formAction: 'none' },
      { url: '/form', formAction: 'self' },
    ]) {
      const { headers } = await ask('GET', url);
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
          `connect-src 'self' ${protocol}//${hostname}:${port}; img-src 'self' data:; ` +
          `base-uri 'none'; form-action '${formAction}'; frame-ancestors 'none'`,
        url,
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
  });

  test('the server answers to no other host name', async () => {
    const { port } = new URL(demo.origin);
    assert.equal((await ask('GET', '/', { host: `localhost:${port}` })).status, 200);
    for (const host of [`evil.example:${port}`, 'localhost', '127.0.0.1:1', `127.0.0.1.evil.example:${port}`]) {
      const asked = {
        GET: ['/', '/arrived', '/arrivals.json', '/kms-public-key.json'],
        POST: ['/uploads', '/form', '/tus'],
      };
      for (const [method, url] of Object.entries(asked).flatMap(([method, urls]) => urls.map((url) => [method, url]))) {
        const answer = await ask(method, url, { host, origin: `http://${host}` });
        assert.equal(answer.status, 421, `${method} ${url} as ${host}`);
        assert.equal(answer.json().error, 'WRONG_HOST');
      }
    }
  });

  test('the server rejects requests from other pages', async () => {
    const { port } = new URL(demo.origin);
    const id = await createUpload();
    const strangers = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '' },
      { origin: `http://localhost:${port}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    const asked = {
      POST: [
        '/uploads',
        `/uploads/${id}/signPut`,
        `/uploads/${id}/createMultipartUpload`,
        `/uploads/${id}/open`,
        '/form',
        '/tus',
      ],
      PATCH: ['/tus/0123'],
      DELETE: ['/tus/0123'],
      OPTIONS: ['/tus', '/uploads'],
    };
    for (const headers of strangers) {
      for (const [method, url] of Object.entries(asked).flatMap(([method, urls]) => urls.map((url) => [method, url]))) {
        const answer = await ask(method, url, { ...headers, body: { size: 100 } });
        assert.equal(answer.status, 403, `${method} ${url} from ${JSON.stringify(headers)}`);
        assert.equal(answer.json().error, 'WRONG_ORIGIN');
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
  });

  test('the server opens only uploads that it signed in this run', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const envelope = await demo.seal('not yours', contextOf(id));
    for (const Key of [id, `kmseal-demo/${id}`]) {
      await demo.s3.send(new PutObjectCommand({ Bucket: demo.bucket, Key, Body: envelope }));
    }
    const commands = await demo.commandsDuring(async () => {
      for (const name of [id, `kmseal-demo%2F${id}`, `..%2F${id}`]) {
        assert.equal((await open(name)).status, 404, name);
        assert.equal((await ask('POST', `/uploads/${name}/signPut`, { body: { size: 100 } })).status, 404, name);
      }
    });
    assert.deepEqual(commands, []);
  });

  test("the server does not open one upload's envelope in place of another", async () => {
    const [mine, theirs] = [await createUpload(), await createUpload()];
    await put(mine, await demo.seal('theirs', contextOf(theirs)));
    const commands = await demo.commandsDuring(async () => {
      const answer = await open(mine);
      assert.equal(answer.status, 422);
      assert.equal(answer.json().error, 'ERR_CONTEXT');
    });
    assert.deepEqual(commands, ['GetObjectCommand']);
  });

  test('the server says why it could not open an envelope', async () => {
    const id = await createUpload();
    assert.deepEqual(
      { status: (await open(id)).status, error: (await open(id)).json().error },
      { status: 409, error: 'NOT_UPLOADED' },
    );
    const envelope = await demo.seal('tampered with', contextOf(id));
    envelope[envelope.length - 20] ^= 1;
    await put(id, envelope);
    const answer = await open(id);
    assert.equal(answer.status, 422);
    assert.deepEqual(Object.keys(answer.json()), ['error', 'message']);
    assert.equal(answer.json().error, 'ERR_AUTHENTICATION');
  });

  test("the server lists only the bucket's envelopes, newest first", async () => {
    const listed = async (query = '') => (await ask('GET', `/arrivals.json${query}`)).json();
    const before = await listed();
    const [first, second, never] = [await createUpload(), await demo.createUpload('uppy'), await createUpload()];
    const envelope = await demo.seal('listed', contextOf(first));
    await put(first, envelope);
    await put(second, envelope);
    await demo.s3.send(new PutObjectCommand({ Bucket: demo.bucket, Key: `kmseal-demo/${never}`, Body: envelope }));
    const after = await listed();
    assert.deepEqual(after.slice(2), before);
    assert.deepEqual(
      after.slice(0, 2).map(({ id, via, about, size }) => ({ id, via, about, size })),
      [
        { id: second, via: 'Uppy', about: undefined, size: envelope.byteLength },
        { id: first, via: 'By hand', about: undefined, size: envelope.byteLength },
      ],
    );
    assert.deepEqual(
      (await listed('?way=uppy')).map(({ id }) => id),
      [second],
    );
    assert.ok(Math.abs(Date.parse(after[0].arrived) - Date.now()) < 60_000);
  });

  test('the server issues no upload for an unknown way', async () => {
    for (const way of ['', 'toString', 'other', null, undefined]) {
      const answer = await ask('POST', '/uploads', { body: { way } });
      assert.deepEqual(
        { status: answer.status, error: answer.json().error },
        { status: 400, error: 'BAD_WAY' },
        String(way),
      );
    }
  });

  test('the server accepts an id that a page made while offline, and no other text', async () => {
    const id = randomUUID();
    for (const round of [1, 2]) {
      const answer = await ask('POST', '/uploads', { body: { way: 'by-hand', id } });
      assert.deepEqual(
        { status: answer.status, json: answer.json() },
        { status: 201, json: { id } },
        `asked ${round} times`,
      );
    }
    assert.equal((await put(id, await demo.seal('made there', contextOf(id)))).status, 200);
    assert.equal((await open(id)).json().sha256, sha256('made there'));
    for (const other of ['', '1', `${id}/`, '../../etc', id.toUpperCase(), 7, null, { id }]) {
      const answer = await ask('POST', '/uploads', { body: { way: 'by-hand', id: other } });
      assert.deepEqual(
        { status: answer.status, error: answer.json().error },
        { status: 400, error: 'BAD_ID' },
        JSON.stringify(other),
      );
    }
  });

  test('the server refuses an envelope that was altered by one byte on its way from S3', async () => {
    const id = await createUpload();
    const envelope = await demo.seal('one byte', contextOf(id));
    await put(id, envelope);
    for (let at = 0; at < envelope.byteLength; at += 7) {
      const answer = await ask('POST', `/uploads/${id}/open?changedByte=${at}`);
      assert.equal(answer.status, 422, `byte ${at}: ${answer.text}`);
      assert.match(answer.json().error, /^ERR_/, `byte ${at}`);
    }
    for (const at of ['-1', '1.5', 'x', '', '1'.repeat(16)]) {
      const answer = await ask('POST', `/uploads/${id}/open?changedByte=${at}`);
      assert.deepEqual({ status: answer.status, error: answer.json().error }, { status: 400, error: 'BAD_BYTE' }, at);
    }
    assert.equal((await open(id)).json().sha256, sha256('one byte'));
  });

  test('the server returns a range of an envelope exactly as S3 stores it', async () => {
    const id = await createUpload();
    const envelope = await demo.seal('stored', contextOf(id));
    const range = (query, of = id) => fetch(`${demo.origin}/uploads/${of}/stored?${query}`);
    assert.equal((await range('start=0&end=3')).status, 409);
    await put(id, envelope);
    const answer = await range('start=5&end=105');
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.from(envelope.subarray(5, 105)));
    for (const query of ['', 'start=0', 'start=3&end=3', 'start=0&end=4097', 'start=-1&end=2', 'start=0&end=1e3']) {
      assert.equal((await range(query)).status, 400, query);
    }
    assert.equal((await range('start=0&end=3', randomUUID())).status, 404);
  });

  test('the server compresses its answers for clients that accept compression', async () => {
    const get = (url, encoding) => ask('GET', url, { 'accept-encoding': encoding });
    const urls = [
      '/',
      '/styles/style.css',
      '/widgets/step.js',
      '/ways/uppy.js',
      '/kmseal/index.js',
      '/kmseal/kmseal.wasm',
    ];
    for (const url of [...urls, '/kms-public-key.json']) {
      const { headers } = await get(url, 'gzip, deflate, br');
      assert.equal(headers['content-encoding'], 'gzip', url);
      assert.match(headers.vary, /accept-encoding/i, url);
      assert.equal((await get(url, 'identity')).headers['content-encoding'], undefined, url);
      const [small, whole] = await Promise.all(
        ['gzip', 'identity'].map(async (encoding) => {
          const response = await fetch(demo.origin + url, { headers: { 'accept-encoding': encoding } });
          return Buffer.from(await response.arrayBuffer());
        }),
      );
      assert.ok(small.equals(whole), url);
    }
  });

  test('the server signs one size and one type', async () => {
    const id = await createUpload();
    const envelope = await demo.seal('just so', contextOf(id));
    assert.equal((await put(id, envelope, { size: envelope.byteLength + 1 })).status, 403);
    assert.equal((await put(id, envelope, { type: 'text/html' })).status, 403);
    assert.equal((await put(id, envelope)).status, 200);
  });

  test('the server signs no size that is invalid or too large', async () => {
    const id = await createUpload();
    for (const size of [0, -1, 1.5, '100', null, 2 ** 60]) {
      assert.equal((await ask('POST', `/uploads/${id}/signPut`, { body: { size } })).status, 400, String(size));
    }
    const answer = await ask('POST', `/uploads/${id}/signPut`, { body: { size: 2 ** 30 } });
    assert.deepEqual({ status: answer.status, error: answer.json().error }, { status: 413, error: 'TOO_LARGE' });
    assert.match(answer.json().message, /512 MiB/);
  });

  test('the server serves the page and the package, and no other file', async () => {
    assert.equal((await ask('GET', '/kmseal/kmseal.wasm')).headers['content-type'], 'application/wasm');
    const others = [
      '/server/app.mjs',
      '/ways/form.html',
      '/ways/..%2fserver%2fapp.mjs',
      '/pages/picker.html',
      '/package.json',
    ].concat('/..%2fpackage.json', '/pages/..%2fserver%2fapp.mjs', '/kmseal/..%2fpackage.json', '/kmseal/index.d.ts');
    for (const url of others) {
      assert.equal((await ask('GET', url)).status, 404, url);
    }
  });
});
