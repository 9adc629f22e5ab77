// Files in Node at their true size: openFile in every call, and Blobs that report a wrong size.
import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { mkdtemp, open, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { openFile } from 'kmseal/node';
import { collect, readAll, sample } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

const PLAIN = Buffer.from(sample(9_000_000));
const GIB = 2 ** 30;

let kms;
let sealer;
let opener;
let folder;
let plain;
let sealed;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: [key] });
  opener = new Opener({ keyIds: [key.keyId], decrypt: remembering(kms.decrypt), idleTimeout: 60_000 });
  folder = await mkdtemp(path.join(tmpdir(), 'kmseal-sizes-'));
  [plain, sealed] = ['plain', 'sealed'].map((name) => path.join(folder, name));
  await writeFile(plain, PLAIN);
  await writeFile(sealed, await sealer.seal(PLAIN));
});
after(async () => {
  await rm(folder ?? '', { recursive: true, force: true });
  await kms?.close();
});

const opened = async (envelope) => Buffer.from((await opener.open(await collect(envelope))).plaintext);
const stillOpen = async () => {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder));
};

test('an opened file works in every call, and is closed', async () => {
  const [file, envelope] = [await openFile(plain), await openFile(sealed)];
  assert.equal(file.size, PLAIN.length);
  const stream = await sealer.seal(file);
  const bytes = await collect(stream);
  assert.equal(bytes.length, sealer.sealedSize(file.size));
  assert.ok(PLAIN.equals(await opened(bytes)));
  const prepared = await sealer.prepare(file);
  assert.equal(prepared.size, bytes.length);
  const pieces = await Promise.all([prepared.slice(5_000_000), prepared.slice(0, 5_000_000)]);
  assert.ok(PLAIN.equals(await opened(new Blob([pieces[1], pieces[0]]))));
  assert.ok(PLAIN.equals(await opened(prepared.stream())));
  prepared.close();
  assert.ok(PLAIN.equals(Buffer.from(await collect((await opener.open(envelope)).plaintext))));
  const range = await opener.openRange(envelope, { start: -1000 });
  assert.deepEqual(Buffer.from(await collect(range.plaintext)), PLAIN.subarray(-1000));
  assert.ok(PLAIN.equals(await opened(await reseal(envelope, { opener, sealer }))));
  assert.equal((await inspect(envelope)).plaintextSize, PLAIN.length);
  await Promise.all([file.close(), envelope.close()]);
  assert.deepEqual(await stillOpen(), []);
});

test('a file that changes while it is sealed, opened or prepared is reported', async () => {
  const name = path.join(folder, 'changing');
  await writeFile(name, PLAIN);
  const file = await openFile(name);
  const prepared = await sealer.prepare(file);
  const stream = await sealer.seal(file);
  const reader = stream.getReader();
  await reader.read();
  await writeFile(name, PLAIN); // the same bytes, to the same length
  const rest = async () => {
    while (!(await reader.read()).done);
  };
  await assert.rejects(rest(), { code: 'ERR_SOURCE_CHANGED' });
  await assert.rejects(prepared.slice(0, 1_000_000), { code: 'ERR_SOURCE_CHANGED' });
  await file.close();
  await writeFile(name, await sealer.seal(PLAIN));
  const envelope = await openFile(name);
  await writeFile(name, 'x', { flag: 'a' });
  await assert.rejects(opener.open(envelope), { code: 'ERR_SOURCE_CHANGED' });
  await assert.rejects(opener.openRange(envelope, { end: 1 }), { code: 'ERR_SOURCE_CHANGED' });
  await envelope.close();
});

describe('a file of 4 GiB and some bytes', () => {
  const MORE = 100_000;
  let big;
  let bigSealed;
  before(async () => {
    // Sparse: the unwritten part is zeros and takes no space.
    big = path.join(folder, 'big');
    const handle = await open(big, 'w');
    await handle.truncate(4 * GIB + MORE);
    await handle.close();
    // Its first bytes are a complete envelope, so that what follows is cut off, and not found to be altered.
    bigSealed = path.join(folder, 'big-sealed');
    const envelope = await open(bigSealed, 'w');
    await envelope.write((await sealer.seal(Buffer.alloc(1_000_000))).subarray(0, MORE));
    await envelope.truncate(4 * GIB + MORE);
    await envelope.close();
  });

  test('a Blob whose size Node reports modulo 2^32 makes the seal fail instead of being short', async (context) => {
    const blob = await openAsBlob(big);
    if (blob.size > MORE) return context.diagnostic(`Node ${process.version} tells it right`);
    const told = { code: 'ERR_READ', message: /reports 100000 bytes but has more.*openFile of kmseal\/node/ };
    await assert.rejects(sealer.seal(blob), told);
    const prepared = await sealer.prepare(blob);
    await assert.rejects(prepared.slice(0, 1000), told);
    await assert.rejects(readAll(prepared.stream()), told);
    prepared.close();
  });

  test('an envelope of such a Blob is not called cut off', async () => {
    const blob = await openAsBlob(bigSealed);
    if (blob.size > MORE) return;
    const told = { code: 'ERR_READ', message: /has more.*openFile of kmseal\/node/ };
    await assert.rejects(opener.open(blob), told);
    await assert.rejects(opener.openRange(blob, { end: 1 }), told);
  });

  test('openFile reports the size correctly, and a part beyond 4 GiB is sealed', async () => {
    const file = await openFile(big);
    assert.equal(file.size, 4 * GIB + MORE);
    const prepared = await sealer.prepare(file);
    assert.equal(prepared.size, sealer.sealedSize(4 * GIB + MORE));
    assert.equal((await prepared.slice(-1000)).size, 1000);
    prepared.close();
    await file.close();
  });
});

test('a Blob with the correct size is sealed whole and in slices, whatever it is made of', async () => {
  for (const blob of [
    await openAsBlob(plain),
    new Blob([PLAIN]),
    new Blob([await openAsBlob(plain)]),
    new File([PLAIN], 'name'),
  ]) {
    assert.ok(PLAIN.equals(await opened(await sealer.seal(blob))));
    const prepared = await sealer.prepare(blob);
    assert.ok(PLAIN.equals(await opened(new Blob([await prepared.slice(0, 7), await prepared.slice(7)]))));
    assert.ok(PLAIN.equals(await opened(prepared.stream())));
    prepared.close();
  }
  assert.equal((await opened(await sealer.seal(new Blob([])))).length, 0);
});

test('one buffer for two concurrent reads fails', async () => {
  const { buffer } = new Uint8Array(2 ** 20);
  // Fills the buffer when it answers: the later answer overwrites the earlier one, which may not have been read yet.
  const waiting = [];
  const read = (start, end) =>
    new Promise((resolve) => {
      waiting.push(() => resolve(new Uint8Array(buffer, 0, end - start).fill(start / 2 ** 20 + 1)));
      if (waiting.length === 2) for (const answer of waiting.splice(0)) answer();
    });
  const prepared = await sealer.prepare({ size: 2 * 2 ** 20, read });
  const sizes = [
    [0, 300_000],
    [prepared.size - 300_000, prepared.size],
  ];
  const outcomes = await Promise.allSettled(sizes.map(([start, end]) => prepared.slice(start, end)));
  const failures = outcomes
    .filter(({ status }) => status === 'rejected')
    .map(({ reason }) => [reason.code, reason.cause.message]);
  assert.ok(failures.length > 0, "a slice of the other one's bytes passes for good");
  for (const failure of failures)
    assert.deepEqual(failure, ['ERR_READ', 'read gave the same memory to two calls that ran at once']);
});
