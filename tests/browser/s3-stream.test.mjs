// uploadSealed of streams, which are uploaded while they are made: what arrives equals what the stream gave, whatever fails on the way, or
// nothing does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { sample } from '../support/page/bytes.mjs';
import { seen } from '../support/until.mjs';
import { LIMITS, MIB, THREE_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

/** In two parts, and what of it makes the first one full. */
const SIZE = 5.5 * MIB + 3;
const BEGINNING = 5.25 * MIB;
const sha256 = (size) => createHash('sha256').update(sample(size)).digest('hex');
const SHA256 = sha256(SIZE);
const STREAM = `kit.inPieces(kit.sample(${SIZE}), 100_000, 1, 0, 300_001)`;

uploadsInBrowsers(openUploads, (uploads, name) => {
  let s3;
  before(() => {
    ({ s3 } = uploads);
  });

  const times = (asked) => s3.faults.names().filter((name) => name === asked).length;
  const bodiesOf = (asked) => s3.faults.seen.filter(({ name }) => name === asked).map(({ body }) => body);
  const inPage = (work, ...values) => uploads.page.evaluate(work, ...values);

  async function expectArrived({ id, error, result }, expected = SHA256) {
    assert.equal(error, undefined, error?.message);
    assert.deepEqual(await s3.open(id), { sha256: expected, size: result.size, type: 'application/octet-stream' });
  }

  /** Nothing is stored, and what S3 had was aborted (which is checked after every test). */
  async function expectNothing(id, begun = true) {
    assert.equal(await s3.arrived(id), false);
    assert.equal(times('completeMultipartUpload'), 0);
    assert.equal(times('abortMultipartUpload'), begun ? 1 : 0);
  }

  // Where parts end is arithmetic of ours. What an engine adds are streams and Blobs: each shows a short one here, and some of two parts below.
  const anyEngine = ANY_ENGINE.includes(name);
  for (const { what, size, sealed, parts } of [
    { what: 'one byte', size: 1, parts: 0 },
    { what: '10.5 MiB and 3 bytes', size: THREE_PARTS + 3, parts: 3 },
    { what: 'no byte', size: 0, parts: 0 },
    { what: 'an envelope of almost a part', sealed: 5 * MIB - 1, parts: 0 },
    { what: 'an envelope of exactly a part', sealed: 5 * MIB, parts: 0 },
    { what: 'an envelope of a part and a byte', sealed: 5 * MIB + 1, parts: 2 },
    { what: 'exactly 5 MiB', size: 5 * MIB, parts: 2 },
    { what: '5 MiB and a byte', size: 5 * MIB + 1, parts: 2 },
    { what: 'an envelope of exactly two parts', sealed: 10 * MIB, parts: 2 },
  ].slice(0, anyEngine ? undefined : 1)) {
    test(`a stream of ${what} arrives`, async () => {
      const length = size ?? (await uploads.plaintextSize(sealed));
      const outcome = await uploads.uploadStream(`kit.inPieces(kit.sample(${length}), 70_000, 200_000)`);
      await expectArrived(outcome, sha256(length));
      const { result, created, progress } = outcome;
      if (sealed) assert.equal(result.size, sealed);
      if (parts === 0) assert.deepEqual(s3.faults.names(), ['PUT', 'signPut']);
      else {
        assert.deepEqual(created, { partSize: 5 * MIB });
        const lengths = Array.from({ length: parts }, (_, index) =>
          bodiesOf(`PUT ${index + 1}`).map((body) => body.length),
        );
        assert.deepEqual(lengths, [
          ...Array.from({ length: parts - 1 }, () => [5 * MIB]),
          [result.size - (parts - 1) * 5 * MIB],
        ]);
      }
      assert.deepEqual(progress.at(-1), [result.size, result.size]);
    });
  }

  test('a recording is sent while it continues, and its length is reported once it has ended', async () => {
    await inPage(() => {
      kit.hand = kit.byHand();
    });
    await uploads.beginStream('kit.hand.stream');
    const write = (from, to) => inPage((from, to) => kit.hand.write(kit.sample(to).slice(from)), from, to);
    for (let at = 0; at < BEGINNING; at += BEGINNING / 3) await write(at, at + BEGINNING / 3);
    await seen(async () => (await inPage(() => kit.upload.outcome.progress.at(-1)?.[0])) === 5 * MIB);
    assert.equal(times('PUT 1'), 1);
    assert.equal(times('PUT 2'), 0);
    assert.deepEqual(await inPage(() => kit.upload.outcome.progress.filter(([, total]) => total !== undefined)), []);
    await write(BEGINNING, SIZE);
    await inPage(() => kit.hand.end());
    await expectArrived(await uploads.settled());
  });

  test('what a CompressionStream makes arrives', async () => {
    const gzip = 'new Blob([kit.sample(6 * 2 ** 20)]).stream().pipeThrough(new CompressionStream("gzip"))';
    const expected = await inPage(`kit.sha256(${gzip})`);
    await expectArrived(await uploads.uploadStream(gzip), expected);
  });

  for (const [what, source] of Object.entries({
    'a generator': `(async function* () { const bytes = kit.sample(${SIZE}); for (let at = 0; at < bytes.length; at += 99_999) yield bytes.subarray(at, at + 99_999); })()`,
    'a stream of another window': `(() => {
      const { contentWindow } = document.body.appendChild(document.createElement('iframe'));
      return new contentWindow.Blob([kit.sample(${SIZE})]).stream();
    })()`,
  })) {
    test(`${what} is uploaded like any stream`, async () => expectArrived(await uploads.uploadStream(source)));
  }

  // How each engine reports such faults, s3-faults.test.mjs shows; here it is the Blob that it sends again.
  const faults = [
    { does: 'cut', after: 'half' },
    { does: 'cut' },
    { does: 'cut', after: 'all' },
    { does: 'answer', status: 503 },
    { does: 'answer', status: 500, after: 'all' },
  ].slice(0, anyEngine ? undefined : 1);
  test('each part is sent again with the same bytes, however often and wherever its connection is cut or its answer lost', async () => {
    s3.faults.fault = (asked) => (asked.startsWith('PUT') ? faults[times(asked) - 1] : undefined);
    await expectArrived(await uploads.uploadStream(STREAM));
    for (const part of ['PUT 1', 'PUT 2']) {
      assert.equal(times(part), faults.length + 1, part);
      const bodies = bodiesOf(part);
      const [longest] = bodies.toSorted((one, other) => other.length - one.length);
      assert.ok(
        bodies.every((body) => body.equals(longest.subarray(0, body.length))),
        part,
      );
    }
  });

  test('the stream is read no further than the parts that are in flight', async () => {
    await inPage(() => {
      kit.pulled = 0;
      kit.endless = new ReadableStream({
        pull(controller) {
          kit.pulled += 2 ** 18;
          controller.enqueue(new Uint8Array(2 ** 18));
        },
      });
    });
    s3.faults.fault = (asked) => (asked.startsWith('PUT') ? { does: 'stall' } : undefined);
    await uploads.beginStream('kit.endless', { concurrency: 2 });
    await seen(() => times('PUT 1') + times('PUT 2') === 2);
    // Whatever it would still read by itself, it has when the page has answered this.
    await inPage(() => fetch('/pages/blank.html').then((answer) => answer.text()));
    const pulled = await inPage(() => kit.pulled);
    assert.ok(pulled <= 12 * MIB, `${pulled / MIB} MiB`);
    await uploads.abort();
    assert.equal((await uploads.settled()).error, 'cancelled');
  });

  describe('nothing is stored', () => {
    /** Begins to upload a stream that is written by hand, and by default has sent one part. */
    async function beginByHand({ size = BEGINNING, ...options } = {}) {
      await inPage((size) => {
        kit.hand = kit.byHand();
        kit.hand.write(kit.sample(size));
      }, size);
      const id = await uploads.beginStream('kit.hand.stream', options);
      if (size === BEGINNING) await seen(() => times('PUT 1') === 1);
      return id;
    }

    test('nothing is stored of a stream that the user cancels, and the stream is cancelled', async () => {
      const id = await beginByHand();
      await uploads.abort();
      assert.equal((await uploads.settled()).error, 'cancelled');
      assert.deepEqual(await inPage(() => kit.hand.cancelled), { reason: 'cancelled' });
      await expectNothing(id);
    });

    test('nothing is stored of a stream that fails in the middle', async () => {
      const id = await beginByHand({ describe: true });
      await inPage(() => kit.hand.fail(new Error('the camera was unplugged')));
      const { error } = await uploads.settled();
      assert.equal(error.code, 'ERR_READ');
      assert.equal(error.cause, 'Error: the camera was unplugged');
      await expectNothing(id);
    });

    for (const [turn, [what, chunk]] of Object.entries({
      'shared memory': 'new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer)',
      'a text': '"text"',
      'a number': '7',
      'an array': '[1, 2]',
    })
      .slice(0, anyEngine ? undefined : 1)
      .entries()) {
      test(`nothing is stored of a stream that gives ${what}`, async () => {
        // Once, when a part is there: what follows then does not depend on what it is.
        const begun = turn === 0;
        const id = begun ? await beginByHand() : await beginByHand({ size: 1000 });
        await inPage(`kit.hand.write(${chunk})`);
        const { error } = await uploads.settled();
        assert.equal(error.name, 'TypeError');
        assert.match(error.message, /a chunk of the stream must be/);
        await expectNothing(id, begun);
      });
    }

    // What follows a refusal is our script's, and so is the doubt in a Blob.
    if (!anyEngine) return;

    test('nothing is stored of a stream that is cancelled before its first part is there', async () => {
      const id = await beginByHand({ size: 1000 });
      await uploads.abort();
      assert.equal((await uploads.settled()).error, 'cancelled');
      await seen(() => inPage(() => kit.hand.cancelled !== undefined));
      await expectNothing(id, false);
      assert.deepEqual(
        s3.faults.seen.map(({ name }) => name),
        [],
      );
    });

    test('nothing is stored of a stream whose upload fails, and the stream is cancelled', async () => {
      s3.faults.add('PUT 1', { does: 'answer', status: 403 });
      const id = await beginByHand();
      const { error } = await uploads.settled();
      const { code, status, part } = error;
      assert.deepEqual({ code, status, part }, { code: 'ERR_UPLOAD', status: 403, part: 1 });
      assert.equal(await inPage(() => kit.hand.cancelled.reason.code), 'ERR_UPLOAD');
      await expectNothing(id);
    });

    test('nothing is stored where another script has replaced Blob by one that loses bytes', async () => {
      const { id, error } = await uploads.uploadStream(
        STREAM,
        {},
        `(() => {
          kit.Blob ??= Blob;
          globalThis.Blob = class extends kit.Blob {
            constructor(parts = [], ...more) { super(parts.length > 1 ? parts.slice(1) : parts, ...more); }
          };
          return {};
        })()`,
      );
      await inPage(() => {
        globalThis.Blob = kit.Blob;
      });
      assert.equal(error?.code, 'ERR_PLATFORM');
      await expectNothing(id, false);
    });
  });

  test('a stream that cannot be read, and one that should be kept, are refused before any request', async () => {
    for (const [source, code, says] of [
      [
        '(() => { const stream = kit.inPieces(kit.sample(9), 1); stream.getReader(); return stream; })()',
        '{}',
        /locked/,
      ],
      [
        '(() => { const stream = kit.inPieces(kit.sample(9), 1); stream.cancel(); return stream; })()',
        '{}',
        /read, sealed or cancelled/,
      ],
      ['kit.inPieces(kit.sample(9), 1)', '{ store: { own() {} } }', /store: a stream cannot be read again/],
      ['kit.inPieces(kit.sample(9), 1)', '{ partSize: 1 }', /partSize/],
      ['({ getReader: 7 })', '{}', /./],
    ]) {
      const { error } = await uploads.uploadStream(source, {}, code);
      assert.match(error.name, /^(TypeError|RangeError)$/, source);
      assert.match(error.message, says);
    }
    assert.deepEqual(s3.faults.seen, []);
  });

  // What else an upload does, it does with streams as with files, and with any engine's alike.
  if (!anyEngine) return;

  test('a part that stalls is sent again', async () => {
    s3.faults.add('PUT 2', { does: 'stall', after: 'half' }, 1);
    await uploads.beginStream(STREAM, LIMITS);
    await seen(() => times('PUT 2') === 1);
    await uploads.expire();
    await expectArrived(await uploads.settled());
  });

  test('a stream arrives of which a part ends with a frame, and more follows', async () => {
    // Regular frames have 32 bytes more than their content, and a final one 40: the header is as long as 1,269 of them leave of 5 MiB.
    const code = `(() => {
      const sealer = (pad) => kit.sealer({ frameLength: 4096, encryptionContext: { pad: 'x'.repeat(pad) } });
      const header = sealer(1).sealedSize(0, { encryptionContext: { upload: crypto.randomUUID() } }) - 40;
      return { sealer: sealer(1 + ${5 * MIB} - 1269 * (4096 + 32) - header) };
    })()`;
    const outcome = await uploads.uploadStream(`kit.inPieces(kit.sample(${6 * MIB}), 4096)`, {}, code);
    await expectArrived(outcome, sha256(6 * MIB));
    assert.deepEqual(
      [1, 2].map((part) => times(`PUT ${part}`)),
      [1, 1],
    );
  });

  test('with checksumAlgorithm S3 compares each part, and an object whose last answer was lost counts as delivered', async () => {
    s3.faults.add('completeMultipartUpload', { does: 'cut', after: 'all' });
    const outcome = await uploads.uploadStream(STREAM, { checksumAlgorithm: 'SHA256', looksUp: true, retries: 1 });
    await expectArrived(outcome);
    assert.deepEqual(outcome.created, { partSize: 5 * MIB, checksumAlgorithm: 'SHA256' });
    for (const { headers, body } of s3.faults.seen.filter(({ name }) => /^PUT/.test(name)))
      assert.equal(headers['x-amz-checksum-sha256'], createHash('sha256').update(body).digest('base64'));
  });

  test('a short stream whose last answer was lost counts as delivered', async () => {
    s3.faults.add('PUT', { does: 'answer', status: 500, after: 'all' }, 1);
    await expectArrived(
      await uploads.uploadStream('kit.inPieces(kit.sample(1000), 7)', { looksUp: true }),
      sha256(1000),
    );
  });

  test('a stream is described by the page: without its size, and bound to its envelope', async () => {
    for (const { size, title, inMetadata } of [
      { size: 1000, title: 'Diktat', inMetadata: true },
      { size: SIZE, title: 'Diktat', inMetadata: true },
      { size: SIZE, title: 'x'.repeat(2000), inMetadata: false },
    ]) {
      const describe = { name: 'recording.webm', type: 'video/webm', title };
      const { id, error } = await uploads.uploadStream(`kit.inPieces(kit.sample(${size}), 300_000)`, { describe });
      assert.equal(error, undefined, error?.message);
      assert.deepEqual(await s3.describe(id), { ...describe, messageId: true, inMetadata });
    }
    const { error } = await uploads.uploadStream(STREAM, {}, '{ describe: { title: 1n } }');
    assert.equal(error.name, 'TypeError');
  });

  test('the page is asked what to do about a failed part while the stream gives nothing, and the same part is sent again', async () => {
    await inPage((size) => {
      kit.hand = kit.byHand();
      kit.hand.write(kit.sample(size));
    }, BEGINNING);
    s3.faults.add('PUT 1', { does: 'answer', status: 503 }, 1);
    const asks = '{ resume: () => new Promise((resolve) => { kit.answer = resolve; }) }';
    await uploads.beginStream('kit.hand.stream', { retries: 0 }, asks);
    await seen(() => inPage(() => kit.answer !== undefined));
    await inPage(
      (from, to) => {
        kit.answer(true);
        delete kit.answer;
        kit.hand.write(kit.sample(to).slice(from));
        kit.hand.end();
      },
      BEGINNING,
      SIZE,
    );
    const outcome = await uploads.settled();
    await expectArrived(outcome);
    assert.deepEqual(
      outcome.told.map(({ code, status }) => [code, status]),
      [['ERR_UPLOAD', 503]],
    );
    const [first, second] = bodiesOf('PUT 1');
    assert.ok(first.equals(second));
  });
});
