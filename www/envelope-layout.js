/**
 * @typedef {object} Field a run of bytes of the envelope
 * @property {string} name
 * @property {number} length in bytes
 * @property {'plain' | 'id' | 'context' | 'key' | 'wrapped' | 'commit' | 'tag' | 'content'} kind
 * @property {string} value what a reader can make of it
 */

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
    { name: 'Algorithm suite', length: 2, kind: 'plain', value: `${info.algorithmSuite}: AES-256-GCM, HKDF, key commitment` },
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

/** @param {import('kmseal').Inspection['encryptedDataKeys'][number]} key @returns {Field[]} */
const wrappedKeyFields = ({ keyId, providerId, ciphertextLength }) => [
  { name: 'Wrapped by', length: 4 + utf8Length(providerId) + utf8Length(keyId), kind: 'key', value: `${providerId}\n${keyId}` },
  { name: 'Wrapped key', length: 2 + ciphertextLength, kind: 'wrapped', value: 'the data key; only KMS can unwrap it' },
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
    ...(isFinal ? [/** @type {Field} */ ({ name: 'Length', length: 4, kind: 'plain', value: `${contentLength}` })] : []),
    { name: 'Encrypted content', length: contentLength, kind: 'content', value: 'as long as the plaintext' },
    { name: 'Tag', length: TAG, kind: 'tag', value: 'authenticates content, place and message' },
  ];
}

/** @param {Field[]} fields */
export const totalLength = (fields) => fields.reduce((sum, { length }) => sum + length, 0);
