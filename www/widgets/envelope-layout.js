/**
 * @typedef {object} Field a run of bytes of the envelope
 * @property {string} name
 * @property {number} length in bytes
 * @property {'plain' | 'id' | 'context' | 'key' | 'wrapped' | 'commit' | 'tag' | 'content'} kind
 * @property {string} value what a reader can make of it
 */

/** @typedef {import('kmseal').Inspection['encryptedDataKeys'][number]} InspectedDataKey */

/** Version 2 and the algorithm suite 0x0478, with which every envelope begins. */
const START = [2, 4, 0x78];
const TAG = 16;
const IV = 12;
const utf8Length = (/** @type {string} */ text) => new TextEncoder().encode(text).byteLength;

/**
 * The header's fields in their order (AWS Encryption SDK message format, message-header.md, version 2).
 *
 * @param {import('kmseal').Inspection} info
 * @returns {Field[]}
 */
export function headerFields(info) {
  const context = Object.entries(info.encryptionContext);
  const pairsLength = context.reduce((sum, [key, value]) => sum + 4 + utf8Length(key) + utf8Length(value), 0);
  const keys = info.encryptedDataKeys;
  return [
    { name: 'Version', length: 1, kind: 'plain', value: '2' },
    {
      name: 'Algorithm suite',
      length: 2,
      kind: 'plain',
      value: `${info.algorithmSuite}: AES-256-GCM, HKDF, key commitment`,
    },
    { name: 'Message id', length: 32, kind: 'id', value: 'random; the content key is derived from it' },
    {
      name: 'Encryption context',
      length: 2 + (pairsLength && 2 + pairsLength),
      kind: 'context',
      value: context.map(([key, value]) => `${key} = ${value}`).join('\n') || 'empty',
    },
    { name: 'Wrapped keys', length: 2, kind: 'plain', value: String(keys.length) },
    ...keys.flatMap(wrappedKeyFields),
    { name: 'Content type', length: 1, kind: 'plain', value: 'framed' },
    { name: 'Frame length', length: 4, kind: 'plain', value: `${info.frameLength}` },
    { name: 'Commit key', length: 32, kind: 'commit', value: 'ties the body to one data key' },
    { name: 'Header tag', length: TAG, kind: 'tag', value: 'authenticates all of the above' },
  ];
}

/** Bytes of the points in an encrypted data key for ECC: a version, and the recipient's and the sender's, each behind its length. */
const POINTS = { ECC_NIST_P256: 75, ECC_NIST_P384: 107, ECC_NIST_P521: 143 };

/** Before the ARN in one for ML-KEM: a version and the ARN's length. */
const ML_KEM_PREFIX = 3;

/** Which key it is: an ARN, of an ECC key the fingerprint, of a key outside KMS its namespace and name. @param {InspectedDataKey} key */
export const keyNameOf = ({ keyId, keySpec, fingerprint, keyNamespace, keyName }) =>
  keyId ?? (keySpec ? `${keySpec}, ${fingerprint}` : `${keyNamespace}, ${keyName}`);

/** @param {InspectedDataKey} key */
function infoLength({ keyId, keySpec, keyName, providerId }) {
  if (keyId === undefined) return keySpec ? POINTS[keySpec] : utf8Length(keyName);
  return utf8Length(keyId) + (providerId.includes('ml-kem') ? ML_KEM_PREFIX : 0);
}

/** @param {InspectedDataKey} key @returns {Field[]} */
const wrappedKeyFields = (key) => [
  {
    name: 'Wrapped by',
    length: 4 + utf8Length(key.providerId) + infoLength(key),
    kind: 'key',
    value: `${key.providerId}\n${keyNameOf(key)}`,
  },
  {
    name: 'Wrapped key',
    length: 2 + key.ciphertextLength,
    kind: 'wrapped',
    value: `the data key; only ${key.keyName === undefined ? 'KMS' : 'the holder of the private key'} can unwrap it`,
  },
];

/**
 * The fields of one frame (message-body.md). Only the last one carries a marker and its length.
 *
 * @param {number} sequence
 * @param {number} contentLength
 * @param {boolean} isFinal
 * @returns {Field[]}
 */
export function frameFields(sequence, contentLength, isFinal) {
  return [
    ...(isFinal ? [/** @type {Field} */ ({ name: 'Final frame', length: 4, kind: 'plain', value: 'marker' })] : []),
    { name: 'Sequence number', length: 4, kind: 'id', value: `${sequence}` },
    { name: 'IV', length: IV, kind: 'plain', value: 'the sequence number again' },
    ...(isFinal
      ? [/** @type {Field} */ ({ name: 'Length', length: 4, kind: 'plain', value: `${contentLength}` })]
      : []),
    { name: 'Encrypted content', length: contentLength, kind: 'content', value: 'as long as the plaintext' },
    { name: 'Tag', length: TAG, kind: 'tag', value: 'authenticates content, place and message' },
  ];
}

/** @param {Field[]} fields */
export const totalLength = (fields) => fields.reduce((sum, { length }) => sum + length, 0);

/**
 * The field in which a byte of the envelope lies.
 *
 * @param {number} offset
 * @param {import('kmseal').Inspection} info of a Blob or bytes, whose size is known
 * @returns {{ frame: number, name: string }} frame 0 is the header
 */
export function fieldAt(offset, info) {
  const { headerLength, frameLength, frames, plaintextSize } = info;
  if (offset < headerLength) return { frame: 0, name: nameAt(offset, headerFields(info)) };
  const size = totalLength(frameFields(1, frameLength, false));
  const frame = Math.min(Math.floor((offset - headerLength) / size) + 1, frames);
  const isFinal = frame === frames;
  const length = isFinal ? plaintextSize - (frames - 1) * frameLength : frameLength;
  return { frame, name: nameAt(offset - headerLength - (frame - 1) * size, frameFields(frame, length, isFinal)) };
}

/** @param {number} offset @param {Field[]} fields */
function nameAt(offset, fields) {
  let end = 0;
  return fields.find(({ length }) => offset < (end += length)).name;
}

/** @param {Uint8Array} bytes the first ones of a file */
export const startsAsEnvelope = (bytes) => START.every((byte, index) => bytes[index] === byte);
