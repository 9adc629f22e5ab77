// What is not a key that kmseal can seal for.

const [INVALID, UNSUPPORTED] = ['ERR_KEY_INVALID', 'ERR_KEY_UNSUPPORTED'];
const CREATE = /aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT/;
// Such a key is taken once its usage is stated.
const NO_USAGE = /KEY_AGREEMENT as keyUsage/;
const SIZES = /2048, 3072 or 4096 bits/;
const NEVER_SHIP = /private key: never ship one/;

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const NO_KEYS = [
  // Wrong kinds of key: the error says which one to create.
  {
    title: 'an ECC key of unknown usage',
    error: UNSUPPORTED,
    says: NO_USAGE,
    call: ({ file }) => file('ec-p256.pem'),
  },
  {
    title: 'an ECC key of unknown usage, as DER',
    error: UNSUPPORTED,
    says: NO_USAGE,
    call: ({ der, derOf }) => der(derOf('ec-p256.pem')),
  },
  { title: 'an Ed25519 key', error: UNSUPPORTED, says: CREATE, call: ({ file }) => file('ed25519.pem') },
  { title: 'an RSA-PSS key', error: UNSUPPORTED, says: CREATE, call: ({ file }) => file('rsa-pss-2048.pem') },
  {
    title: 'an ECC key that signs, as GetPublicKey returns it',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ altered, base64Of }) =>
      altered({
        KeySpec: 'ECC_NIST_P256',
        KeyUsage: 'SIGN_VERIFY',
        PublicKey: base64Of('ec-p256.pem'),
        EncryptionAlgorithms: undefined,
      }),
  },
  {
    title: 'a KeySpec of ECC',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ altered }) => altered({ KeySpec: 'ECC_NIST_P256' }),
  },
  {
    title: 'a KeySpec of HMAC',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ altered }) => altered({ KeySpec: 'HMAC_256' }),
  },
  {
    title: 'a KeySpec of HMAC, under its older name',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ altered }) => altered({ KeySpec: undefined, CustomerMasterKeySpec: 'HMAC_256' }),
  },
  {
    title: 'the usage GENERATE_VERIFY_MAC',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ altered }) => altered({ KeyUsage: 'GENERATE_VERIFY_MAC' }),
  },
  {
    title: 'the usage SIGN_VERIFY',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ altered }) => altered({ KeyUsage: 'SIGN_VERIFY' }),
  },
  {
    title: 'the usage SIGN_VERIFY, in JSON',
    error: UNSUPPORTED,
    says: CREATE,
    call: ({ answer, load }) => load(JSON.stringify({ ...answer, KeyUsage: 'SIGN_VERIFY' })),
  },
  {
    title: 'an algorithm that is not listed',
    error: UNSUPPORTED,
    says: /RSAES_OAEP_SHA_256/,
    call: ({ altered }) => altered({ EncryptionAlgorithms: ['RSAES_OAEP_SHA_1'] }),
  },
  {
    title: 'the other algorithm, not listed',
    error: UNSUPPORTED,
    says: /RSAES_OAEP_SHA_1/,
    call: ({ altered }) =>
      altered({ EncryptionAlgorithms: ['RSAES_OAEP_SHA_256'] }, { encryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
  },

  // What people ship instead of a key.
  {
    title: 'a certificate',
    error: INVALID,
    says: /it is a certificate; .*do not ship/,
    call: ({ file }) => file('rsa-2048-certificate.pem'),
  },
  {
    title: 'a certificate, as base64',
    error: INVALID,
    says: /it is a certificate; .*do not ship/,
    call: ({ der, base64Of }) => der(base64Of('rsa-2048-certificate.pem')),
  },
  {
    title: 'a certificate behind text',
    error: INVALID,
    says: /it is a certificate/,
    call: ({ der, pem }) =>
      der(`Certificate:\n    Data:\n        Version: 3 (0x2)\n${pem['rsa-2048-certificate.pem']}`),
  },
  {
    title: 'a certificate of OpenSSL',
    error: INVALID,
    says: /it is a certificate/,
    call: ({ der, pem }) => der(pem['rsa-2048-certificate.pem'].replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE')),
  },
  { title: 'a private key', error: INVALID, says: NEVER_SHIP, call: ({ der, secret }) => der(secret.pkcs8) },
  { title: 'a private key, in PKCS#1', error: INVALID, says: NEVER_SHIP, call: ({ der, secret }) => der(secret.pkcs1) },
  { title: 'a private key, as DER', error: INVALID, says: NEVER_SHIP, call: ({ der, secret }) => der(secret.der) },
  {
    title: 'a private key, PEM as bytes',
    error: INVALID,
    says: NEVER_SHIP,
    call: ({ der, secret }) => der(new TextEncoder().encode(secret.pkcs8)),
  },
  {
    title: 'a private key inside an answer',
    error: INVALID,
    says: NEVER_SHIP,
    call: ({ altered, secret }) => altered({ PublicKey: secret.der }),
  },
  {
    title: 'a public key in PKCS#1',
    error: INVALID,
    says: /PKCS#1.*SubjectPublicKeyInfo/,
    call: ({ file }) => file('rsa-2048-pkcs1.pem'),
  },

  // RSA keys that KMS does not offer.
  { title: '1024 bits', error: INVALID, says: SIZES, call: ({ file }) => file('rsa-1024.pem') },
  { title: '2056 bits', error: INVALID, says: SIZES, call: ({ file }) => file('rsa-2056.pem') },
  { title: '8192 bits', error: INVALID, says: SIZES, call: ({ file }) => file('rsa-8192.pem') },
  { title: 'the exponent 3', error: INVALID, says: /65537/, call: ({ file }) => file('rsa-2048-e3.pem') },
  {
    title: 'a KeySpec that disagrees',
    error: INVALID,
    says: /RSA_4096.*RSA_2048/,
    call: ({ altered }) => altered({ KeySpec: 'RSA_4096' }),
  },
  {
    title: 'a KeySpec that disagrees, in JSON',
    error: INVALID,
    says: /RSA_4096.*RSA_2048/,
    call: ({ answer, load }) => load(JSON.stringify({ ...answer, KeySpec: 'RSA_4096' })),
  },

  // Bytes and text that are not a key.
  {
    title: 'a trailing byte',
    error: INVALID,
    says: /bytes after its end/,
    call: ({ der, derOf }) => der(new Uint8Array([...derOf('rsa-2048.pem'), 0])),
  },
  {
    title: 'trailing bytes, as base64',
    error: INVALID,
    says: /bytes after its end/,
    call: ({ der, derOf }) => der(new Uint8Array([...derOf('rsa-2048.pem'), 1, 2]).toBase64()),
  },
  {
    title: 'trailing bytes inside an answer',
    error: INVALID,
    says: /bytes after its end/,
    call: ({ altered, derOf }) => altered({ PublicKey: new Uint8Array([...derOf('rsa-2048.pem'), 0]) }),
  },
  {
    title: 'a key cut short',
    error: INVALID,
    says: /cut short/,
    call: ({ der, derOf }) => der(derOf('rsa-2048.pem').subarray(0, 200)),
  },
  {
    title: 'a view beside the key',
    error: INVALID,
    says: /malformed/,
    call: ({ der, derOf }) => der(new Uint8Array([0, ...derOf('rsa-2048.pem')]).subarray(0, 294)),
  },
  { title: 'no bytes', error: INVALID, says: /not a usable public key/, call: ({ der }) => der(new Uint8Array()) },
  { title: 'an empty string', error: INVALID, says: /not a usable public key/, call: ({ der }) => der('') },
  { title: 'words', error: INVALID, says: /neither PEM nor base64.*get-public-key/, call: ({ der }) => der('my key') },
  {
    title: 'a page instead of the key',
    error: INVALID,
    says: /a web page or XML/,
    call: ({ der }) => der('<!doctype html><title>404</title>'),
  },
  {
    title: 'damaged PEM',
    error: INVALID,
    says: /PEM is damaged/,
    call: ({ der, pem }) => der(pem['rsa-2048.pem'].slice(0, -20)),
  },
  {
    title: 'JSON cut short',
    error: INVALID,
    says: /JSON/,
    call: ({ answer, load }) => load(JSON.stringify(answer).slice(0, -20)),
  },
  {
    title: 'algorithms in JSON that are not a list',
    error: INVALID,
    says: /one of its fields is not as GetPublicKey returns it/,
    call: ({ answer, load }) => load(JSON.stringify({ ...answer, EncryptionAlgorithms: 'RSAES_OAEP_SHA_1' })),
  },
  {
    title: 'a KeySpec in JSON that is a number',
    error: INVALID,
    says: /GetPublicKey/,
    call: ({ answer, load }) => load(JSON.stringify({ ...answer, KeySpec: 2048 })),
  },
  {
    title: 'JSON of something else',
    error: INVALID,
    says: /JSON without a PublicKey.*get-public-key/,
    call: ({ load }) => load('{"message":"Forbidden"}'),
  },
];
