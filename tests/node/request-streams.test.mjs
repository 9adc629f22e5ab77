// Streams of HTTP requests and responses: reset, stalled, parsed by something else before, or cut short.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { inputTools } from '../../tools/npm.mjs';
import { collect, readAll, sample } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

const PLAIN = Buffer.from(sample(3_000_000));

let kms;
let sealer;
let opener;
let envelope;
let tools;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: [key] });
  opener = new Opener({ keyIds: [key.keyId], decrypt: remembering(kms.decrypt) });
  envelope = await sealer.seal(PLAIN);
  tools = createRequire(path.join(await inputTools(), 'package.json'));
});
after(() => kms?.close());

const opened = async (sealed) => Buffer.from((await opener.open(await collect(sealed))).plaintext);

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
    test(`a reset connection is reported as a failed source with its cause: ${name}`, () =>
      serving(
        (outgoing) => outgoing.socket.resetAndDestroy(),
        async (url) => {
          const failed = ({ code, message, cause }) =>
            code === 'ERR_READ' && /^the source failed/.test(message) && cause instanceof Error;
          await assert.rejects(
            opener.open(await body(url)).then(({ plaintext }) => readAll(plaintext)),
            failed,
          );
        },
      ));

    test(`a stalled connection ends after idleTimeout, and is closed: ${name}`, () =>
      serving(
        () => {},
        async (url) => {
          const stream = await body(url);
          const { plaintext } = await opener.open(stream, { idleTimeout: 300 });
          await assert.rejects(readAll(plaintext), {
            code: 'ERR_READ',
            message: /^the source sent nothing for 300 ms/,
          });
          if (stream.destroy) assert.ok(stream.destroyed);
        },
      ));

    test(`a stalled connection is closed when the call is aborted: ${name}`, () =>
      serving(
        () => {},
        async (url) => {
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
        },
      ));
  }

  test('a source that stalls in the header ends after idleTimeout', () =>
    serving(
      (outgoing) => outgoing.pause?.(),
      async (url) => {
        const first = new PassThrough();
        first.write(envelope.subarray(0, 10));
        await assert.rejects(opener.open(first, { idleTimeout: 50 }), {
          code: 'ERR_READ',
          message: /sent nothing for 50 ms/,
        });
        assert.ok(first.destroyed);
        assert.ok(url);
      },
    ));
});

describe('what body parsers leave of a request', () => {
  async function answers(...handlers) {
    const app = tools('express')();
    let outcome;
    app.post('/', ...handlers, (incoming, outgoing) => {
      sealer
        .seal(incoming)
        .then(collect)
        .then(
          (sealed) => {
            outcome = sealed;
          },
          (error) => {
            outcome = error;
          },
        )
        .then(() => outgoing.end());
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

  test('a request that nothing has parsed is sealed', async () => {
    const app = await answers();
    await fetch(app.url, { method: 'POST', body: PLAIN });
    assert.ok(PLAIN.equals(await opened(app.outcome())));
    app.close();
  });

  for (const { name, parser, body } of [
    {
      name: 'express.json',
      parser: () => tools('express').json(),
      body: () => new Blob(['{"a":1}'], { type: 'application/json' }),
    },
    { name: 'express.raw', parser: () => tools('express').raw({ type: () => true, limit: '9mb' }), body: () => PLAIN },
    { name: 'multer', parser: () => tools('multer')().any(), body: form },
  ]) {
    test(`a request that ${name} has parsed is refused`, async () => {
      const app = await answers(parser());
      await fetch(app.url, { method: 'POST', body: body() });
      assert.equal(app.outcome().name, 'TypeError', `${app.outcome()}`);
      assert.match(app.outcome().message, /bytes of it may be missing/);
      app.close();
    });
  }
});

describe('a stream that ends early', () => {
  test("a form's file that busboy cuts off at its limit fails with ERR_READ", async () => {
    const busboy = createRequire(tools.resolve('multer'))('busboy');
    const form = new FormData();
    form.set('document', new Blob([PLAIN]));
    const { headers, body } = new Response(form);
    const parser = busboy({ headers: Object.fromEntries(headers), limits: { fileSize: 1_000_000 } });
    Readable.fromWeb(body).pipe(parser);
    const [, stream] = await once(parser, 'file');
    await assert.rejects(sealer.seal(stream).then(readAll), { code: 'ERR_READ', message: /limit/ });
  });

  test('a request whose rest Node drops, since the response is finished, fails with ERR_READ', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(server.address().port, '127.0.0.1')
      .on('error', () => {})
      .resume();
    try {
      client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n');
      const [data, response] = await once(server, 'request');
      // As much as Node buffers, so that it requests no more when somebody listens.
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
