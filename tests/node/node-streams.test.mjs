// Streams of Node's and of packages that are like them: what was touched before is refused, what touches them later takes nothing from
// us, and what fails, stalls or is given up ends as it must.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { inputTools } from '../../scripts/lib/npm.mjs';
import { collect, readAll, sample } from '../support/bytes.mjs';
import { remembering, startKms } from '../support/kms.mjs';

const PLAIN = Buffer.from(sample(3_000_000));
const CUT = 40_000;

let kms;
let sealer;
let opener;
let envelope;
let folder;
let file;
let tools;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: key });
  opener = new Opener({ keyIds: [key.keyId], decrypt: remembering(kms.decrypt) });
  envelope = await sealer.seal(PLAIN);
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

/** What was done to a stream before it was handed in. */
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
/** Of this streamx keeps no trace. */
const UNSEEN = { streamx: ['made to flow'] };
/** These show what they have to the first who listens. */
const EAGER = ['minipass'];

for (const [name, make] of Object.entries(STREAMS)) {
  describe(name, () => {
    test('is sealed whole', async () => {
      assert.ok(PLAIN.equals(await opened(await sealer.seal(make()))));
    });

    for (const [how, touch] of Object.entries(TOUCHES)) {
      if (UNSEEN[name]?.includes(how)) continue;
      test(`${how} before: refused`, async () => {
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
      'a pipe into a hash': (stream, hash) => void stream.pipe(new PassThrough()).on('data', (chunk) => hash.update(chunk)),
    })) {
      test(`${how} after the call takes nothing away, and gets it all`, async () => {
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

    test('could not be sealed, and stays as it was', async () => {
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
    return new Polyfilled({ start: (controller) => (controller.enqueue(PLAIN.subarray(0, 9)), controller.enqueue(PLAIN.subarray(9)), controller.close()) });
  };

  test('is sealed whole', async () => {
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
    test(`${how} before: refused`, async () => {
      const stream = make();
      await touch(stream);
      await assert.rejects(sealer.seal(stream), { name: 'TypeError', message: /bytes of it may be missing/ });
    });
  }
});

test('what reads the stream beside us is noticed', async () => {
  for (const take of [
    (stream) => stream.on('readable', () => stream.read()),
    async (stream) => { for await (const chunk of stream) void chunk; },
  ]) {
    const stream = createReadStream(file);
    const sealed = await sealer.seal(stream);
    Promise.resolve(take(stream)).catch(() => {});
    await once(stream, 'readable');
    await new Promise(setImmediate);
    await assert.rejects(readAll(sealed), { code: 'ERR_READ', message: /read by something else, too/ });
  }
});

test('nothing of ours is left on a stream that ended', async () => {
  const stream = createReadStream(file);
  await once(stream, 'ready');
  const counts = () => stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
  const before = counts();
  await collect(await sealer.seal(stream));
  assert.deepEqual(counts(), before);
});

test('text is refused', async () => {
  const text = createReadStream(file).setEncoding('latin1');
  await assert.rejects(sealer.seal(text).then(readAll), { name: 'TypeError', message: /a chunk of the stream must be an ArrayBuffer/ });
});

test('a stream of the old kind is refused', async () => {
  const stream = Object.assign(new (await import('node:stream')).Stream(), { readable: true });
  await assert.rejects(sealer.seal(stream), { name: 'TypeError', message: /data must be/ });
});

describe('a source that fails', () => {
  test('before anybody reads, it does not end the process', async () => {
    const stream = createReadStream(path.join(folder, 'none'));
    const closed = new Promise((resolve) => { stream.on('close', resolve); });
    const sealed = await sealer.seal(stream);
    await closed;
    await assert.rejects(readAll(sealed), ({ code, cause }) => code === 'ERR_READ' && cause.code === 'ENOENT');
  });

  test('before it is handed in', async () => {
    const stream = createReadStream(path.join(folder, 'none'));
    await once(stream, 'error');
    await assert.rejects(sealer.seal(stream).then(readAll), ({ code, cause }) => code === 'ERR_READ' && cause.code === 'ENOENT');
  });

  test('destroyed after the call', async () => {
    const stream = createReadStream(file);
    const sealed = await sealer.seal(stream);
    stream.destroy();
    await assert.rejects(readAll(sealed), ({ code, cause }) => code === 'ERR_READ' && /closed before its end/.test(cause.message));
  });
});

describe('over HTTP', () => {
  /** A server that begins to send the envelope and then does this. */
  async function serving(use, work) {
    const server = createServer((incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': envelope.length });
      outgoing.write(envelope.subarray(0, envelope.length / 2), () => use(outgoing));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await work(`http://127.0.0.1:${server.address().port}`);
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  }
  const bodies = {
    'http.request': async (url) => (await once(request(url).end(), 'response'))[0],
    fetch: async (url) => (await fetch(url)).body,
    'Readable.fromWeb of fetch': async (url) => Readable.fromWeb((await fetch(url)).body),
  };

  for (const [name, body] of Object.entries(bodies)) {
    test(`${name}: a connection that was reset is a source that failed, with its cause`, () =>
      serving((outgoing) => outgoing.socket.resetAndDestroy(), async (url) => {
        const failed = ({ code, message, cause }) => code === 'ERR_READ' && /^the source failed/.test(message) && cause instanceof Error;
        await assert.rejects(opener.open(await body(url)).then(({ plaintext }) => readAll(plaintext)), failed);
      }));

    test(`${name}: one that stalls ends after idleTimeout, and is closed`, () =>
      serving(() => {}, async (url) => {
        const stream = await body(url);
        const { plaintext } = await opener.open(stream, { idleTimeout: 300 });
        await assert.rejects(readAll(plaintext), { code: 'ERR_READ', message: /^the source sent nothing for 300 ms/ });
        if (stream.destroy) assert.ok(stream.destroyed);
      }));

    test(`${name}: one that stalls is closed when the call is given up`, () =>
      serving(() => {}, async (url) => {
        const reason = new Error('given up');
        for (const use of [
          async (stream, signal) => readAll((await opener.open(stream, { signal })).plaintext),
          async (stream, signal) => readAll(await sealer.seal(stream, { signal })),
          async (stream, signal) => readAll(await reseal(stream, { opener, sealer, signal })),
        ]) {
          const stream = await body(url);
          const stop = new AbortController();
          const reading = use(stream, stop.signal);
          const closed = stream.destroy ? once(stream, 'close') : undefined;
          setTimeout(() => stop.abort(reason), 100);
          await assert.rejects(reading, reason);
          await closed;
        }
      }));
  }

  test('the header of one that stalls', () =>
    serving((outgoing) => outgoing.pause?.(), async (url) => {
      const first = new PassThrough();
      first.write(envelope.subarray(0, 10));
      await assert.rejects(opener.open(first, { idleTimeout: 50 }), { code: 'ERR_READ', message: /sent nothing for 50 ms/ });
      assert.ok(first.destroyed);
      assert.ok(url);
    }));
});

describe('what body parsers leave of a request', () => {
  async function answers(...handlers) {
    const app = tools('express')();
    let outcome;
    app.post('/', ...handlers, (incoming, outgoing) => {
      sealer.seal(incoming).then(collect).then((sealed) => { outcome = sealed; }, (error) => { outcome = error; }).then(() => outgoing.end());
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    return { url, outcome: () => outcome, close: () => server.close() };
  }
  const form = () => {
    const data = new FormData();
    data.append('file', new Blob([PLAIN]), 'a');
    return data;
  };

  test('nothing has parsed it', async () => {
    const app = await answers();
    await fetch(app.url, { method: 'POST', body: PLAIN });
    assert.ok(PLAIN.equals(await opened(app.outcome())));
    app.close();
  });

  for (const [name, parser, body] of [
    ['express.json', () => tools('express').json(), () => new Blob(['{"a":1}'], { type: 'application/json' })],
    ['express.raw', () => tools('express').raw({ type: () => true, limit: '9mb' }), () => PLAIN],
    ['multer', () => tools('multer')().any(), form],
  ]) {
    test(name, async () => {
      const app = await answers(parser());
      await fetch(app.url, { method: 'POST', body: body() });
      assert.equal(app.outcome().name, 'TypeError', `${app.outcome()}`);
      assert.match(app.outcome().message, /bytes of it may be missing/);
      app.close();
    });
  }
});

test('a pipeline into a hash beside it goes in constant memory', async () => {
  const SIZE = 64 * 2 ** 20;
  const block = sample(2 ** 20);
  let made = 0;
  let read = 0;
  const stream = Readable.from((function* () {
    for (; made < SIZE; made += block.length) yield block;
  })());
  const sealed = await sealer.seal(stream, { size: SIZE });
  const hashing = pipeline(stream, createHash('sha256').setEncoding('hex'), async (digest) => (await digest.toArray()).join(''));
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

describe('a stream that ends and is not whole', () => {
  test('a file of a form that busboy cuts off at its limit is ERR_READ', async () => {
    const busboy = createRequire(tools.resolve('multer'))('busboy');
    const form = new FormData();
    form.set('document', new Blob([PLAIN]));
    const { headers, body } = new Response(form);
    const parser = busboy({ headers: Object.fromEntries(headers), limits: { fileSize: 1_000_000 } });
    Readable.fromWeb(body).pipe(parser);
    const [, stream] = await once(parser, 'file');
    await assert.rejects(sealer.seal(stream).then(readAll), { code: 'ERR_READ', message: /limit/ });
  });

  test('a request of which Node drops the rest, since the response is finished, is ERR_READ', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(server.address().port, '127.0.0.1').on('error', () => {}).resume();
    try {
      client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n');
      const [data, response] = await once(server, 'request');
      // As much as Node holds, so that it asks for no more when somebody listens.
      client.write(Buffer.alloc(data.readableHighWaterMark));
      while (data.readableLength < data.readableHighWaterMark) await new Promise(setImmediate);
      const sealing = sealer.seal(data);
      response.end();
      await once(response, 'finish');
      client.write(Buffer.alloc(100_000 - data.readableHighWaterMark));
      await assert.rejects(sealing.then(readAll), { code: 'ERR_READ', message: /response was finished/ });
    } finally {
      client.destroy();
      server.close();
    }
  });
});
