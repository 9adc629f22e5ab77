// Keys that are refused, in every form that they arrive in: the code, and the sentence that helps.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { refuses } from '../support/table.mjs';

const KEYS = fileURLToPath(new URL('../keys/', import.meta.url));

async function values() {
  const files = (await readdir(KEYS)).filter((file) => file.endsWith('.pem'));
  const pem = Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(path.join(KEYS, file), 'utf8')])));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' });
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  return { pem, secret: { pkcs8, pkcs1, der } };
}

const prepare = (kmseal, { pem, secret }) => {
  const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const base64Of = (file) => pem[file].split('\n').filter((line) => !line.startsWith('-----')).join('');
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
    pem, secret, keyId, base64Of, derOf, answer, load,
    file: (name) => load(pem[name], { keyId }),
    der: (bytes) => load(bytes, { keyId }),
    altered: (changes, options) => load({ ...answer, ...changes }, options),
    named: (id) => load(pem['rsa-2048.pem'], { keyId: id }),
    shared: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer,
  };
};

const [INVALID, UNSUPPORTED, ID] = ['ERR_KEY_INVALID', 'ERR_KEY_UNSUPPORTED', 'ERR_KEY_ID'];
const CREATE = /aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT/;
const SIZES = /2048, 3072 or 4096 bits/;
const NEVER_SHIP = /private key: never ship one/;
const ARN = /arn:aws:kms:REGION:ACCOUNT:key\/ID/;

const rows = [
  // Kinds of key: which one to create.
  ['an ECC key', UNSUPPORTED, CREATE, ({ file }) => file('ec-p256.pem')],
  ['an ECC key, as DER', UNSUPPORTED, CREATE, ({ der, derOf }) => der(derOf('ec-p256.pem'))],
  ['an Ed25519 key', UNSUPPORTED, CREATE, ({ file }) => file('ed25519.pem')],
  ['an RSA-PSS key', UNSUPPORTED, CREATE, ({ file }) => file('rsa-pss-2048.pem')],
  ['an ECC key, as GetPublicKey answers', UNSUPPORTED, CREATE, ({ altered, base64Of }) =>
    altered({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT', PublicKey: base64Of('ec-p256.pem'), EncryptionAlgorithms: undefined })],
  ['a KeySpec of ECC', UNSUPPORTED, CREATE, ({ altered }) => altered({ KeySpec: 'ECC_NIST_P256' })],
  ['a KeySpec of HMAC', UNSUPPORTED, CREATE, ({ altered }) => altered({ KeySpec: 'HMAC_256' })],
  ['a KeySpec of HMAC, under its older name', UNSUPPORTED, CREATE, ({ altered }) => altered({ KeySpec: undefined, CustomerMasterKeySpec: 'HMAC_256' })],
  ['the usage GENERATE_VERIFY_MAC', UNSUPPORTED, CREATE, ({ altered }) => altered({ KeyUsage: 'GENERATE_VERIFY_MAC' })],
  ['the usage SIGN_VERIFY', UNSUPPORTED, CREATE, ({ altered }) => altered({ KeyUsage: 'SIGN_VERIFY' })],
  ['the usage SIGN_VERIFY, in JSON', UNSUPPORTED, CREATE, ({ answer, load }) => load(JSON.stringify({ ...answer, KeyUsage: 'SIGN_VERIFY' }))],
  ['an algorithm that is not listed', UNSUPPORTED, /RSAES_OAEP_SHA_256/, ({ altered }) => altered({ EncryptionAlgorithms: ['RSAES_OAEP_SHA_1'] })],
  ['the other algorithm, not listed', UNSUPPORTED, /RSAES_OAEP_SHA_1/, ({ altered }) =>
    altered({ EncryptionAlgorithms: ['RSAES_OAEP_SHA_256'] }, { encryptionAlgorithm: 'RSAES_OAEP_SHA_1' })],

  // What people ship in a key's place.
  ['a certificate', INVALID, /it is a certificate; .*do not ship/, ({ file }) => file('rsa-2048-certificate.pem')],
  ['a certificate, as base64', INVALID, /it is a certificate; .*do not ship/, ({ der, base64Of }) => der(base64Of('rsa-2048-certificate.pem'))],
  ['a certificate behind text', INVALID, /it is a certificate/, ({ der, pem }) => der(`Certificate:\n    Data:\n        Version: 3 (0x2)\n${pem['rsa-2048-certificate.pem']}`)],
  ['a certificate of OpenSSL', INVALID, /it is a certificate/, ({ der, pem }) => der(pem['rsa-2048-certificate.pem'].replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE'))],
  ['a private key', INVALID, NEVER_SHIP, ({ der, secret }) => der(secret.pkcs8)],
  ['a private key, in PKCS#1', INVALID, NEVER_SHIP, ({ der, secret }) => der(secret.pkcs1)],
  ['a private key, as DER', INVALID, NEVER_SHIP, ({ der, secret }) => der(secret.der)],
  ['a private key, PEM as bytes', INVALID, NEVER_SHIP, ({ der, secret }) => der(new TextEncoder().encode(secret.pkcs8))],
  ['a private key inside an answer', INVALID, NEVER_SHIP, ({ altered, secret }) => altered({ PublicKey: secret.der })],
  ['a public key in PKCS#1', INVALID, /PKCS#1.*SubjectPublicKeyInfo/, ({ file }) => file('rsa-2048-pkcs1.pem')],

  // RSA keys that KMS has not.
  ['1024 bits', INVALID, SIZES, ({ file }) => file('rsa-1024.pem')],
  ['2056 bits', INVALID, SIZES, ({ file }) => file('rsa-2056.pem')],
  ['8192 bits', INVALID, SIZES, ({ file }) => file('rsa-8192.pem')],
  ['the exponent 3', INVALID, /65537/, ({ file }) => file('rsa-2048-e3.pem')],
  ['a KeySpec that disagrees', INVALID, /RSA_4096.*RSA_2048/, ({ altered }) => altered({ KeySpec: 'RSA_4096' })],
  ['a KeySpec that disagrees, in JSON', INVALID, /RSA_4096.*RSA_2048/, ({ answer, load }) => load(JSON.stringify({ ...answer, KeySpec: 'RSA_4096' }))],

  // Bytes and text that are no key.
  ['a trailing byte', INVALID, /bytes after its end/, ({ der, derOf }) => der(new Uint8Array([...derOf('rsa-2048.pem'), 0]))],
  ['trailing bytes, as base64', INVALID, /bytes after its end/, ({ der, derOf }) => der(new Uint8Array([...derOf('rsa-2048.pem'), 1, 2]).toBase64())],
  ['trailing bytes inside an answer', INVALID, /bytes after its end/, ({ altered, derOf }) => altered({ PublicKey: new Uint8Array([...derOf('rsa-2048.pem'), 0]) })],
  ['a key cut short', INVALID, /cut short/, ({ der, derOf }) => der(derOf('rsa-2048.pem').subarray(0, 200))],
  ['a view beside the key', INVALID, /malformed/, ({ der, derOf }) => der(new Uint8Array([0, ...derOf('rsa-2048.pem')]).subarray(0, 294))],
  ['no bytes', INVALID, /not a usable public key/, ({ der }) => der(new Uint8Array())],
  ['an empty string', INVALID, /not a usable public key/, ({ der }) => der('')],
  ['words', INVALID, /neither PEM nor base64/, ({ der }) => der('my key')],
  ['a page instead of the key', INVALID, /neither PEM nor base64/, ({ der }) => der('<!doctype html><title>404</title>')],
  ['damaged PEM', INVALID, /PEM is damaged/, ({ der, pem }) => der(pem['rsa-2048.pem'].slice(0, -20))],
  ['JSON cut short', INVALID, /JSON/, ({ answer, load }) => load(JSON.stringify(answer).slice(0, -20))],
  ['algorithms in JSON that are no list', INVALID, /GetPublicKey/, ({ answer, load }) => load(JSON.stringify({ ...answer, EncryptionAlgorithms: 'RSAES_OAEP_SHA_1' }))],
  ['a KeySpec in JSON that is a number', INVALID, /GetPublicKey/, ({ answer, load }) => load(JSON.stringify({ ...answer, KeySpec: 2048 }))],
  ['JSON of something else', INVALID, /GetPublicKey/, ({ load }) => load('{"message":"Forbidden"}')],

  // Key ids.
  ['no key id', ID, ARN, ({ load, pem }) => load(pem['rsa-2048.pem'])],
  ['no key id in an answer', ID, ARN, ({ altered }) => altered({ KeyId: undefined })],
  ['an alias', ID, /an alias cannot .*GetPublicKey/, ({ named }) => named('alias/uploads')],
  ["an alias's ARN", ID, /an alias cannot .*GetPublicKey/, ({ named }) => named('arn:aws:kms:eu-central-1:111122223333:alias/uploads')],
  ['an alias in an answer', ID, /an alias cannot .*GetPublicKey/, ({ altered }) => altered({ KeyId: 'alias/uploads' })],
  ['a bare id', ID, ARN, ({ named }) => named('1234abcd-12ab-34cd-56ef-1234567890ab')],
  ['a bare multi-Region id', ID, ARN, ({ named }) => named('mrk-1234abcd12ab34cd56ef1234567890ab')],
  ['an ARN in upper case', ID, /lower case/, ({ named, keyId }) => named(keyId.toUpperCase())],
  ['an ARN of another service', ID, ARN, ({ named, keyId }) => named(keyId.replace(':kms:', ':s3:'))],
  ['a key id that disagrees', ID, /leave keyId out/, ({ altered, keyId }) => altered({}, { keyId: keyId.replace('1234abcd', '00000000') })],
  ['a key id that disagrees, in JSON', ID, /leave keyId out/, ({ answer, load, keyId }) =>
    load(JSON.stringify(answer), { keyId: keyId.replace('eu-central-1', 'us-east-1') })],

  // Fingerprints.
  ['the fingerprint of another key', 'ERR_KEY_FINGERPRINT', /do not seal/, async ({ load, pem, keyId }) => {
    const { fingerprint } = await load(pem['rsa-3072.pem'], { keyId });
    return load(pem['rsa-2048.pem'], { keyId, fingerprint });
  }],
  ['a fingerprint without padding', 'ERR_KEY_FINGERPRINT', /do not seal/, async ({ answer, load }) => {
    const { fingerprint } = await load(answer);
    return load(answer, { fingerprint: fingerprint.replace(/=+$/, '') });
  }],
  ['an empty fingerprint', 'ERR_KEY_FINGERPRINT', /do not seal/, ({ altered }) => altered({}, { fingerprint: '' })],

  // Mistakes of the program.
  ['no source', 'TypeError', /source must be/, ({ load }) => load()],
  ['null', 'TypeError', /source must be/, ({ load }) => load(null)],
  ['a number', 'TypeError', /source must be/, ({ load }) => load(7)],
  ['a promise, not awaited', 'TypeError', /GetPublicKey's answer/, ({ load, answer }) => load(Promise.resolve(answer))],
  ['an answer without PublicKey', 'TypeError', /GetPublicKey's answer/, ({ altered }) => altered({ PublicKey: undefined })],
  ['a PublicKey that is a number', 'TypeError', /GetPublicKey's answer/, ({ altered }) => altered({ PublicKey: 7 })],
  ['a KeySpec that is a number', 'TypeError', /KeySpec must be a string/, ({ altered }) => altered({ KeySpec: 2048 })],
  ['algorithms that are no list', 'TypeError', /GetPublicKey's answer/, ({ altered }) => altered({ EncryptionAlgorithms: 'RSAES_OAEP_SHA_256' })],
  ['a keyId that is a number', 'TypeError', /keyId must be a string/, ({ named }) => named(7)],
  ['a fingerprint that is bytes', 'TypeError', /fingerprint must be a string/, ({ altered }) => altered({}, { fingerprint: new Uint8Array(32) })],
  ['an unknown algorithm', 'TypeError', /encryptionAlgorithm must be/, ({ altered }) => altered({}, { encryptionAlgorithm: 'RSAES_PKCS1_V1_5' })],
  ['shared memory', 'TypeError', /shared memory/, ({ load, keyId, shared }) => load(new Uint8Array(shared, 0, 294), { keyId })],
  ['a SharedArrayBuffer', 'TypeError', /GetPublicKey's answer/, ({ load, keyId, shared }) => load(shared, { keyId })],
  ['a PublicKey in shared memory', 'TypeError', /shared memory/, ({ altered, shared }) => altered({ PublicKey: new Uint8Array(shared) })],
];

/** The same key in every form that it is taken in, which gives one fingerprint. */
async function everyForm({ load, answer, pem, keyId, base64Of, derOf }) {
  const der = derOf('rsa-2048.pem');
  const utf8 = (text) => new TextEncoder().encode(text);
  const answers = [answer, { ...answer, PublicKey: der }, JSON.stringify(answer, undefined, 2), utf8(JSON.stringify(answer))];
  const bare = [pem['rsa-2048.pem'], utf8(pem['rsa-2048.pem']), base64Of('rsa-2048.pem'), der, der.buffer, new DataView(der.buffer)];
  const loaded = [...answers.map((source) => load(source)), ...bare.map((source) => load(source, { keyId }))];
  const keys = await Promise.all(loaded);
  const { fingerprint } = keys[0];
  await load(answer, { fingerprint });
  return keys.map((key) => [key.keyId === keyId, key.keySpec, key.fingerprint === fingerprint].join());
}

refuses(['chromium', 'firefox', 'webkit'], rows, {
  values,
  prepare,
  afterwards: everyForm,
  unharmed: (forms) => assert.deepEqual(forms, Array(10).fill('true,RSA_2048,true')),
});
