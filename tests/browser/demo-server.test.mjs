// What the demo's server hands out, and what it refuses: other hosts, other pages, other people's envelopes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { startDemo } from '../../www/server/demo.mjs';
import { listen } from '../../www/server/serve.mjs';
import { openDemo, sha256 } from '../support/demo.mjs';

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
    const { url, headers } = (await ask('POST', `/uploads/${id}/put`, { body: { size } })).json();
    return fetch(url, { method: 'PUT', body: bytes, headers: { ...headers, ...(type && { 'content-type': type }) } });
  }

  test('opens what was uploaded, and tells nothing but the SHA-256 of what is inside', async () => {
    const id = await createUpload();
    assert.equal((await put(id, await demo.seal('the secret', contextOf(id)))).status, 200);
    const answer = await open(id);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json(), { sha256: sha256('the secret') });
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  test('says what it needs to run on AWS', async () => {
    const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    await assert.rejects(startDemo({ keyArn: 'alias/uploads', bucket: 'envelopes', ports: [0] }), /KMSEAL_KEY_ARN must be the ARN of a key/);
    await assert.rejects(startDemo({ keyArn, ports: [0] }), /KMSEAL_BUCKET must name a bucket in eu-central-1/);
  });

  test('binds loopback only', async () => {
    const { server } = await listen([0]);
    assert.equal(server.address().address, '127.0.0.1');
    server.close();
  });

  test('sends the strict policy, exactly', async () => {
    const { protocol, hostname, port } = await demo.s3.config.endpoint();
    for (const [url, formAction] of [['/', 'none'], ['/arrived', 'none'], ['/form', 'self']]) {
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

  test('answers to no other name', async () => {
    const { port } = new URL(demo.origin);
    assert.equal((await ask('GET', '/', { host: `localhost:${port}` })).status, 200);
    for (const host of [`evil.example:${port}`, 'localhost', '127.0.0.1:1', `127.0.0.1.evil.example:${port}`]) {
      const asked = { GET: ['/', '/arrived', '/arrivals.json', '/kms-public-key.json'], POST: ['/uploads', '/form', '/tus'] };
      for (const [method, url] of Object.entries(asked).flatMap(([method, urls]) => urls.map((url) => [method, url]))) {
        const answer = await ask(method, url, { host, origin: `http://${host}` });
        assert.equal(answer.status, 421, `${method} ${url} as ${host}`);
        assert.equal(answer.json().error, 'WRONG_HOST');
      }
    }
  });

  test('takes requests from no other page', async () => {
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
      POST: ['/uploads', `/uploads/${id}/put`, `/uploads/${id}/create`, `/uploads/${id}/open`, '/form', '/tus'],
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

  test('opens nothing that it did not sign in this run', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const envelope = await demo.seal('not yours', contextOf(id));
    for (const Key of [id, `kmseal-demo/${id}`]) {
      await demo.s3.send(new PutObjectCommand({ Bucket: demo.bucket, Key, Body: envelope }));
    }
    const commands = await demo.commandsDuring(async () => {
      for (const name of [id, `kmseal-demo%2F${id}`, `..%2F${id}`]) {
        assert.equal((await open(name)).status, 404, name);
        assert.equal((await ask('POST', `/uploads/${name}/put`, { body: { size: 100 } })).status, 404, name);
      }
    });
    assert.deepEqual(commands, []);
  });

  test('opens no envelope in the place of another', async () => {
    const [mine, theirs] = [await createUpload(), await createUpload()];
    await put(mine, await demo.seal('theirs', contextOf(theirs)));
    const commands = await demo.commandsDuring(async () => {
      const answer = await open(mine);
      assert.equal(answer.status, 422);
      assert.equal(answer.json().error, 'ERR_CONTEXT');
    });
    assert.deepEqual(commands, ['GetObjectCommand']);
  });

  test('says why it could not open', async () => {
    const id = await createUpload();
    assert.deepEqual([(await open(id)).status, (await open(id)).json().error], [409, 'NOT_UPLOADED']);
    const envelope = await demo.seal('tampered with', contextOf(id));
    envelope[envelope.length - 20] ^= 1;
    await put(id, envelope);
    const answer = await open(id);
    assert.equal(answer.status, 422);
    assert.deepEqual(Object.keys(answer.json()), ['error', 'message']);
    assert.equal(answer.json().error, 'ERR_AUTHENTICATION');
  });

  test('lists what is in the bucket, the newest first, and nothing else', async () => {
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
      after.slice(0, 2).map(({ id, via, holds, size }) => ({ id, via, holds, size })),
      [
        { id: second, via: 'Uppy', holds: 'file', size: envelope.byteLength },
        { id: first, via: 'By hand', holds: 'file', size: envelope.byteLength },
      ],
    );
    assert.deepEqual((await listed('?way=uppy')).map(({ id }) => id), [second]);
    assert.ok(Math.abs(Date.parse(after[0].arrived) - Date.now()) < 60_000);
  });

  test('hands out no upload for a way that it does not know', async () => {
    for (const way of ['', 'toString', 'other', null, undefined]) {
      const answer = await ask('POST', '/uploads', { body: { way } });
      assert.deepEqual([answer.status, answer.json().error], [400, 'BAD_WAY'], String(way));
    }
  });

  test('signs one size and one type', async () => {
    const id = await createUpload();
    const envelope = await demo.seal('just so', contextOf(id));
    assert.equal((await put(id, envelope, { size: envelope.byteLength + 1 })).status, 403);
    assert.equal((await put(id, envelope, { type: 'text/html' })).status, 403);
    assert.equal((await put(id, envelope)).status, 200);
  });

  test('signs no size that is none, or too much', async () => {
    const id = await createUpload();
    for (const size of [0, -1, 1.5, '100', null, 2 ** 60]) {
      assert.equal((await ask('POST', `/uploads/${id}/put`, { body: { size } })).status, 400, String(size));
    }
    const answer = await ask('POST', `/uploads/${id}/put`, { body: { size: 2 ** 30 } });
    assert.deepEqual([answer.status, answer.json().error], [413, 'TOO_LARGE']);
    assert.match(answer.json().message, /512 MiB/);
  });

  test('serves the page and the package, and no file beside them', async () => {
    assert.equal((await ask('GET', '/kmseal/kmseal.wasm')).headers['content-type'], 'application/wasm');
    const others = ['/server/app.mjs', '/ways/form.html', '/ways/..%2fapi.js', '/picker.html', '/package.json']
      .concat('/..%2fpackage.json', '/kmseal/..%2fpackage.json', '/kmseal/index.d.ts');
    for (const url of others) {
      assert.equal((await ask('GET', url)).status, 404, url);
    }
  });
});
