// What is handed in as an option and is not one. Nobody would notice that it is ignored: what is sealed is bound to nothing, and any envelope opens.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import Uppy from '@uppy/core';
import { KmsPublicKey, Opener, RsaPublicKey, Sealer, inspect, reseal } from 'kmseal';
import { resumeSealed, uploadSealed } from 'kmseal/s3';
import { UploadStore } from 'kmseal/store';
import { resumeTusOptions, tusOptions } from 'kmseal/tus';
import Seal from 'kmseal/uppy';
import { testUploads } from './store.mjs';

const BYTES = new Uint8Array(9);
const SOURCE = { size: BYTES.length, read: async (start, end) => BYTES.slice(start, end) };
const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const decrypt = () => assert.fail('KMS was asked');
const uploads = await testUploads();

let pem;
let calls;
before(async () => {
  pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(pem, { keyId: KEY_ID })] });
  const opener = new Opener({ keyIds: [KEY_ID], decrypt });
  const envelope = await sealer.seal(BYTES, { encryptionContext: { user: '7' } });
  const [blob, sealed] = [new Blob([BYTES]), new Blob([envelope])];
  const prepared = await sealer.prepare(blob);
  const { messageId } = prepared;
  const description = await prepared.describe();
  calls = {
    'seal of a Blob': (options) => sealer.seal(blob, options),
    'seal of bytes': (options) => sealer.seal(BYTES, options),
    'seal of a stream': (options) => sealer.seal(blob.stream(), options),
    'seal of { size, read }': (options) => sealer.seal(SOURCE, options),
    prepare: (options) => sealer.prepare(blob, options),
    sealedSize: async (options) => sealer.sealedSize(9, options),
    'open of a Blob': (options) => opener.open(sealed, options),
    'open of bytes': (options) => opener.open(envelope, options),
    'open of a stream': (options) => opener.open(sealed.stream(), options),
    openRange: (options) => opener.openRange(sealed, options),
    describe: (options) => opener.describe(description, { messageId, ...options }),
    unlock: (options) => opener.unlock(envelope, options),
    reseal: (options) => reseal(envelope, { opener, sealer, ...options }),
  };
});

/** Those calls that refuse these options in these words, and what the others do. */
async function refusing(options, words) {
  const outcomes = Object.entries(calls).map(async ([name, call]) => {
    const error = await call(options).then(
      () => 'nothing',
      (thrown) => thrown,
    );
    return [name, error instanceof TypeError && words.test(error.message) ? 'refused' : `${error}`];
  });
  return Object.fromEntries(await Promise.all(outcomes));
}

const all = (outcome) => Object.fromEntries(Object.keys(calls).map((name) => [name, outcome]));

test('every call refuses an encryption context in place of its options', async () => {
  const words = /^"user" is not an option; check its name, or give the pairs as \{ encryptionContext \}$/;
  assert.deepEqual(await refusing({ user: '8' }, words), all('refused'));
});

test('every call refuses an encryption context under the name that the AWS SDK has for it', async () => {
  assert.deepEqual(
    await refusing({ EncryptionContext: { user: '8' } }, /^"EncryptionContext" is not an option;/),
    all('refused'),
  );
});

test('every call refuses pairs by another name beside an encryption context', async () => {
  for (const stray of ['requiredContext', 'requiredencryptionContext', 'frameLength']) {
    const words = new RegExp(`^"${stray}" is not an option;`);
    const options = { encryptionContext: { user: '7' }, [stray]: { pin: '8' } };
    assert.deepEqual(await refusing(options, words), all('refused'));
  }
});

test('calls that open refuse requiredEncryptionContext, whose pairs belong to the others', async () => {
  const required = { requiredEncryptionContext: { pin: '8' } };
  const opening = ['open of a Blob', 'open of bytes', 'open of a stream', 'openRange', 'describe', 'unlock', 'reseal'];
  for (const options of [required, { encryptionContext: { user: '7' }, ...required }]) {
    const outcomes = await refusing(options, /^"requiredEncryptionContext" is not an option; check/);
    const refused = Object.keys(outcomes).filter((name) => outcomes[name] === 'refused');
    assert.deepEqual(refused, opening);
  }
});

test('a Sealer refuses an encryption context in place of its options, or under another name', async () => {
  const keys = await KmsPublicKey.import(pem, { keyId: KEY_ID });
  for (const stray of ['user', 'context', 'EncryptionContext']) {
    const message = `"${stray}" is not an option; check its name, or give the pairs as { encryptionContext }`;
    assert.throws(() => new Sealer({ keys, [stray]: '8' }), { name: 'TypeError', message });
  }
  const none = { encryptionContext: undefined, requiredEncryptionContext: undefined, cache: undefined };
  new Sealer({ keys, mixed: true, frameLength: 4096, engine: 'wasm', ...none });
});

test('an Opener refuses a limit by another name, which would be none', () => {
  for (const stray of ['minFrameLenght', 'timeout', 'requiredEncryptionContext']) {
    const message = new RegExp(`^"${stray}" is not an option; check its name, or take one of keyIds, `);
    assert.throws(() => new Opener({ keyIds: [KEY_ID], decrypt, [stray]: 4096 }), { name: 'TypeError', message });
  }
  new Opener({
    keyIds: [KEY_ID],
    decrypt,
    maxEncryptedDataKeys: 1,
    engine: 'wasm',
    idleTimeout: 9,
    minFrameLenght: undefined,
  });
});

test('options without a value, and those of other calls, are accepted', async () => {
  const none = { encryptionContext: undefined, signal: undefined, onProgress: undefined, idleTimeout: undefined };
  for (const name of ['seal of a Blob', 'seal of bytes', 'seal of { size, read }', 'prepare', 'sealedSize'])
    await calls[name]({ ...none, requiredEncryptionContext: undefined, size: 9 });
});

test('a fingerprint in place of the options, or under another name, does not leave a key without a pin', async () => {
  const pin = `SHA256:${'A'.repeat(43)}=`;
  const names = { keyNamespace: 'example', keyName: 'offline' };
  for (const load of [
    (options) => KmsPublicKey.import(pem, options),
    (options) => KmsPublicKey.fetch('https://www.example.com/key.json', options),
    (options) => RsaPublicKey.import(pem, options),
  ]) {
    const refused = (words) => ({ name: 'TypeError', message: words });
    await assert.rejects(load(pin), refused(/^"0" is not an option; check its name, or take one of .*fingerprint/));
    await assert.rejects(load({ fingerprints: [pin] }), refused(/^"fingerprints" is not an option;/));
  }
  // Whose option it is: beside a pin, too, it would leave SHA-256.
  const { fingerprint: own } = await KmsPublicKey.import(pem, { keyId: KEY_ID });
  await assert.rejects(KmsPublicKey.import(pem, { keyId: KEY_ID, fingerprint: own, hash: 'SHA-1' }), {
    name: 'TypeError',
    message: /^"hash" is not an option;/,
  });
  await RsaPublicKey.import(pem, { ...names, hash: undefined, fingerprint: undefined });
  const { fingerprint } = await RsaPublicKey.import(pem, names);
  // Its holder may not have the hash that is taken in its place.
  await assert.rejects(RsaPublicKey.import(pem, { ...names, fingerprint, oaepHash: 'SHA-1' }), {
    name: 'TypeError',
    message: '"oaepHash" is not an option; check its name, or take one of keyNamespace, keyName, hash, fingerprint',
  });
  await RsaPublicKey.import(pem, { ...names, fingerprint, hash: 'SHA-1' });
});

test('every way of uploading refuses an option that it does not have, whatever else is given', async () => {
  const { sealer, store } = uploads;
  const file = new Blob([BYTES]);
  const server = store.callbacks;
  const own = { own: async () => () => {}, load: async () => undefined, save: async () => {}, forget: async () => {} };
  const common = { sealer, encryptionContext: { user: '7' }, describe: true, onRetry: () => {} };
  const kept = { store: own, id: 'mine' };
  const ways = {
    uploadSealed: (options) => uploadSealed(file, { ...common, server, ...options }),
    'uploadSealed of a stream': (options) => uploadSealed(file.stream(), { ...common, server, ...options }),
    resumeSealed: (options) => resumeSealed(file, { ...common, server, ...kept, ...options }),
    tusOptions: (options) => tusOptions({ ...common, ...options }),
    'tusOptions of a stream': (options) => tusOptions(file.stream(), { ...common, ...options }),
    resumeTusOptions: (options) => resumeTusOptions(file, { sealer, ...kept, ...options }),
    Seal: (options) => new Uppy().use(Seal, { ...common, id: 'Other', locale: { strings: {} }, ...options }),
  };
  for (const [name, way] of Object.entries(ways)) {
    // As the AWS SDK has it, as inspect() and the server's half have it, and an option of tus itself.
    for (const stray of ['EncryptionContext', 'description', 'endpoint']) {
      const message = new RegExp(`^"${stray}" is not an option; check its name, or take one of sealer, `);
      await assert.rejects(async () => way({ [stray]: true }), { name: 'TypeError', message }, `${stray} of ${name}`);
    }
    await Promise.allSettled([(async () => way({ context: undefined }))()]).then(([{ reason }]) =>
      assert.notEqual(reason?.name, 'TypeError', name),
    );
  }
  // Nothing ends a file's upload by it: tus-js-client's own abort() does.
  await assert.rejects(async () => ways.tusOptions({ signal: AbortSignal.timeout(9) }), /^TypeError: "signal" is not/);
  assert.deepEqual((await inspect(store.arrived[0])).encryptionContext.user, '7');
});

test('a store under another name, or the name in place of the options, is not the store of all', () => {
  for (const options of [{ dbName: 'user-7' }, 'user-7'])
    assert.throws(() => new UploadStore(options), {
      name: 'TypeError',
      message: /not an option; check its name, or take one of databaseName/,
    });
  new UploadStore({ databaseName: 'user-7', maxAge: undefined });
});

test('a source that does not have the size that was announced is not sealed as a whole one', async () => {
  const encryptionContext = { user: '7' };
  for (const name of ['seal of a Blob', 'seal of bytes', 'seal of { size, read }', 'prepare']) {
    for (const size of [8, 10, 0]) {
      const message = `the data does not have the ${size} bytes that were announced; give its true size, or none`;
      await assert.rejects(calls[name]({ encryptionContext, size }), { code: 'ERR_SOURCE_CHANGED', message }, name);
    }
    await calls[name]({ encryptionContext, size: 9 });
  }
});
