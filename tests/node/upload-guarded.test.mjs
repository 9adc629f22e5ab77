// Uploads outside a browser that must not run wild, block each other, tell secrets or do without the check that was asked for.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { uploadSealed } from 'kmseal/s3';
import { testUploads } from './store.mjs';

const SECRET = 'X-Amz-Signature=0123456789abcdef';

const { sealer, store } = await testUploads();
const { origin } = store;

/** Uploads in a single PUT. */
function upload(signPut, options, file = new Blob(['secret'])) {
  const unused = () => assert.fail('an upload in parts');
  const server = {
    createMultipartUpload: unused,
    signPart: unused,
    completeMultipartUpload: unused,
    abortMultipartUpload: unused,
    signPut,
  };
  return uploadSealed(file, { sealer, retries: 0, server, ...options });
}

/** Lets all that needs no timer and no network come to its end. */
const turns = async () => {
  for (let count = 0; count < 200; count++) await turn();
};

for (const status of [401, 403]) {
  test(`a resume that says yes to everything pauses between two requests that are answered with ${status}`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(Math, 'random', () => 1000); // makes pauses longer than any machine is slow
    let [asked, resumed] = [0, 0];
    const signPut = async () => {
      asked++;
      throw Object.assign(new Error('refused'), { status });
    };
    const failed = assert.rejects(upload(signPut, { resume: () => ++resumed < 4 }), { code: 'ERR_UPLOAD', status });
    for (let failures = 1; failures < 4; failures++) {
      while (resumed < failures) await turn();
      await turns();
      assert.deepEqual({ asked, resumed }, { asked: failures, resumed: failures });
      t.mock.timers.tick(20_000_000);
    }
    await failed;
  });
}

test('files whose reads never settle hold no connection that another upload could use', async () => {
  const controller = new AbortController();
  const stuck = Array.from({ length: 8 }, () => {
    const file = new Blob(['never read']);
    const read = new Promise((resolve) => {
      file.stream = () => new ReadableStream({ pull: () => (resolve(), new Promise(() => {})) }, { highWaterMark: 0 });
    });
    const uploading = upload(() => assert.fail('signed'), { signal: controller.signal }, file);
    return { read, uploading: assert.rejects(uploading, { name: 'AbortError' }) };
  });
  await Promise.all(stuck.map(({ read }) => read));
  const { size } = await upload(async () => ({ url: `${origin}/object` }));
  assert.deepEqual(
    store.arrived.map(({ length }) => length),
    [size],
  );
  controller.abort();
  await Promise.all(stuck.map(({ uploading }) => uploading));
});

const SIGNED = {
  'in a header': (checksum) => ({ url: `${origin}/object`, headers: { 'X-Amz-Checksum-Sha256': checksum } }),
  'in Headers': (checksum) => ({
    url: `${origin}/object`,
    headers: new Headers({ 'x-amz-checksum-sha256': checksum }),
  }),
  'in the query': (checksum) => ({ url: `${origin}/object?x-amz-checksum-sha256=${encodeURIComponent(checksum)}` }),
};
for (const [where, sign] of Object.entries(SIGNED)) {
  test(`a single PUT with checksumAlgorithm has its checksum signed ${where}`, async () => {
    let checksum;
    await upload(async ({ checksumSHA256 }) => sign((checksum = checksumSHA256)), { checksumAlgorithm: 'SHA256' });
    assert.deepEqual(
      store.arrived.map((bytes) => createHash('sha256').update(bytes).digest('base64')),
      [checksum],
    );
  });
}

for (const [what, sign] of Object.entries({
  'is not signed': () => SIGNED['in a header'](''),
  'is that of other bytes': () => SIGNED['in the query']('AAAA'),
})) {
  test(`a single PUT with checksumAlgorithm whose checksum ${what} is not sent`, async () => {
    const message =
      'server.signPut must sign the header x-amz-checksum-sha256 with the checksumSHA256 that it is given, since checksumAlgorithm is set';
    await assert.rejects(
      upload(async () => sign(), { checksumAlgorithm: 'SHA256' }),
      { name: 'TypeError', message },
    );
    assert.deepEqual(store.arrived, []);
  });
}

const TELLING = {
  'nobody answers at': () => ({ url: `http://127.0.0.1:1/object?${SECRET}` }),
  'has a password': () => ({ url: `http://user:password@127.0.0.1:1/object?${SECRET}` }),
  'is not a URL': () => ({ url: `http://127.0.0.1:port/object?${SECRET}` }),
  'comes with a header that cannot be sent': () => ({
    url: `${origin}/object`,
    headers: { 'x-token': `a\n${SECRET}` },
  }),
  'is in an answer that is not JSON': () => new Response(`${SECRET.slice(-10)} ${SECRET}`),
};
for (const [what, sign] of Object.entries(TELLING)) {
  test(`a presigned URL that ${what} stands neither in the error nor in its causes`, async () => {
    const retries = [];
    const error = await upload(async () => sign(), { retries: 1, onRetry: (retry) => retries.push(retry) }).catch(
      (error) => error,
    );
    assert.equal(error.code, 'ERR_UPLOAD');
    const told = inspect([error, retries], { depth: Infinity, showHidden: true });
    for (const secret of [SECRET, SECRET.slice(-10), 'password']) assert.ok(!told.includes(secret), told);
  });
}
