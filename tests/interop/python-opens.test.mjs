// kmseal seals in Chromium, also from a real file input, and AWS's Python Encryption SDK opens through KMS.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { pairsOf, sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { readHeader } from '../support/message.mjs';
import { openPage } from '../support/browsers/session.mjs';
import { CONTEXTS, MIB, lengthsAround } from './contexts.mjs';
import { startPython } from './peers/python.mjs';

const ENGINES = ['webcrypto', 'wasm'];
const HASHES = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'];
const DEFAULT_FRAME = 256 * 1024;
const SHORT_FRAME = 4096;
const LENGTHS = [...new Set([...lengthsAround(DEFAULT_FRAME), ...lengthsAround(SHORT_FRAME)])];

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-opens-'));
let kms;
let python;
let page;
let keys;
before(async () => {
  kms = await startKms();
  keys = await Promise.all(['RSA_4096', 'RSA_2048', 'RSA_3072'].map((spec) => kms.createKey({ spec })));
  python = await startPython(kms.emulator);
  page = await openPage('chromium');
  for (const length of LENGTHS) writeFileSync(path.join(folder, `${length}.bin`), sample(length));
  await page.chooseFiles(LENGTHS.map((length) => path.join(folder, `${length}.bin`)));
});
after(async () => {
  await page?.close();
  await python?.close();
  await kms?.close();
  rmSync(folder, { recursive: true });
});

/** Seals the chosen file of this length, in the page, as this kind of source. */
function seal(length, { from = 'File', by = [keys[0]], algorithm, sealer, ...options } = {}) {
  return page.evaluate(
    async (name, from, keys, encryptionAlgorithm, sealerOptions, sealOptions) => {
      const { KmsPublicKey, Sealer } = await import('/dist/index.js');
      const { collect, inPieces, withOffset } = await import('/support/bytes.mjs');
      const { chosenFile } = await import('/support/kit.mjs');
      const imported = await Promise.all(keys.map((key) => KmsPublicKey.import(key, { encryptionAlgorithm })));
      const sealer = new Sealer({ ...sealerOptions, keys: imported });
      const file = chosenFile(name);
      const bytes = new Uint8Array(await file.arrayBuffer());
      const sources = {
        File: () => file,
        Blob: () => new Blob([bytes.subarray(0, 1), bytes.subarray(1)]),
        bytes: () => withOffset(bytes),
        stream: () => inPieces(bytes, 1, 70_000, 3, 4096),
      };
      const envelope = await collect(await sealer.seal(sources[from](), sealOptions));
      const expected = sealer.sealedSize(bytes.length, sealOptions);
      if (envelope.length !== expected) throw new Error(`${envelope.length} bytes instead of ${expected}`);
      return envelope;
    },
    `${length}.bin`,
    from,
    by,
    algorithm,
    sealer,
    options,
  );
}

/** Shows that Python opens it, to the file and under exactly these pairs. */
async function opens(envelope, length, { keyIds = [keys[0].KeyId], algorithm, stored = {}, required = {} } = {}) {
  const opened = await python.open(envelope, { keyIds, algorithm, encryptionContext: { ...stored, ...required } });
  assert.ok(Buffer.from(sample(length)).equals(opened.plaintext), `${length} bytes`);
  assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(stored));
}

describe('every length', () => {
  for (const engine of ENGINES) {
    for (const from of ['File', 'Blob', 'bytes', 'stream']) {
      for (const frameLength of [undefined, SHORT_FRAME]) {
        test(`Python opens every length sealed from ${from}, engine ${engine}, frames of ${frameLength ?? 'the default length'}`, async () => {
          for (const length of lengthsAround(frameLength ?? DEFAULT_FRAME)) {
            const stored = { purpose: 'interop', length: `${length}` };
            const envelope = await seal(length, { from, sealer: { engine, frameLength }, encryptionContext: stored });
            assert.equal(readHeader(envelope).frameLength, frameLength ?? DEFAULT_FRAME);
            await opens(envelope, length, { stored });
          }
        });
      }
    }
  }
});

describe('encryption contexts', () => {
  for (const [name, stored] of Object.entries(CONTEXTS)) {
    test(`Python opens an envelope with this context: ${name}`, async () => {
      await opens(await seal(1, { encryptionContext: stored }), 1, { stored });
    });
    test(`Python opens an envelope with this required context: ${name}`, async () => {
      const envelope = await seal(1, { encryptionContext: { stored: 'too' }, requiredEncryptionContext: stored });
      await opens(envelope, 1, { stored: { stored: 'too' }, required: stored });
    });
  }

  test('required pairs are not stored, and Python does not open without them', async () => {
    const [stored, required] = [{ tenant: '7' }, { owner: '😀', ключ: '' }];
    const envelope = await seal(4097, { encryptionContext: stored, requiredEncryptionContext: required });
    await opens(envelope, 4097, { stored, required });
    for (const pairs of [{}, { owner: '😀' }, { ...required, owner: 'other' }, { ...required, more: 'x' }]) {
      await assert.rejects(
        opens(envelope, 4097, { stored, required: pairs }),
        /context|decrypt/i,
        JSON.stringify(pairs),
      );
    }
  });

  test('the contexts of constructor and call add up', async () => {
    const sealer = { encryptionContext: { a: '1' }, requiredEncryptionContext: { b: '2' } };
    const envelope = await seal(1, { sealer, encryptionContext: { c: '3' }, requiredEncryptionContext: { d: '4' } });
    await opens(envelope, 1, { stored: { a: '1', c: '3' }, required: { b: '2', d: '4' } });
  });
});

describe('keys', () => {
  for (const engine of ENGINES) {
    for (const algorithm of HASHES) {
      test(`Python opens with RSA_4096, RSA_3072 and RSA_2048 and ${algorithm}, engine ${engine}`, async () => {
        for (const key of keys) {
          const envelope = await seal(4097, { by: [key], algorithm, sealer: { engine } });
          await opens(envelope, 4097, { keyIds: [key.KeyId], algorithm });
        }
      });
    }

    test(`Python opens with any one of several keys, engine ${engine}`, async () => {
      const envelope = await seal(4097, { by: keys, sealer: { engine } });
      for (const { KeyId } of keys) await opens(envelope, 4097, { keyIds: [KeyId] });
      const stranger = await kms.createKey();
      await assert.rejects(opens(envelope, 4097, { keyIds: [stranger.KeyId] }), /decrypt/i);
    });
  }

  test('Python opens with a multi-Region key', async () => {
    const key = await kms.createKey({ multiRegion: true });
    assert.match(key.KeyId, /key\/mrk-/);
    await opens(await seal(1, { by: [key] }), 1, { keyIds: [key.KeyId] });
  });
});

describe('ways to seal', () => {
  for (const engine of ENGINES) {
    test(`Python opens an envelope assembled from slices that were sealed in parallel, engine ${engine}`, async () => {
      const envelope = await page.evaluate(
        async (name, key, engine) => {
          const { KmsPublicKey, Sealer } = await import('/dist/index.js');
          const { collect } = await import('/support/bytes.mjs');
          const { chosenFile } = await import('/support/kit.mjs');
          const sealed = await new Sealer({ keys: [await KmsPublicKey.import(key)], engine }).prepare(chosenFile(name));
          const part = 300_001;
          const starts = Array.from({ length: Math.ceil(sealed.size / part) }, (_, index) => index * part);
          return collect(new Blob(await Promise.all(starts.map((start) => sealed.slice(start, start + part)))));
        },
        `${3 * MIB}.bin`,
        keys[0],
        engine,
      );
      await opens(envelope, 3 * MIB);
    });
  }

  test('Python opens the description of a file, which is an envelope of the same data key', async () => {
    const [stored, required] = [{ purpose: 'description' }, { owner: 'ü' }];
    const { description, header, messageId } = await page.evaluate(
      async (name, key, contexts) => {
        const { KmsPublicKey, Sealer } = await import('/dist/index.js');
        const { collect } = await import('/support/bytes.mjs');
        const { chosenFile } = await import('/support/kit.mjs');
        const sealer = new Sealer({ keys: [await KmsPublicKey.import(key)] });
        const prepared = await sealer.prepare(chosenFile(name), contexts);
        const description = await prepared.describe({ title: 'Befund ü' });
        return { description, header: await collect(await prepared.slice(0, 2000)), messageId: prepared.messageId };
      },
      '4096.bin',
      keys[0],
      { encryptionContext: stored, requiredEncryptionContext: required },
    );
    const encryptionContext = { ...stored, ...required };
    const { plaintext } = await python.open(description, { keyIds: [keys[0].KeyId], encryptionContext });
    const { lastModified: _, ...described } = JSON.parse(Buffer.from(plaintext).toString());
    const type = 'application/octet-stream';
    assert.deepEqual(described, { name: '4096.bin', type, size: 4096, messageId, title: 'Befund ü' });
    assert.deepEqual(readHeader(description).edks, readHeader(header).edks);
  });

  test('Python opens several envelopes under one cached data key', async () => {
    const stored = { purpose: 'cache' };
    const envelopes = await page.evaluate(
      async (names, key, encryptionContext) => {
        const { KmsPublicKey, Sealer } = await import('/dist/index.js');
        const { collect } = await import('/support/bytes.mjs');
        const { chosenFile } = await import('/support/kit.mjs');
        const sealer = new Sealer({
          keys: [await KmsPublicKey.import(key)],
          encryptionContext,
          cache: { maxAge: 60_000 },
        });
        const sealed = await Promise.all(names.map((name) => sealer.seal(chosenFile(name))));
        return Promise.all(sealed.map(collect));
      },
      ['1.bin', '4096.bin', '4097.bin'],
      keys[1],
      stored,
    );
    const headers = envelopes.map(readHeader);
    assert.equal(new Set(headers.map(({ edks }) => edks[0].ciphertext.toString('hex'))).size, 1);
    assert.equal(new Set(headers.map(({ messageId }) => messageId.toString('hex'))).size, 3);
    for (const [index, length] of [1, 4096, 4097].entries()) {
      await opens(envelopes[index], length, { keyIds: [keys[1].KeyId], stored });
    }
  });
});

describe("KMS's own operations, done in Chromium and undone by KMS", () => {
  const decrypt = async (key, algorithm, CiphertextBlob) => {
    const command = new DecryptCommand({ KeyId: key.KeyId, CiphertextBlob, EncryptionAlgorithm: algorithm });
    return Buffer.from((await kms.client.send(command)).Plaintext);
  };

  for (const algorithm of HASHES) {
    test(`KMS decrypts what encrypt, generateDataKey and generateDataKeyWithoutPlaintext made in Chromium, with ${algorithm}`, async () => {
      for (const key of keys) {
        const made = await page.evaluate(
          async (key, encryptionAlgorithm) => {
            const { KmsPublicKey, generateRandom } = await import('/dist/index.js');
            const { withOffset } = await import('/support/bytes.mjs');
            const imported = await KmsPublicKey.import(key, { encryptionAlgorithm });
            const { maxPlaintextLength } = imported;
            const plaintexts = [1, 32, maxPlaintextLength].map(generateRandom);
            const encrypted = plaintexts.map((plaintext) => ({
              plaintext,
              ciphertext: imported.encrypt(withOffset(plaintext)),
            }));
            let refusal;
            try {
              imported.encrypt(new Uint8Array(maxPlaintextLength + 1));
            } catch ({ code }) {
              refusal = code;
            }
            const generated = [imported.generateDataKey(), imported.generateDataKey()];
            return {
              maxPlaintextLength,
              encrypted,
              refusal,
              generated,
              hidden: imported.generateDataKeyWithoutPlaintext(),
            };
          },
          key,
          algorithm,
        );
        // RFC 8017, 7.1.1: the modulus less two hashes less 2.
        const hash = algorithm === 'RSAES_OAEP_SHA_1' ? 20 : 32;
        assert.equal(made.maxPlaintextLength, Number(key.KeySpec.slice(4)) / 8 - 2 * hash - 2);
        assert.equal(made.refusal, 'ERR_TOO_LONG');
        for (const { plaintext, ciphertext } of made.encrypted) {
          assert.deepEqual(await decrypt(key, algorithm, ciphertext), Buffer.from(plaintext));
        }
        for (const { plaintext, ciphertextBlob } of made.generated) {
          assert.equal(plaintext.length, 32);
          assert.deepEqual(await decrypt(key, algorithm, ciphertextBlob), Buffer.from(plaintext));
        }
        assert.notDeepEqual(made.generated[0].plaintext, made.generated[1].plaintext);
        assert.deepEqual(Object.keys(made.hidden), ['ciphertextBlob']);
        assert.equal((await decrypt(key, algorithm, made.hidden.ciphertextBlob)).length, 32);
      }
    });
  }
});
