// The server half of examples/open-in-page: what it answers, logs, limits, and refuses. tests/browser/open-in-page.test.mjs has its page.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, mock, test } from 'node:test';
import { Opener } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startUnlocking } from '../support/servers/unlocking.mjs';

const PLAINTEXT = sample(500_000);
const ANNA = { cookie: 'session=anna' };

let half;
before(async () => {
  half = await startUnlocking();
});
after(() => half?.close());

/** The first log entry that `work` causes. */
async function loggedBy(work) {
  const at = half.logged.length;
  const response = await work();
  return { response, entry: half.logged[at] };
}

test('an answer opens the object, and no cache, guess or other site gets it', async () => {
  const id = await half.put(PLAINTEXT, { name: 'a.pdf', type: 'application/pdf' });
  const { response, entry } = await loggedBy(() => half.unlock(id, ANNA));
  const headers = ['cache-control', 'content-type', 'x-content-type-options', 'cross-origin-resource-policy'];
  assert.deepEqual(
    headers.map((name) => response.headers.get(name)),
    ['no-store', 'application/json', 'nosniff', 'same-origin'],
  );
  const { unlocked, url, size, description } = await response.json();
  const read = async (start, end) => {
    const part = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } });
    return part.arrayBuffer();
  };
  const { plaintext, messageId } = await new Opener({ unlocked }).openRange({ size, read });
  assert.ok(Buffer.from(PLAINTEXT).equals(Buffer.from(await new Response(plaintext).arrayBuffer())));
  const own = new Opener({ unlocked: description.unlocked });
  const { name, type } = await own.describe(description.sealed, { messageId });
  assert.deepEqual({ name, type }, { name: 'a.pdf', type: 'application/pdf' });

  const { at, ...told } = entry;
  assert.ok(!Number.isNaN(Date.parse(at)));
  assert.deepEqual(
    { ...told, context: { ...told.context } },
    {
      user: 'anna',
      id,
      keyId: half.key.keyId,
      context: { purpose: 'upload', upload: id, tenant: 'a' },
      status: 200,
    },
  );
  for (const secret of [unlocked.contentKey, description.unlocked.contentKey, 'X-Amz-Signature'])
    assert.ok(!JSON.stringify(half.logged).includes(secret));
});

test("a description beside the object is unlocked, too, and another file's is not taken for it", async () => {
  const [id, other] = [await half.put(PLAINTEXT), await half.put(PLAINTEXT, { name: 'other', type: '' })];
  const beside = async () => (await (await half.unlock(id, ANNA)).json()).description;
  assert.equal(await beside(), undefined);
  const sealed = await half.seal(Buffer.from('{}'), id);
  await half.store(`${id}.description`, sealed);
  assert.equal((await beside()).sealed, Buffer.from(sealed).toString('base64url'));
  const { description } = await (await half.unlock(other, ANNA)).json();
  for (const wrong of [Buffer.from(description.sealed, 'base64url'), Buffer.alloc(0)]) {
    await half.store(`${id}.description`, wrong);
    assert.equal((await half.unlock(id, ANNA)).status, 422);
  }
});

test('what a page sends is not unlocked: the header comes from the bucket alone', async () => {
  const id = await half.put(PLAINTEXT);
  const [{ unlocked }, others] = [await (await half.unlock(id, ANNA)).json(), await half.seal(PLAINTEXT, 'other', 'b')];
  const response = await half.unlock(id, ANNA, others);
  assert.deepEqual((await response.json()).unlocked, unlocked);
});

test('a user over the limit gets a 429 before KMS is asked, and other users are not affected', async () => {
  const limited = await startUnlocking({ limit: { requests: 3, seconds: 3600 } });
  try {
    const id = await limited.put(PLAINTEXT);
    const calls = limited.kms.calls.length;
    const statuses = [];
    for (let time = 0; time < 5; time++) statuses.push((await limited.unlock(time < 2 ? id : 'unknown', ANNA)).status);
    assert.deepEqual(statuses, [200, 200, 404, 429, 429]);
    const response = await limited.unlock(id, ANNA);
    const wait = Number(response.headers.get('retry-after'));
    assert.ok(response.status === 429 && wait > 0 && wait <= 3600, `${response.status} ${wait}`);
    assert.equal((await limited.unlock(id, { cookie: 'session=otto' })).status, 200);
    assert.equal(limited.kms.calls.length, calls + 1, 'one call for both, who have one cached key');
    assert.deepEqual(
      limited.logged.map(({ user, status }) => `${user} ${status}`),
      ['anna 200', 'anna 200', 'anna 404', 'anna 429', 'anna 429', 'anna 429', 'otto 200'],
    );
  } finally {
    await limited.close();
  }
});

test('another method, another path and another site are refused before anybody is asked', async () => {
  const id = await half.put(PLAINTEXT);
  const ask = (method, path, headers) =>
    new Promise((resolve, reject) => {
      const asked = request(half.origin + path, { method, headers: { ...ANNA, ...headers } }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      asked.once('error', reject).end();
    });
  const calls = half.kms.calls.length;
  assert.equal(await ask('GET', `/unlock/${id}`), 405);
  assert.equal(await ask('POST', `/unlock/${id}/`), 404);
  assert.equal(await ask('POST', '/unlock/..%2F'), 404);
  assert.equal(await ask('POST', `/unlock/${id}`, { 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(half.kms.calls.length, calls);
  assert.equal(await ask('POST', `/unlock/${id}`, { 'sec-fetch-site': 'same-origin' }), 200);
});

test('a maySee that looks in a database is waited for, and nothing but true lets a user see a file', async () => {
  let says;
  const slow = await startUnlocking({ maySee: async () => says });
  try {
    const id = await slow.put(PLAINTEXT);
    for (const [verdict, status] of [
      [false, 404],
      [undefined, 404],
      [null, 404],
      [{ allowed: false }, 404],
      ['no', 404],
      [true, 200],
    ]) {
      says = verdict;
      assert.equal((await slow.unlock(id, ANNA)).status, status, `${verdict}`);
    }
  } finally {
    await slow.close();
  }
});

test('what is not an envelope is 422, what is missing 404, a find without context 500, and an outage 502', async () => {
  await half.store('plain', Buffer.from('a file in the clear, which somebody stored there'));
  const { response, entry } = await loggedBy(() => half.unlock('plain', ANNA));
  assert.deepEqual(
    { status: response.status, body: await response.json() },
    { status: 422, body: { error: 'ERR_ENVELOPE_INVALID' } },
  );
  assert.match(entry.error, /^ERR_ENVELOPE_INVALID: /);
  await half.store('empty', Buffer.alloc(0));
  const empty = await half.unlock('empty', ANNA);
  assert.deepEqual(
    { status: empty.status, body: await empty.json() },
    { status: 422, body: { error: 'ERR_TRUNCATED' } },
  );
  assert.equal((await half.unlock('missing', ANNA)).status, 404);
  const id = await half.put(PLAINTEXT);
  half.relay.fault = () => ({ does: 'answer', status: 400, body: '' });
  assert.equal((await half.unlock(id, ANNA)).status, 502);
  half.relay.reset();
  const careless = await startUnlocking({ find: async (key) => ({ key, encryptionContext: {} }) });
  try {
    const careful = await careless.put(PLAINTEXT);
    assert.equal((await careless.unlock(careful, ANNA)).status, 500);
  } finally {
    await careless.close();
  }
});

test('by default an entry of the log is one line of JSON', async () => {
  const lines = mock.method(console, 'log', () => {});
  const own = await startUnlocking({ log: undefined });
  try {
    await own.unlock(await own.put(PLAINTEXT), ANNA);
    const [
      {
        arguments: [line],
      },
    ] = lines.mock.calls;
    assert.equal(JSON.parse(line).user, 'anna');
    assert.doesNotMatch(line, /\n/);
  } finally {
    lines.mock.restore();
    await own.close();
  }
});
