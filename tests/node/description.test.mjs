// Descriptions of files: sealed beside them and bound to them, for every kind of key, and refused where they are another's or no description.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect } from 'kmseal';
import { collect, sample } from '../support/page/bytes.mjs';
import { readHeader } from '../support/message.mjs';
import { KINDS, makeKind } from '../support/kinds.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PLAINTEXT = sample(3 * 4096 + 10);
const FILE = { name: 'Passport Müller.pdf', type: 'application/pdf', lastModified: 1_764_000_000_000 };
const STORED = { tenant: '7' };
const REQUIRED = { secret: 's' };
const CONTEXTS = { encryptionContext: STORED, requiredEncryptionContext: REQUIRED };
const EXPECTED = { ...STORED, ...REQUIRED };
const CACHE = { maxAge: 60_000 };

let kms;
let key;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
});
after(() => kms?.close());

const makeFile = ({ name = FILE.name, content = PLAINTEXT, ...more } = {}) =>
  new File([content], name, { type: FILE.type, lastModified: FILE.lastModified, ...more });
const makeSealer = (options) => new Sealer({ keys: key, encryptionContext: STORED, ...options });
const makeOpener = (options) => new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, ...options });
const asObject = (description) => JSON.parse(JSON.stringify(description));
const base64Url = (bytes) => Buffer.from(bytes).toString('base64url');

/** A file's envelope, its description, and the message id. */
async function sealed({ sealer = makeSealer(), file = makeFile(), fields, ...options } = {}) {
  const prepared = await sealer.prepare(file, options);
  const description = await prepared.describe(fields);
  const envelope = new Uint8Array(await (await prepared.slice()).arrayBuffer());
  const { messageId } = prepared;
  prepared.close();
  return { envelope, description, messageId };
}

/** An envelope of these bytes, as anyone with the public key can make it. */
const forged = (bytes) => makeSealer().seal(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);

describe('what arrives', () => {
  for (const kind of KINDS) {
    test(`a file's name and type arrive with the fields that the page added, with one request for both (${kind})`, async () => {
      const { key, opens } = await makeKind(kms, kind);
      const calls = kms.calls.length;
      const sealer = new Sealer({ keys: key, frameLength: 4096 });
      const fields = { title: 'Reisepass', tags: ['a', { b: null }], count: 2, done: true };
      const { envelope, description, messageId } = await sealed({ sealer, fields, ...CONTEXTS });
      assert.equal(kms.calls.length, calls);
      const opener = new Opener({ ...opens, cache: CACHE });
      const opened = await opener.open(envelope, { encryptionContext: EXPECTED });
      assert.equal(opened.messageId, messageId);
      const found = await opener.describe(description, { messageId, encryptionContext: EXPECTED });
      assert.deepEqual(asObject(found), { ...FILE, size: PLAINTEXT.length, messageId, ...fields });
      assert.equal(kms.calls.length - calls, /^raw/.test(kind) ? 0 : 1);

      const [file, beside] = [envelope, description].map(readHeader);
      assert.deepEqual(beside.edks, file.edks);
      assert.deepEqual(beside.context, file.context);
      assert.notDeepEqual(beside.messageId, file.messageId);
      assert.notDeepEqual(beside.commitKey, file.commitKey);
      assert.equal(beside.frameLength, file.frameLength);
    });
  }

  test('a description opens as bytes, as a Blob and as base64url', async () => {
    const { description, messageId } = await sealed();
    const options = { messageId, encryptionContext: STORED };
    for (const form of [description, description.buffer, new Blob([description]), base64Url(description)]) {
      assert.equal((await makeOpener().describe(form, options)).name, FILE.name);
    }
  });

  test('inspect, open, openRange and a prepared file give one message id, in base64url', async () => {
    const { envelope, messageId } = await sealed();
    assert.equal(messageId, readHeader(envelope).messageId.toString('base64url'));
    assert.match(messageId, /^[\w-]{43}$/);
    const opener = makeOpener();
    const found = [
      await inspect(envelope),
      await opener.open(envelope),
      await opener.open(new Blob([envelope]).stream()),
      await opener.openRange(new Blob([envelope]), { start: 5, end: 9 }),
    ];
    assert.deepEqual(
      found.map((one) => one.messageId),
      Array(4).fill(messageId),
    );
  });

  test('a source without a name is described by its size, and the page names it', async () => {
    const read = async (start, end) => PLAINTEXT.slice(start, end);
    for (const file of [new Blob([PLAINTEXT]), { size: PLAINTEXT.length, read }]) {
      const { description, messageId } = await sealed({ file, fields: { name: 'recording.webm' } });
      const { size, name, lastModified } = await makeOpener().describe(description, { messageId });
      assert.deepEqual(
        { size, name, lastModified },
        { size: PLAINTEXT.length, name: 'recording.webm', lastModified: undefined },
      );
    }
  });

  test("the page's name, type and time take the place of the file's, but its size and message id do not", async () => {
    const fields = { name: 'a', type: 'text/plain', lastModified: 1, size: 1, messageId: 'x' };
    const { description, messageId } = await sealed({ fields });
    assert.deepEqual(asObject(await makeOpener().describe(description, { messageId })), {
      ...fields,
      size: PLAINTEXT.length,
      messageId,
    });
    const without = await sealed({ fields: { name: undefined } });
    assert.ok(!('name' in (await makeOpener().describe(without.description, { messageId: without.messageId }))));
  });

  test('a name with any characters arrives as it is', async () => {
    for (const name of ['../../etc/passwd', 'a\r\nx-evil: 1', '\u202Egpj.exe', '"; filename=b', '\uD800', '']) {
      const { description, messageId } = await sealed({ fields: { name } });
      assert.equal((await makeOpener().describe(description, { messageId })).name, name);
    }
  });

  test('each engine gives the same description of several frames', async () => {
    const fields = { text: 'ü'.repeat(10_000) };
    for (const engine of ['webcrypto', 'wasm']) {
      const sealer = makeSealer({ engine, frameLength: 4096 });
      const { description, messageId } = await sealed({ sealer, fields });
      assert.ok((await inspect(description)).frames > 4);
      for (const opening of ['webcrypto', 'wasm'])
        assert.equal((await makeOpener({ engine: opening }).describe(description, { messageId })).text, fields.text);
    }
  });
});

describe('what is made once', () => {
  test('a description is the same again, in bytes of its own', async () => {
    const prepared = await makeSealer().prepare(makeFile());
    const first = await prepared.describe({ title: 'a' });
    const again = await prepared.describe({ title: 'a' });
    assert.deepEqual(again, first);
    again.fill(0);
    assert.deepEqual(await prepared.describe({ title: 'a' }), first);
  });

  test('other fields are refused after the first ones, since their bytes would reuse a nonce', async () => {
    const prepared = await makeSealer().prepare(makeFile());
    await prepared.describe({ title: 'a' });
    for (const fields of [undefined, {}, { title: 'b' }]) await assert.rejects(prepared.describe(fields), TypeError);
  });

  test('a refused field leaves the description to be made', async () => {
    const prepared = await makeSealer().prepare(makeFile());
    await assert.rejects(prepared.describe({ title: 1n }), TypeError);
    // It would have been sealed in place of all fields, and no reader would have opened it.
    await assert.rejects(prepared.describe({ toJSON: () => ({ name: 'a' }) }), TypeError);
    assert.ok((await prepared.describe({ title: 'a' })).length > 0);
  });

  test('a restored file gives the description that it was saved with, and no other', async () => {
    const [sealer, file] = [makeSealer(), makeFile()];
    const prepared = await sealer.prepare(file);
    const description = await prepared.describe({ title: 'a' });
    const restored = await sealer.restore(file, structuredClone(await prepared.save()));
    assert.equal(restored.messageId, prepared.messageId);
    assert.deepEqual(await restored.describe(), description);
    const again = await sealer.restore(file, structuredClone(await restored.save()));
    assert.deepEqual(await again.describe(), description);
    assert.equal((await makeOpener().describe(description, restored)).title, 'a');

    const bare = await (await sealer.prepare(file)).save();
    await assert.rejects((await sealer.restore(file, bare)).describe(), TypeError);
    await assert.rejects(sealer.restore(file, { ...bare, description: 'text' }), { code: 'ERR_STORAGE' });
  });

  test('a closed file, and one that has changed, are not described', async () => {
    const closed = await makeSealer().prepare(makeFile());
    closed.close();
    await assert.rejects(closed.describe(), { code: 'ERR_CLOSED' });
    let turn = 0;
    const read = async (start, end) => new Uint8Array(end - start).fill(turn++);
    const changed = await makeSealer().prepare({ size: 5000, read });
    await changed.slice();
    await assert.rejects(changed.slice(), { code: 'ERR_SOURCE_CHANGED' });
    await assert.rejects(changed.describe(), { code: 'ERR_SOURCE_CHANGED' });
  });
});

describe('what cannot be described', () => {
  const cyclic = {};
  cyclic.self = cyclic;
  for (const [what, value] of Object.entries({
    'a cycle': cyclic,
    'a bigint': 1n,
    'a function': () => {},
    'a symbol': Symbol('a'),
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    'a Map': new Map(),
    'a Date': new Date(0),
    'an object with toJSON': { toJSON: () => 'a' },
    'a list with a gap': ['a', undefined],
    'a Blob': new Blob([]),
    bytes: new Uint8Array(3),
  })) {
    test(`a field that is ${what} is a TypeError, also deeper`, async () => {
      const prepared = await makeSealer().prepare(makeFile());
      for (const fields of [{ value }, { deeper: [{ value }] }])
        await assert.rejects(prepared.describe(fields), TypeError);
    });
  }

  test('fields that are not an object, or name a file by anything but a text, are a TypeError', async () => {
    const prepared = await makeSealer().prepare(makeFile());
    for (const fields of [
      null,
      'a',
      1,
      true,
      [],
      makeFile(),
      new Map(),
      { name: 1 },
      { type: {} },
      { lastModified: 'now' },
    ])
      await assert.rejects(prepared.describe(fields), TypeError);
  });

  test('a description has at most 64 KiB of JSON', async () => {
    const prepared = await makeSealer().prepare(makeFile());
    const bare = asObject(await makeOpener().describe(...Object.values(await one())));
    const room = 65_536 - Buffer.byteLength(JSON.stringify({ ...bare, text: '' }));
    await assert.rejects(prepared.describe({ text: 'x'.repeat(room + 1) }), {
      code: 'ERR_TOO_LONG',
      message: /65537 bytes of JSON/,
    });
    const description = await prepared.describe({ text: 'x'.repeat(room) });
    const { text } = await makeOpener().describe(description, prepared);
    assert.equal(text.length, room);

    async function one() {
      const { description, messageId } = await sealed();
      return { description, options: { messageId } };
    }
  });
});

describe('what is refused', () => {
  const code = (code) => ({ name: 'KmsealError', code });

  test("one file's description is refused in place of another's, also under one data key", async () => {
    for (const cache of [undefined, CACHE]) {
      const sealer = makeSealer({ cache });
      const [one, other] = [await sealed({ sealer }), await sealed({ sealer, file: makeFile({ name: 'other.pdf' }) })];
      const opener = makeOpener();
      for (const [description, { messageId }] of [
        [one.description, other],
        [other.description, one],
      ])
        await assert.rejects(
          opener.describe(description, { messageId, encryptionContext: STORED }),
          code('ERR_AUTHENTICATION'),
        );
    }
  });

  test('a description is refused under another context, and when it was altered or cut', async () => {
    const { description, messageId } = await sealed(CONTEXTS);
    const opener = makeOpener();
    const open = (bytes, encryptionContext = EXPECTED) => opener.describe(bytes, { messageId, encryptionContext });
    assert.equal((await open(description)).name, FILE.name);
    await assert.rejects(open(description, { tenant: '8' }), code('ERR_CONTEXT'));
    await assert.rejects(open(description, STORED), code('ERR_CONTEXT'));
    for (const at of [description.length - 1, description.length - 20, readHeader(description).length - 1])
      await assert.rejects(open(description.with(at, description[at] ^ 1)), code('ERR_AUTHENTICATION'));
    await assert.rejects(open(description.subarray(0, -1)), code('ERR_TRUNCATED'));
    await assert.rejects(open(base64Url(description).slice(0, -40)), code('ERR_TRUNCATED'));
  });

  test('an envelope that holds no description is refused, the file itself, too', async () => {
    const { envelope, messageId } = await sealed();
    const described = JSON.stringify({ size: 1, messageId });
    for (const content of [
      '',
      'null',
      '7',
      '"text"',
      `[${described}]`,
      described.slice(0, -1),
      `${described},`,
      JSON.stringify({ size: '1', messageId }),
      JSON.stringify({ size: 1, messageId, name: { toString: 'x' } }),
      JSON.stringify({ size: 1, messageId, type: 7 }),
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      '['.repeat(60_000),
      `{"size":1,"messageId":"${messageId}","deep":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
    ]) {
      const envelope = await forged(content);
      await assert.rejects(
        makeOpener().describe(envelope, { messageId }),
        code('ERR_ENVELOPE_INVALID'),
        `${content}`.slice(0, 80),
      );
    }
    // Only what is still being made has no size, and each has its file's message id.
    assert.deepEqual(
      { ...(await makeOpener().describe(await forged(JSON.stringify({ messageId })), { messageId })) },
      { messageId },
    );
    await assert.rejects(makeOpener().describe(await forged('{}'), { messageId }), code('ERR_AUTHENTICATION'));
    for (const content of [
      { size: 1 },
      { size: 1, messageId: [messageId] },
      { size: 1, messageId: messageId.toLowerCase() },
    ])
      await assert.rejects(
        makeOpener().describe(await forged(JSON.stringify(content)), { messageId }),
        code('ERR_AUTHENTICATION'),
      );
    await assert.rejects(makeOpener().describe(envelope, { messageId }), code('ERR_ENVELOPE_INVALID'));
    for (const text of ['', 'é', '!!!!', base64Url(Buffer.from('not an envelope'))])
      await assert.rejects(makeOpener().describe(text, { messageId }), (error) =>
        ['ERR_ENVELOPE_INVALID', 'ERR_TRUNCATED'].includes(error.code),
      );
  });

  test('what is longer than any description is refused before KMS is asked', async () => {
    const { messageId } = await sealed();
    const long = await makeSealer().seal(new Uint8Array(2 ** 20));
    const calls = kms.calls.length;
    for (const form of [long, new Blob([long]), base64Url(long), 'A'.repeat(2_000_000)])
      await assert.rejects(makeOpener().describe(form, { messageId }), code('ERR_ENVELOPE_INVALID'));
    assert.equal(kms.calls.length, calls);
  });

  test('a key that a stranger wrote changes no prototype', async () => {
    const { messageId } = await sealed();
    const json = `{"size":1,"messageId":"${messageId}","__proto__":{"admin":true},"constructor":{"a":1},"toString":"x","in":[{"__proto__":{"admin":true},"b":1}]}`;
    const found = await makeOpener().describe(await forged(json), { messageId });
    assert.equal(Object.getPrototypeOf(found), null);
    assert.equal(Object.getPrototypeOf(found.in[0]), null);
    assert.deepEqual(Object.keys(found), ['size', 'messageId', 'constructor', 'toString', 'in']);
    assert.deepEqual(Object.keys(found.in[0]), ['b']);
    assert.equal({ ...found, ...found.in[0] }.admin, undefined);
    assert.equal(Object.assign({}, found).admin, undefined);
    assert.equal({}.admin, undefined);
  });

  test('a missing message id is a TypeError, before KMS is asked', async () => {
    const { description, messageId } = await sealed();
    const calls = kms.calls.length;
    for (const wrong of [undefined, '', 7, `${messageId}=`, Buffer.from(messageId, 'base64url').toString('hex')])
      await assert.rejects(makeOpener().describe(description, { messageId: wrong }), TypeError);
    for (const nothing of [undefined, 7, {}, new Blob([description]).stream()])
      await assert.rejects(makeOpener().describe(nothing, { messageId }), TypeError);
    assert.equal(kms.calls.length, calls);
  });

  test('a signal stops the call', async () => {
    const { description, messageId } = await sealed();
    const signal = AbortSignal.abort('stopped');
    await assert.rejects(makeOpener().describe(description, { messageId, signal }), (reason) => reason === 'stopped');
  });
});

test('a description is an ordinary envelope, which opens to its JSON', async () => {
  const { description, messageId } = await sealed();
  const { plaintext, ...opened } = await makeOpener().open(new Blob([description]).stream(), {
    encryptionContext: STORED,
  });
  assert.deepEqual(JSON.parse(Buffer.from(await collect(plaintext))), { ...FILE, size: PLAINTEXT.length, messageId });
  assert.notEqual(opened.messageId, messageId);
});
