// respond of kmseal/node, on Node's own servers: HTTP/1.0, 1.1, TLS and HTTP/2.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { respond } from 'kmseal/node';
import { WAYS, startResponders, streamOf } from './responders.mjs';
import { CONTEXT, FRAME, PLAINTEXT, looksWhole } from './serving.mjs';

const options = { encryptionContext: CONTEXT };
let responders;
let setting;
let opener;
before(async () => {
  responders = await startResponders();
  setting = responders.setting;
  opener = setting.opener;
});
after(() => responders?.close());

const read = (...all) => responders.read(...all);
const fromRange = (...all) => responders.fromRange(...all);
const fromStream = (...all) => responders.fromStream(...all);

for (const [way, how] of Object.entries(WAYS)) {
  describe(way, () => {
    test(`a whole file comes with its length, by ${way}`, async () => {
      const { status, headers, body, failed } = await read(how, fromRange('good'));
      assert.deepEqual(
        { failed, status, contentLength: headers['content-length'] },
        { failed: false, status: 200, contentLength: `${PLAINTEXT.length}` },
      );
      assert.ok(body.equals(PLAINTEXT));
      assert.deepEqual(responders.outcomes, ['done']);
    });

    test(`an altered envelope fails for the reader and for the server, by ${way}`, async () => {
      const answer = await read(how, fromRange('altered'));
      assert.ok(!looksWhole(answer));
      assert.equal(answer.status, 200);
      assert.ok(answer.body.length < PLAINTEXT.length && answer.body.equals(PLAINTEXT.subarray(0, answer.body.length)));
      assert.deepEqual(responders.outcomes, ['ERR_AUTHENTICATION']);
    });

    test(`a cut envelope and a refusing KMS leave the answer to the caller, by ${way}`, async () => {
      for (const { name, code } of [
        { name: 'cut', code: 'ERR_TRUNCATED' },
        { name: 'refused', code: 'ERR_KMS' },
      ]) {
        const { status, body } = await read(how, fromRange(name));
        assert.deepEqual(
          { status, length: body.length, outcomes: responders.outcomes },
          { status: 502, length: 0, outcomes: [name === 'cut' ? responders.outcomes[0] : code] },
          name,
        );
      }
    });

    test(`an opened stream of up to 32 MiB sends nothing before all of it is authentic, by ${way}`, async () => {
      const good = await read(how, fromStream('good'));
      assert.deepEqual(
        { status: good.status, contentLength: good.headers['content-length'] },
        { status: 200, contentLength: `${PLAINTEXT.length}` },
      );
      assert.ok(good.body.equals(PLAINTEXT));
      for (const { name, code } of [
        { name: 'altered', code: 'ERR_AUTHENTICATION' },
        { name: 'cut', code: 'ERR_TRUNCATED' },
      ]) {
        const { status, headers } = await read(how, fromStream(name));
        assert.deepEqual(
          { status, contentDisposition: headers['content-disposition'], outcomes: responders.outcomes },
          { status: 502, contentDisposition: undefined, outcomes: [code] },
        );
      }
    });

    test(`a longer stream that fails never looks complete, by ${way}`, async () => {
      const error = Object.assign(new Error('altered'), { code: 'ERR_AUTHENTICATION' });
      const failing = () => {
        let left = 40;
        return new ReadableStream({
          pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(2 ** 20)) : controller.error(error)),
        });
      };
      const answer = await read(how, (request, response) => respond(response, { plaintext: failing() }));
      assert.ok(!looksWhole(answer), `${answer.exit} ${answer.status}`);
      const expected = way.startsWith('HTTP/1.0')
        ? { status: 502, outcomes: ['ERR_TOO_LONG'] }
        : { status: 200, outcomes: ['ERR_AUTHENTICATION'] };
      assert.deepEqual({ status: answer.status, outcomes: responders.outcomes }, expected);
    });

    test(`a part is a 206 that says where it lies, and an empty part is a 416, by ${way}`, async () => {
      const part = await read(how, fromRange('good', FRAME - 1, FRAME + 5));
      assert.deepEqual(
        {
          status: part.status,
          contentRange: part.headers['content-range'],
          contentLength: part.headers['content-length'],
        },
        { status: 206, contentRange: `bytes ${FRAME - 1}-${FRAME + 4}/${PLAINTEXT.length}`, contentLength: '6' },
      );
      assert.ok(part.body.equals(PLAINTEXT.subarray(FRAME - 1, FRAME + 5)));
      const none = await read(how, fromRange('good', PLAINTEXT.length));
      assert.deepEqual(
        {
          status: none.status,
          contentRange: none.headers['content-range'],
          contentType: none.headers['content-type'],
          length: none.body.length,
        },
        { status: 416, contentRange: `bytes */${PLAINTEXT.length}`, contentType: undefined, length: 0 },
      );
      const all = await read(how, fromRange('good', 0, undefined, { status: 206 }));
      assert.deepEqual(
        { status: all.status, contentRange: all.headers['content-range'] },
        { status: 206, contentRange: `bytes 0-${PLAINTEXT.length - 1}/${PLAINTEXT.length}` },
      );
    });

    test(`HEAD returns the headers of GET without reading more, by ${way}`, async () => {
      const source = setting.source('good');
      let opened;
      const head = await read(
        how,
        async (request, response) => {
          const range = await opener.openRange(source, options);
          opened = source.bytesRead;
          await respond(response, range);
        },
        '--head',
      );
      const get = await read(how, fromRange('good'));
      for (const answer of [head, get]) delete answer.headers.date;
      assert.deepEqual(
        { status: head.status, headers: head.headers, outcomes: responders.outcomes },
        { status: 200, headers: get.headers, outcomes: ['done'] },
      );
      assert.equal(source.bytesRead, opened);
    });

    test(`an empty file is answered by ${way}`, async () => {
      for (const opened of [
        { plaintext: new Uint8Array() },
        { plaintext: streamOf(new Uint8Array()), start: 0, end: 0, size: 0 },
        { plaintext: streamOf(new Uint8Array()) },
      ]) {
        const { status, headers, body } = await read(how, (request, response) => respond(response, opened));
        assert.deepEqual(
          { status, contentLength: headers['content-length'], length: body.length },
          { status: 200, contentLength: '0', length: 0 },
        );
      }
    });
  });
}

test('respond awaits a promise that is still opening, and leaves its failure to the caller', async () => {
  const opening = (name) => (request, response) => respond(response, opener.openRange(setting.source(name), options));
  assert.ok((await read(WAYS['HTTP/1.1'], opening('good'))).body.equals(PLAINTEXT));
  assert.equal((await read(WAYS['HTTP/1.1'], opening('refused'))).status, 502);
});

test('bytes and Blobs are complete already', async () => {
  for (const envelope of [setting.envelopes.good, new Blob([setting.envelopes.good])]) {
    const { headers, body } = await read(WAYS['HTTP/1.1'], async (request, response) =>
      respond(response, await opener.open(envelope, options)),
    );
    assert.deepEqual(
      { contentLength: headers['content-length'], isWhole: body.equals(PLAINTEXT) },
      { contentLength: `${PLAINTEXT.length}`, isWhole: true },
    );
  }
  const { status, body } = await read(WAYS['HTTP/1.1'], async (request, response) =>
    respond(response, await opener.openRange(new Blob([setting.envelopes.good]), { start: 5, end: 9, ...options })),
  );
  assert.deepEqual({ status, body: [...body] }, { status: 206, body: [...PLAINTEXT.subarray(5, 9)] });
});

test('an opened file cannot act in the origin of the page', async () => {
  const { headers } = await read(
    WAYS['HTTP/1.1'],
    fromRange('good', 0, undefined, { filename: 'ä.pdf', type: 'application/pdf' }),
  );
  for (const name of ['date', 'connection', 'keep-alive']) delete headers[name];
  assert.deepEqual(headers, {
    'content-type': 'application/pdf',
    'content-disposition': 'attachment; filename="_.pdf"; filename*=UTF-8\'\'%C3%A4.pdf',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'private, no-store, no-transform',
    vary: '*',
    'content-length': `${PLAINTEXT.length}`,
  });
});

test('the caller can override every header but the length and the range', async () => {
  const given = {
    'Cache-Control': 'private, max-age=60',
    'content-security-policy': null,
    etag: '"1"',
    'x-two': ['a', 'b'],
    'content-type': undefined,
  };
  const { headers } = await read(WAYS['HTTP/1.1'], fromRange('good', 0, 4, { headers: given, disposition: 'inline' }));
  assert.deepEqual(
    ['cache-control', 'content-security-policy', 'etag', 'x-two', 'content-type', 'content-disposition'].map(
      (name) => headers[name],
    ),
    ['private, max-age=60', undefined, '"1"', 'a, b', 'application/octet-stream', 'inline'],
  );
  for (const headers of [
    { 'Content-Length': 3 },
    { 'content-range': null },
    { 'transfer-encoding': 'chunked' },
    { 'x-bad': 'a\r\nb' },
    { 'x bad': 'a' },
  ]) {
    const answer = await read(WAYS['HTTP/1.1'], fromRange('good', 0, 4, { filename: 'a', headers }));
    assert.deepEqual(
      { status: answer.status, contentDisposition: answer.headers['content-disposition'] },
      { status: 502, contentDisposition: undefined },
      JSON.stringify(headers),
    );
  }
});

test('a plaintext whose length is not the announced one is an error', async () => {
  for (const { length, exit } of [
    { length: 9, exit: 'RangeError' },
    { length: 11, exit: 'RangeError' },
  ]) {
    const plaintext = streamOf(new Uint8Array(10), 4);
    const answer = await read(WAYS['HTTP/1.0'], (request, response) =>
      respond(response, { plaintext, start: 0, end: length, size: length }),
    );
    assert.ok(!looksWhole(answer) || answer.body.length === length, `${length}`);
    assert.deepEqual(responders.outcomes, [exit]);
  }
});

test("impossible ranges are the caller's mistake, reported before anything is sent", async () => {
  const plaintext = () => streamOf(new Uint8Array(4));
  for (const { opened, options, error } of [
    { opened: { start: 5, end: 4, size: 9 }, options: {}, error: 'RangeError' },
    { opened: { start: -1, end: 4, size: 9 }, options: {}, error: 'RangeError' },
    { opened: { start: 0, end: 10, size: 9 }, options: {}, error: 'RangeError' },
    { opened: { start: 0, end: NaN, size: 9 }, options: {}, error: 'RangeError' },
    { opened: {}, options: { status: 206 }, error: 'TypeError' },
  ]) {
    const { status } = await read(WAYS['HTTP/1.1'], (request, response) =>
      respond(response, { plaintext: plaintext(), ...opened }, options),
    );
    assert.deepEqual({ status, outcomes: responders.outcomes }, { status: 502, outcomes: [error] });
  }
});

test("a Node stream of bytes is accepted; one of text is not, since its length differs from its bytes'", async () => {
  const good = await read(WAYS['HTTP/1.1'], (request, response) =>
    respond(response, { plaintext: Readable.from([Buffer.from('ä')]) }),
  );
  assert.deepEqual(
    { contentLength: good.headers['content-length'], body: good.body.toString() },
    { contentLength: '2', body: 'ä' },
  );
  const text = await read(WAYS['HTTP/1.1'], (request, response) =>
    respond(response, { plaintext: Readable.from(['ä']) }),
  );
  assert.deepEqual({ status: text.status, outcomes: responders.outcomes }, { status: 502, outcomes: ['TypeError'] });
});

test('an option by another name is refused, and not left out of the answer', async () => {
  const options = { contentType: 'image/png', disposition: 'inline' };
  const { status } = await read(WAYS['HTTP/1.1'], (request, response) =>
    respond(response, { plaintext: new Uint8Array(4) }, options),
  );
  assert.deepEqual({ status, outcomes: responders.outcomes }, { status: 502, outcomes: ['TypeError'] });
});

test('a value that is not a plaintext gives a TypeError', async () => {
  for (const plaintext of [undefined, null, 'text', 5]) {
    const { status } = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext }));
    assert.deepEqual({ status, outcomes: responders.outcomes }, { status: 502, outcomes: ['TypeError'] });
  }
});
