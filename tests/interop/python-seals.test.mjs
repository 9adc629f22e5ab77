// AWS's Python Encryption SDK seals, and kmseal opens through KMS, in Node and in Chromium.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DecryptCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms';
import { KmsealError, Opener } from 'kmseal';
import { collect, inPieces, pairsOf, sample, withOffset } from '../support/page/bytes.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { framePlaces } from '../support/message.mjs';
import { openPage } from '../support/browsers/session.mjs';
import { CONTEXTS, lengthsAround } from './contexts.mjs';
import { startPython } from './peers/python.mjs';

const ENGINES = ['webcrypto', 'wasm'];
const FRAME = 4096;
const LENGTHS = [...lengthsAround(FRAME), 2 * FRAME];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-seals-'));
const messages = new Map();
let kms;
let python;
let page;
let key;
let other;
before(async () => {
  kms = await startKms();
  key = await kms.createKey({ spec: 'RSA_4096' });
  other = await kms.createKey();
  python = await startPython(kms.emulator);
  page = await openPage('chromium', {
    routes(app) {
      kmsRoutes(kms)(app);
      app.get('/messages/:name', (context) => context.body(messages.get(context.req.param('name'))));
    },
  });
});
after(async () => {
  await page?.close();
  await python?.close();
  await kms?.close();
  rmSync(folder, { recursive: true });
});

/** The forms in which Node programs hold envelopes, and pages too. */
const IN_NODE = {
  Blob: (message) => new Blob([message]),
  bytes: (message) => withOffset(message),
  ArrayBuffer: (message) => message.buffer.slice(message.byteOffset, message.byteOffset + message.byteLength),
  DataView: (message) => new DataView(...Object.values(viewParts(withOffset(message)))),
  // A small Buffer lies at an offset in Node's pool.
  Buffer: (message) => Buffer.from(message),
  stream: (message) => inPieces(message, 1, 5000, 17),
  'file stream': (message) => createReadStream(fileOf(message), { highWaterMark: 1000 }),
  generator: async function* (message) {
    for (let at = 0; at < message.length; at += 777) yield message.subarray(at, at + 777);
  },
};

const viewParts = ({ buffer, byteOffset, byteLength }) => ({ buffer, byteOffset, byteLength });

function fileOf(message) {
  const file = path.join(folder, 'message');
  writeFileSync(file, message);
  return file;
}

async function openInNode(message, form, { decrypt = kms.decrypt, encryptionContext, ...options }) {
  const opener = new Opener({ ...options, decrypt });
  const opened = await opener.open(IN_NODE[form](message), { encryptionContext });
  const plaintext = await collect(opened.plaintext);
  return { ...opened, length: plaintext.length, sha256: sha256(plaintext) };
}

/** The page fetches it in this form, and opens it. */
function openInPage(message, form, { encryptionContext = {}, ...options }) {
  const name = String(messages.size);
  messages.set(name, message);
  return page.evaluate(
    async (name, form, options, encryptionContext) => {
      const { Opener } = await import('/dist/index.js');
      const { collect } = await import('/support/bytes.mjs');
      const { decrypt } = await import('/support/kit.mjs');
      const response = await fetch(`/messages/${name}`);
      const forms = { Blob: () => response.blob(), bytes: () => response.arrayBuffer(), stream: () => response.body };
      const opener = new Opener({ ...options, decrypt });
      const opened = await opener.open(await forms[form](), { encryptionContext });
      const plaintext = await collect(opened.plaintext);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', plaintext)).toHex();
      return { ...opened, length: plaintext.length, sha256: digest, plaintext: opened.plaintext.constructor.name };
    },
    name,
    form,
    options,
    encryptionContext,
  );
}

const PLACES = {
  Node: { open: openInNode, forms: Object.keys(IN_NODE) },
  Chromium: { open: openInPage, forms: ['Blob', 'bytes', 'stream'] },
};

/** Asserts that kmseal opens it, in every form, to these bytes, under all of these pairs. */
async function opens(
  message,
  plaintext,
  { place, engine, forms = PLACES[place].forms, keyIds = [key.KeyId], expected = {}, ...options },
) {
  for (const form of forms) {
    const opened = await PLACES[place].open(message, form, { keyIds, engine, encryptionContext: expected, ...options });
    assert.equal(opened.length, plaintext.length, form);
    assert.equal(opened.sha256, sha256(plaintext), form);
    assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(expected), form);
    assert.ok(keyIds.includes(opened.keyId), form);
  }
}

for (const place of Object.keys(PLACES)) {
  const one = place === 'Node' ? ['Buffer'] : ['bytes'];
  describe(`opened in ${place}`, () => {
    for (const engine of ENGINES) {
      for (const length of LENGTHS) {
        test(`${place} opens ${length} bytes that Python sealed, engine ${engine}`, async () => {
          const plaintext = sample(length);
          const frameLength = length > 2 * FRAME ? 64 * 1024 : FRAME;
          const context = { length: `${length}` };
          const message = await python.seal(plaintext, { keys: [key], frameLength, encryptionContext: context });
          const frames = framePlaces(message);
          // Python ends an exact multiple of the frame length in an empty frame, which has 40 bytes.
          assert.equal(frames.length, Math.floor(length / frameLength) + 1);
          if (length % frameLength === 0) assert.equal(frames.at(-1)[1] - frames.at(-1)[0], 40);
          await opens(message, plaintext, { place, engine, expected: context });
        });
      }

      for (const algorithm of ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1']) {
        test(`${place} opens what Python sealed with ${algorithm}, engine ${engine}`, async () => {
          const message = await python.seal(sample(FRAME + 1), { keys: [other], algorithm });
          const settings = { place, engine, keyIds: [other.KeyId], encryptionAlgorithm: algorithm };
          await opens(message, sample(FRAME + 1), { ...settings, forms: one });
        });
      }
    }

    for (const [name, context] of Object.entries(CONTEXTS)) {
      test(`${place} opens what Python sealed with this context: ${name}`, async () => {
        const message = await python.seal(sample(9), { keys: [key], encryptionContext: context });
        await opens(message, sample(9), { place, forms: one, expected: context });
      });

      const required = Object.keys(context);
      if (required.length === 0) continue;
      test(`${place} opens what Python sealed with this required context: ${name}`, async () => {
        const all = { ...context, stored: 'too' };
        const message = await python.seal(sample(9), { keys: [key], encryptionContext: all, required });
        await opens(message, sample(9), { place, forms: one, expected: all });
        const open = (encryptionContext) =>
          PLACES[place].open(message, one[0], { keyIds: [key.KeyId], encryptionContext });
        await assert.rejects(open({ stored: 'too' }), { code: 'ERR_CONTEXT' });
        await assert.rejects(open({ ...all, [required[0]]: 'another' }), { code: 'ERR_CONTEXT' });
      });
    }

    test(`${place} opens with each key of Python's multi-keyring`, async () => {
      const message = await python.seal(sample(5000), { keys: [other, key] });
      for (const { KeyId } of [key, other]) await opens(message, sample(5000), { place, keyIds: [KeyId] });
      const stranger = await kms.createKey();
      const open = PLACES[place].open(message, one[0], { keyIds: [stranger.KeyId] });
      await assert.rejects(open, { code: 'ERR_NO_MATCHING_KEY' });
    });
  });
}

test('a multi-Region key opens in the region of its replica', async () => {
  const primary = await kms.createKey({ multiRegion: true });
  const region = 'eu-west-1';
  await kms.client.send(new ReplicateKeyCommand({ KeyId: primary.KeyId, ReplicaRegion: region }));
  const replica = primary.KeyId.replace(/:kms:[^:]+:/, `:kms:${region}:`);
  const message = await python.seal(sample(5000), { keys: [primary] });
  const there = kms.createClient({ region });
  const decrypt = (input, { signal }) => there.send(new DecryptCommand(input), { abortSignal: signal });
  for (const engine of ENGINES) {
    await opens(message, sample(5000), { place: 'Node', engine, keyIds: [replica], decrypt });
  }
});

test('the plaintext has the same kind as the input', async () => {
  const message = await python.seal(sample(5000), { keys: [key] });
  const kinds = { Blob: Blob, bytes: Uint8Array, ArrayBuffer: Uint8Array, DataView: Uint8Array, Buffer: Uint8Array };
  for (const form of PLACES.Node.forms) {
    const { plaintext } = await openInNode(message, form, { keyIds: [key.KeyId] });
    assert.equal(plaintext.constructor, kinds[form] ?? ReadableStream, form);
  }
  for (const [form, kind] of Object.entries({ Blob: 'Blob', bytes: 'Uint8Array', stream: 'ReadableStream' })) {
    assert.equal((await openInPage(message, form, { keyIds: [key.KeyId] })).plaintext, kind);
  }
});

test('errors are KmsealErrors, and pages see the same ones', async () => {
  const message = (await python.seal(sample(5000), { keys: [key] })).slice(0, -1);
  for (const form of PLACES.Node.forms) {
    const opening = openInNode(message, form, { keyIds: [key.KeyId] });
    await assert.rejects(opening, (error) => error instanceof KmsealError && error.code === 'ERR_TRUNCATED', form);
  }
  for (const form of PLACES.Chromium.forms) {
    const opening = openInPage(message, form, { keyIds: [key.KeyId] });
    await assert.rejects(opening, { name: 'KmsealError', code: 'ERR_TRUNCATED' }, form);
  }
});
