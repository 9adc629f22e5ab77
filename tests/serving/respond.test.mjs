// respond of kmseal/node, on Node's own servers: HTTP/1.0, 1.1, TLS and HTTP/2.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { respond } from 'kmseal/node';
import { WAYS, startResponders, streamOf } from '../support/responders.mjs';
import { CONTEXT, FRAME, PLAINTEXT, looksWhole } from '../support/serving.mjs';

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
    test('a whole file comes with its length', async () => {
      const { status, headers, body, failed } = await read(how, fromRange('good'));
      assert.deepEqual([failed, status, headers['content-length']], [false, 200, `${PLAINTEXT.length}`]);
      assert.ok(body.equals(PLAINTEXT));
      assert.deepEqual(responders.outcomes, ['done']);
    });

    test('an altered envelope fails for the reader and for the server', async () => {
      const answer = await read(how, fromRange('altered'));
      assert.ok(!looksWhole(answer));
      assert.equal(answer.status, 200);
      assert.ok(answer.body.length < PLAINTEXT.length && answer.body.equals(PLAINTEXT.subarray(0, answer.body.length)));
      assert.deepEqual(responders.outcomes, ['ERR_AUTHENTICATION']);
    });

    test('a cut envelope, and a KMS that refuses, leave the caller to answer', async () => {
      for (const [name, code] of [['cut', 'ERR_TRUNCATED'], ['refused', 'ERR_KMS']]) {
        const { status, body } = await read(how, fromRange(name));
        assert.deepEqual([status, body.length, responders.outcomes], [502, 0, [name === 'cut' ? responders.outcomes[0] : code]], name);
      }
    });

    test('of an opened stream up to 32 MiB nothing is sent before all of it is authentic', async () => {
      const good = await read(how, fromStream('good'));
      assert.deepEqual([good.status, good.headers['content-length']], [200, `${PLAINTEXT.length}`]);
      assert.ok(good.body.equals(PLAINTEXT));
      for (const [name, code] of [['altered', 'ERR_AUTHENTICATION'], ['cut', 'ERR_TRUNCATED']]) {
        const { status, headers } = await read(how, fromStream(name));
        assert.deepEqual([status, headers['content-disposition'], responders.outcomes], [502, undefined, [code]]);
      }
    });

    test('a longer stream that fails never looks whole', async () => {
      const error = Object.assign(new Error('altered'), { code: 'ERR_AUTHENTICATION' });
      const failing = () => {
        let left = 40;
        return new ReadableStream({ pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(2 ** 20)) : controller.error(error)) });
      };
      const answer = await read(how, (request, response) => respond(response, { plaintext: failing() }));
      assert.ok(!looksWhole(answer), `${answer.exit} ${answer.status}`);
      assert.deepEqual([answer.status, responders.outcomes], way.startsWith('HTTP/1.0') ? [502, ['ERR_TOO_LONG']] : [200, ['ERR_AUTHENTICATION']]);
    });

    test('a part is a 206 that says where it lies, and a part of nothing a 416', async () => {
      const part = await read(how, fromRange('good', FRAME - 1, FRAME + 5));
      assert.deepEqual([part.status, part.headers['content-range'], part.headers['content-length']], [206, `bytes ${FRAME - 1}-${FRAME + 4}/${PLAINTEXT.length}`, '6']);
      assert.ok(part.body.equals(PLAINTEXT.subarray(FRAME - 1, FRAME + 5)));
      const none = await read(how, fromRange('good', PLAINTEXT.length));
      assert.deepEqual([none.status, none.headers['content-range'], none.headers['content-type'], none.body.length], [416, `bytes */${PLAINTEXT.length}`, undefined, 0]);
      const all = await read(how, fromRange('good', 0, undefined, { status: 206 }));
      assert.deepEqual([all.status, all.headers['content-range']], [206, `bytes 0-${PLAINTEXT.length - 1}/${PLAINTEXT.length}`]);
    });

    test('HEAD gets the headers of GET, and no more is read for it', async () => {
      const source = setting.source('good');
      let opened;
      const head = await read(how, async (request, response) => {
        const range = await opener.openRange(source, 0, undefined, options);
        opened = source.bytesRead;
        await respond(response, range);
      }, '--head');
      const get = await read(how, fromRange('good'));
      for (const answer of [head, get]) delete answer.headers.date;
      assert.deepEqual([head.status, head.headers, responders.outcomes], [200, get.headers, ['done']]);
      assert.equal(source.bytesRead, opened);
    });

    test('an empty file is answered, too', async () => {
      for (const opened of [{ plaintext: new Uint8Array() }, { plaintext: streamOf(new Uint8Array()), start: 0, end: 0, size: 0 }, { plaintext: streamOf(new Uint8Array()) }]) {
        const { status, headers, body } = await read(how, (request, response) => respond(response, opened));
        assert.deepEqual([status, headers['content-length'], body.length], [200, '0', 0]);
      }
    });
  });
}

test('what is still being opened is waited for, and its failure is the caller\'s to answer', async () => {
  const opening = (name) => (request, response) => respond(response, opener.openRange(setting.source(name), 0, undefined, options));
  assert.ok((await read(WAYS['HTTP/1.1'], opening('good'))).body.equals(PLAINTEXT));
  assert.equal((await read(WAYS['HTTP/1.1'], opening('refused'))).status, 502);
});

test('bytes and Blobs are whole already', async () => {
  for (const envelope of [setting.envelopes.good, new Blob([setting.envelopes.good])]) {
    const { headers, body } = await read(WAYS['HTTP/1.1'], async (request, response) => respond(response, await opener.open(envelope, options)));
    assert.deepEqual([headers['content-length'], body.equals(PLAINTEXT)], [`${PLAINTEXT.length}`, true]);
  }
  const { status, body } = await read(WAYS['HTTP/1.1'], async (request, response) => respond(response, await opener.openRange(new Blob([setting.envelopes.good]), 5, 9, options)));
  assert.deepEqual([status, [...body]], [206, [...PLAINTEXT.subarray(5, 9)]]);
});

test('what was opened cannot act in the origin of the page', async () => {
  const { headers } = await read(WAYS['HTTP/1.1'], fromRange('good', 0, undefined, { filename: 'ä.pdf', type: 'application/pdf' }));
  for (const name of ['date', 'connection', 'keep-alive']) delete headers[name];
  assert.deepEqual(headers, {
    'content-type': 'application/pdf',
    'content-disposition': "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C3%A4.pdf",
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'private, no-store, no-transform',
    'content-length': `${PLAINTEXT.length}`,
  });
});

test('the caller has the last word on every header but the length and the range', async () => {
  const given = { 'Cache-Control': 'private, max-age=60', 'content-security-policy': null, etag: '"1"', 'x-two': ['a', 'b'], 'content-type': undefined };
  const { headers } = await read(WAYS['HTTP/1.1'], fromRange('good', 0, 4, { headers: given, disposition: 'inline' }));
  assert.deepEqual(
    ['cache-control', 'content-security-policy', 'etag', 'x-two', 'content-type', 'content-disposition'].map((name) => headers[name]),
    ['private, max-age=60', undefined, '"1"', 'a, b', 'application/octet-stream', 'inline'],
  );
  for (const headers of [{ 'Content-Length': 3 }, { 'content-range': null }, { 'transfer-encoding': 'chunked' }, { 'x-bad': 'a\r\nb' }, { 'x bad': 'a' }]) {
    const answer = await read(WAYS['HTTP/1.1'], fromRange('good', 0, 4, { filename: 'a', headers }));
    assert.deepEqual([answer.status, answer.headers['content-disposition']], [502, undefined], JSON.stringify(headers));
  }
});

test('a plaintext of another length than was announced is an error', async () => {
  for (const [length, exit] of [[9, 'RangeError'], [11, 'RangeError']]) {
    const plaintext = streamOf(new Uint8Array(10), 4);
    const answer = await read(WAYS['HTTP/1.0'], (request, response) => respond(response, { plaintext, start: 0, end: length, size: length }));
    assert.ok(!looksWhole(answer) || answer.body.length === length, `${length}`);
    assert.deepEqual(responders.outcomes, [exit]);
  }
});

test('places that cannot be are a mistake of the caller, before anything is sent', async () => {
  const plaintext = () => streamOf(new Uint8Array(4));
  for (const [opened, options, error] of [
    [{ start: 5, end: 4, size: 9 }, {}, 'RangeError'], [{ start: -1, end: 4, size: 9 }, {}, 'RangeError'], [{ start: 0, end: 10, size: 9 }, {}, 'RangeError'],
    [{ start: 0, end: NaN, size: 9 }, {}, 'RangeError'], [{}, { status: 206 }, 'TypeError'],
  ]) {
    const { status } = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext: plaintext(), ...opened }, options));
    assert.deepEqual([status, responders.outcomes], [502, [error]]);
  }
});

test("a stream of Node's is taken, but not its text, which has another length than its bytes", async () => {
  const good = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext: Readable.from([Buffer.from('ä')]) }));
  assert.deepEqual([good.headers['content-length'], good.body.toString()], ['2', 'ä']);
  const text = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext: Readable.from(['ä']) }));
  assert.deepEqual([text.status, responders.outcomes], [502, ['TypeError']]);
});

test('what is not a plaintext is a TypeError', async () => {
  for (const plaintext of [undefined, null, 'text', 5]) {
    const { status } = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext }));
    assert.deepEqual([status, responders.outcomes], [502, ['TypeError']]);
  }
});
