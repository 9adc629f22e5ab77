// How much is read of streams and files of Node's at a time, and that what was read is neither copied nor kept without need.
import assert from 'node:assert/strict';
import { close, createReadStream, open, read } from 'node:fs';
import { mkdtemp, open as openHandle, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { openFile } from 'kmseal/node';
import { collect, sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PLAIN = Buffer.from(sample(3_000_000));
const CHUNK = 40_000;

let kms;
let sealer;
let opener;
let folder;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: [key] });
  opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt });
  folder = await mkdtemp(path.join(tmpdir(), 'kmseal-node-reads-'));
});
after(async () => {
  await rm(folder ?? '', { recursive: true, force: true });
  await kms?.close();
});

test('a file of 3 MB is read in few reads, whatever its stream reads by itself', async () => {
  const file = path.join(folder, 'plain');
  await writeFile(file, PLAIN);
  const reads = [];
  const counting = { open, close, read: (...call) => (reads.push(call[3]), read(...call)) };
  const sealed = await sealer.seal(createReadStream(file, { fs: counting, highWaterMark: 16 * 1024 }));
  const { plaintext } = await opener.open(await collect(sealed));
  assert.deepEqual(Buffer.from(plaintext), PLAIN);
  // The first read was already in progress; the last one finds the end.
  assert.ok(reads.length <= 6, `${reads.length} reads`);
});

test('a stream of objects does not run ahead by as many objects as bytes are asked for', async () => {
  let given = 0;
  const chunks = (function* () {
    for (let at = 0; at < PLAIN.length; at += CHUNK) {
      given++;
      yield PLAIN.subarray(at, at + CHUNK);
    }
  })();
  const reader = (await sealer.seal(Readable.from(chunks))).getReader();
  await reader.read();
  assert.ok(given < PLAIN.length / CHUNK, `${given} chunks were taken for the first bytes of the envelope`);
  await reader.cancel();
});

/** The arrays into which files are read while `work` runs. */
async function readInto(name, work) {
  const handle = await openHandle(name);
  const prototype = Object.getPrototypeOf(handle);
  const { read: original } = prototype;
  await handle.close();
  const arrays = [];
  prototype.read = function noted(array, ...rest) {
    arrays.push(array);
    return original.call(this, array, ...rest);
  };
  try {
    await work();
  } finally {
    prototype.read = original;
  }
  return arrays.filter(({ length }) => length !== 1); // openFile's look behind the end
}

describe('files of openFile', () => {
  const LONG = Buffer.from(sample(20_000_000));
  let plain;
  let sealed;
  before(async () => {
    [plain, sealed] = ['long', 'long.kmseal'].map((name) => path.join(folder, name));
    await writeFile(plain, LONG);
    await writeFile(sealed, await sealer.seal(LONG));
  });

  test('what a file gave is freed once it is sealed or opened, before any garbage collection', async () => {
    const arrays = await readInto(plain, async () => {
      const file = await openFile(plain);
      const { plaintext } = await opener.open(await collect(await sealer.seal(file)));
      assert.ok(LONG.equals(plaintext));
      await file.close();
      const envelope = await openFile(sealed);
      const opened = await opener.open(envelope);
      assert.ok(LONG.equals(await collect(opened.plaintext)));
      await envelope.close();
    });
    assert.ok(arrays.length >= 6, `${arrays.length} reads`);
    assert.deepEqual(
      arrays.map(({ byteLength }) => byteLength),
      arrays.map(() => 0),
    );
  });

  test('what a replaced read gave is left as it was', async () => {
    const file = await openFile(sealed);
    const kept = [];
    const { read } = Object.getPrototypeOf(file);
    file.read = async (...range) => {
      const bytes = await read.apply(file, range);
      kept.push(bytes);
      return bytes;
    };
    const { plaintext } = await opener.open(file);
    assert.ok(LONG.equals(await collect(plaintext)));
    await file.close();
    assert.ok((await readFile(sealed)).equals(Buffer.concat(kept)));
  });
});

test('no frame of a stream is copied once more before it is opened', async (context) => {
  const sealed = Buffer.from(await sealer.seal(PLAIN));
  const { decrypt } = crypto.subtle;
  let frames = 0;
  let copies = 0;
  context.mock.method(crypto.subtle, 'decrypt', function noted(...call) {
    const [, , data] = call;
    // The first calls try SubtleCrypto with short ones.
    if (data.length > 100_000) {
      frames++;
      // A copy fills its memory, except for the frame's head.
      if (data.buffer.byteLength < data.length + 1000) copies++;
    }
    return decrypt.apply(crypto.subtle, call);
  });
  const chunks = Array.from({ length: Math.ceil(sealed.length / CHUNK) }, (_, index) =>
    sealed.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
  const { plaintext } = await opener.open(Readable.from(chunks));
  assert.ok(PLAIN.equals(await collect(plaintext)));
  assert.equal(frames, 12);
  // Where the first buffer ends, before the frames' length was known.
  assert.ok(copies <= 1, `${copies} frames were copied`);
});
