// Streams of Node and of similar packages: a stream that was touched before is refused, one that is touched later loses nothing to
// others, and one that fails, stalls or is aborted ends properly.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect } from 'kmseal';
import { inputTools } from '../../tools/npm.mjs';
import { collect, readAll, sample } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

const PLAIN = Buffer.from(sample(3_000_000));
const CUT = 40_000;

let kms;
let sealer;
let opener;
let folder;
let file;
let tools;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: [key] });
  opener = new Opener({ keyIds: [key.keyId], decrypt: remembering(kms.decrypt) });
  folder = await mkdtemp(path.join(tmpdir(), 'kmseal-node-streams-'));
  file = path.join(folder, 'plain');
  await writeFile(file, PLAIN);
  tools = createRequire(path.join(await inputTools(), 'package.json'));
});
after(async () => {
  await rm(folder ?? '', { recursive: true, force: true });
  await kms?.close();
});

const opened = async (sealed) => Buffer.from((await opener.open(await collect(sealed))).plaintext);
const chunksOf = function* (bytes) {
  for (let at = 0; at < bytes.length; at += CUT) yield bytes.subarray(at, at + CUT);
};

/** Streams of these bytes that nothing has touched. */

const STREAMS = {
  'a file': () => createReadStream(file),
  'Readable.from': () => Readable.from(chunksOf(PLAIN)),
  'Readable.fromWeb': () => Readable.fromWeb(new Blob([PLAIN]).stream()),
  'a PassThrough': () => createReadStream(file).pipe(new PassThrough()),
  'a paused one': () => createReadStream(file).pause(),
  'readable-stream 4': () => tools('readable-stream').Readable.from(chunksOf(PLAIN)),
  'readable-stream 3': () => tools('readable-stream-3').Readable.from(chunksOf(PLAIN)),
  minipass() {
    const stream = new (tools('minipass').Minipass)();
    for (const chunk of chunksOf(PLAIN)) stream.write(chunk);
    return stream.end();
  },
  streamx: () => tools('streamx').Readable.from([...chunksOf(PLAIN)]),
};

/** What was done to a stream before it was passed in. */
const TOUCHES = {
  'a listener for data': (stream) => stream.on('data', () => {}),
  'a listener for data, paused': (stream) => stream.on('data', () => {}).pause(),
  'a listener for readable': (stream) => stream.on('readable', () => {}),
  'piped into a hash': (stream) => stream.pipe(createHash('sha256')),
  'made to flow': (stream) => stream.resume(),
  async 'read to its end'(stream) {
    for await (const chunk of stream) void chunk;
  },
  async 'broken off'(stream) {
    for await (const chunk of stream) if (chunk) break;
  },
  destroyed: (stream) => stream.destroy(),
  'sealed before': async (stream) => collect(await sealer.seal(stream)),
};
/** streamx keeps no trace of this. */
const UNSEEN = { streamx: ['made to flow'] };
/** These emit what they have to the first listener. */
const EAGER = ['minipass'];

for (const [name, make] of Object.entries(STREAMS)) {
  describe(name, () => {
    test(`${name} is sealed completely`, async () => {
      assert.ok(PLAIN.equals(await opened(await sealer.seal(make()))));
    });

    for (const [how, touch] of Object.entries(TOUCHES)) {
      if (UNSEEN[name]?.includes(how)) continue;
      test(`${name} is refused after this: ${how}`, async () => {
        const stream = make();
        stream.on('error', () => {});
        await touch(stream);
        const words = /^the stream .*, so that bytes of it may be missing; hand in one that nothing else reads$/;
        await assert.rejects(sealer.seal(stream), { name: 'TypeError', message: words });
        await assert.rejects(opener.open(stream), { name: 'TypeError', message: words });
        await assert.rejects(inspect(stream), { name: 'TypeError', message: words });
      });
    }

    for (const [how, touch] of Object.entries({
      'a listener for data': (stream, hash) => void stream.on('data', (chunk) => hash.update(chunk)),
      'a pipe into a hash': (stream, hash) =>
        void stream.pipe(new PassThrough()).on('data', (chunk) => hash.update(chunk)),
    })) {
      test(`${name} loses nothing to ${how} after the call, which gets everything too`, async () => {
        const stream = make();
        const sealing = sealer.seal(stream);
        const hash = createHash('sha256');
        touch(stream, hash);
        const sealed = await sealing;
        await new Promise(setImmediate);
        assert.ok(PLAIN.equals(await opened(sealed)));
        await new Promise(setImmediate);
        if (!EAGER.includes(name)) assert.equal(hash.digest('hex'), createHash('sha256').update(PLAIN).digest('hex'));
      });
    }

    test(`${name} that could not be sealed stays as it was`, async () => {
      const stream = make();
      await assert.rejects(sealer.seal(stream, { encryptionContext: { 'aws-crypto-x': '' } }), { code: 'ERR_CONTEXT' });
      const stop = new AbortController();
      const sealing = sealer.seal(stream, { signal: stop.signal });
      stop.abort();
      await assert.rejects(sealing, { name: 'AbortError' });
      await new Promise(setImmediate);
      assert.ok(PLAIN.equals(await opened(await sealer.seal(stream))));
    });
  });
}

describe('the ponyfill of web-streams-polyfill 3, whose streams Response does not know', () => {
  const make = () => {
    const { ReadableStream: Polyfilled } = tools('web-streams-polyfill/ponyfill');
    return new Polyfilled({
      start: (controller) => (
        controller.enqueue(PLAIN.subarray(0, 9)), controller.enqueue(PLAIN.subarray(9)), controller.close()
      ),
    });
  };

  test('a stream of the ponyfill is sealed completely', async () => {
    assert.ok(PLAIN.equals(await opened(await sealer.seal(make()))));
  });

  for (const [how, touch] of Object.entries({
    cancelled: (stream) => stream.cancel(),
    peeked: async (stream) => {
      const reader = stream.getReader();
      await reader.read();
      reader.releaseLock();
    },
    locked: (stream) => stream.getReader(),
    'sealed before': async (stream) => collect(await sealer.seal(stream)),
  })) {
    test(`a stream of the ponyfill that was ${how} is refused`, async () => {
      const stream = make();
      await touch(stream);
      await assert.rejects(sealer.seal(stream), { name: 'TypeError', message: /bytes of it may be missing/ });
    });
  }
});

test('kmseal notices a concurrent reader of the stream', async () => {
  for (const take of [
    (stream) => stream.on('readable', () => stream.read()),
    async (stream) => {
      for await (const chunk of stream) void chunk;
    },
  ]) {
    const stream = createReadStream(file);
    const sealed = await sealer.seal(stream);
    Promise.resolve(take(stream)).catch(() => {});
    await once(stream, 'readable');
    await new Promise(setImmediate);
    await assert.rejects(readAll(sealed), { code: 'ERR_READ', message: /read by something else, too/ });
  }
});

test('no listener of ours stays on a stream that ended', async () => {
  const stream = createReadStream(file);
  await once(stream, 'ready');
  const counts = () => stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
  const before = counts();
  await collect(await sealer.seal(stream));
  assert.deepEqual(counts(), before);
});

test('a stream of text is refused', async () => {
  const text = createReadStream(file).setEncoding('latin1');
  await assert.rejects(sealer.seal(text).then(readAll), {
    name: 'TypeError',
    message: /a chunk of the stream must be an ArrayBuffer/,
  });
});

test('an old-style stream is refused', async () => {
  const stream = Object.assign(new (await import('node:stream')).Stream(), { readable: true });
  await assert.rejects(sealer.seal(stream), { name: 'TypeError', message: /data must be/ });
});

describe('a source that fails', () => {
  test('a source that fails before the first read does not end the process', async () => {
    const stream = createReadStream(path.join(folder, 'none'));
    const closed = new Promise((resolve) => {
      stream.on('close', resolve);
    });
    const sealed = await sealer.seal(stream);
    await closed;
    await assert.rejects(readAll(sealed), ({ code, cause }) => code === 'ERR_READ' && cause.code === 'ENOENT');
  });

  test('a source that failed before the call is refused', async () => {
    const stream = createReadStream(path.join(folder, 'none'));
    await once(stream, 'error');
    await assert.rejects(
      sealer.seal(stream).then(readAll),
      ({ code, cause }) => code === 'ERR_READ' && cause.code === 'ENOENT',
    );
  });

  test('a source that is destroyed after the call fails with ERR_READ', async () => {
    const stream = createReadStream(file);
    const sealed = await sealer.seal(stream);
    stream.destroy();
    await assert.rejects(
      readAll(sealed),
      ({ code, cause }) => code === 'ERR_READ' && /closed before its end/.test(cause.message),
    );
  });
});

test('a pipeline into a concurrent hash runs in constant memory', async () => {
  const SIZE = 64 * 2 ** 20;
  const block = sample(2 ** 20);
  let made = 0;
  let read = 0;
  const stream = Readable.from(
    (function* () {
      for (; made < SIZE; made += block.length) yield block;
    })(),
  );
  const sealed = await sealer.seal(stream, { size: SIZE });
  const hashing = pipeline(stream, createHash('sha256').setEncoding('hex'), async (digest) =>
    (await digest.toArray()).join(''),
  );
  let most = 0;
  for await (const chunk of sealed) {
    read += chunk.length;
    most = Math.max(most, made - read);
    await new Promise(setImmediate);
  }
  assert.equal(read, sealer.sealedSize(SIZE));
  assert.ok(most < 8 * 2 ** 20, `${most} bytes ahead`);
  const expected = createHash('sha256');
  for (let at = 0; at < SIZE; at += block.length) expected.update(block);
  assert.equal(await hashing, expected.digest('hex'));
});
