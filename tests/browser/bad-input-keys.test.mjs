// Keys that are refused, in every form that they arrive in: the code, and the sentence that helps.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { refuses } from '../support/browsers/table.mjs';
import { KEY_OPTIONS } from './bad-input/key-options.mjs';
import { NO_KEYS } from './bad-input/keys.mjs';

const KEYS = fileURLToPath(new URL('../keys/', import.meta.url));

async function values() {
  const files = (await readdir(KEYS)).filter((file) => file.endsWith('.pem'));
  const pem = Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(path.join(KEYS, file), 'utf8')])),
  );
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' });
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  return { pem, secret: { pkcs8, pkcs1, der } };
}

const prepare = (kmseal, { pem, secret }) => {
  const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const base64Of = (file) =>
    pem[file]
      .split('\n')
      .filter((line) => !line.startsWith('-----'))
      .join('');
  const derOf = (file) => Uint8Array.fromBase64(base64Of(file));
  const answer = {
    KeyId: keyId,
    PublicKey: base64Of('rsa-2048.pem'),
    KeySpec: 'RSA_2048',
    KeyUsage: 'ENCRYPT_DECRYPT',
    EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  };
  const load = (source, options) => kmseal.KmsPublicKey.import(source, options);
  return {
    pem,
    secret,
    keyId,
    base64Of,
    derOf,
    answer,
    load,
    file: (name) => load(pem[name], { keyId }),
    der: (bytes) => load(bytes, { keyId }),
    altered: (changes, options) => load({ ...answer, ...changes }, options),
    named: (id) => load(pem['rsa-2048.pem'], { keyId: id }),
    shared: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer,
  };
};

/** The same key in every form in which a page may have it gives one fingerprint. tests/core/key_forms.rs has the tools' forms. */
async function everyForm({ load, answer, pem, keyId, base64Of, derOf }) {
  const der = derOf('rsa-2048.pem');
  const utf8 = (text) => new TextEncoder().encode(text);
  const utf16 = (text, littleEndian) => {
    const bytes = new DataView(new ArrayBuffer(2 * text.length + 2));
    Array.from(`\ufeff${text}`, (c, index) => bytes.setUint16(2 * index, c.charCodeAt(0), littleEndian));
    return new Uint8Array(bytes.buffer);
  };
  const printed = JSON.stringify(answer, undefined, 2);
  const sdk = { ...answer, PublicKey: der, $metadata: { httpStatusCode: 200, attempts: 1 } };
  const wide = [utf16(printed, true), utf16(printed, false)];
  const blobs = [new Blob([printed]), new File([wide[0]], 'key.json'), new Blob([wide[1]])];
  const response = (bytes) => new Response(bytes, { headers: { 'content-type': 'application/json' } });
  const answers = [
    answer,
    sdk,
    { ...answer, PublicKey: der.buffer },
    { ...answer, PublicKey: new DataView(der.buffer) },
    printed,
    utf8(printed),
    ...wide,
    ...blobs,
    ...(await Promise.all(wide.map((bytes) => response(bytes).text()))),
    JSON.stringify(sdk),
    JSON.parse(JSON.stringify(sdk)),
    { ...answer, PublicKey: { type: 'Buffer', data: [...der] } },
    JSON.stringify(printed),
  ];
  const bare = [
    pem['rsa-2048.pem'],
    utf8(pem['rsa-2048.pem']),
    base64Of('rsa-2048.pem'),
    der,
    der.buffer,
    new DataView(der.buffer),
    new Blob([der]),
    pem['rsa-2048.pem'].replaceAll('\n', '\\n'),
    { 0: 1, ...der },
  ];
  const emulated = { ...answer, KeyId: keyId.slice(-36) };
  const loaded = [
    ...answers.map((source) => load(source)),
    ...[...bare, emulated].map((source) => load(source, { keyId })),
  ];
  const keys = await Promise.all(loaded);
  const { fingerprint } = keys[0];
  const other = `SHA256:${'A'.repeat(43)}=`;
  keys.push(
    await load(answer, { fingerprint }),
    await load(answer, { fingerprint: [other, fingerprint], keyId: [keyId.replace('1234abcd', '00000000'), keyId] }),
  );
  return keys.map((key) => [key.keyId === keyId, key.keySpec, key.fingerprint === fingerprint].join());
}

// The .wasm alone reads keys. Each engine shows in element-key.test.mjs what becomes of a refusal.
refuses(ANY_ENGINE, [...NO_KEYS, ...KEY_OPTIONS], {
  values,
  prepare,
  afterwards: everyForm,
  unharmed: (forms) => assert.deepEqual(forms, Array(29).fill('true,RSA_2048,true')),
});
