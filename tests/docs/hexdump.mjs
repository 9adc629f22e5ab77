// An envelope, byte by byte, for docs/format.md.
//
//     node tests/docs/hexdump.mjs --write      writes it there
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { knownAnswers } from '../support/known-answers.mjs';
import { framePlaces, readHeader } from '../support/message.mjs';

export const DOCUMENT = new URL('../../docs/format.md', import.meta.url);
/** The generated block of a text. */
export const BLOCK = /(?<=<!-- the next block is made by tests\/docs\/hexdump\.mjs -->\n```text\n)[^]*?(?=```\n)/;

const NAMES = {
  version: () => 'format version 2',
  suite: () => 'algorithm suite: AES-256-GCM, HKDF-SHA512, key commitment',
  'message id': () => 'message id: the salt of the key derivation',
  'context length': (bytes) => `the stored context: ${bytes.readUInt16BE()} bytes`,
  context: (bytes) => `${bytes.readUInt16BE()} pair: u16 length and UTF-8 of key and value, sorted by the key's bytes`,
  'EDK count': (bytes) => `${bytes.readUInt16BE()} encrypted data keys`,
  'content type': () => 'framed',
  'frame length': (bytes) => `frames of ${bytes.readUInt32BE()} bytes`,
  'commit key': () => 'commit key: binds the envelope to one data key',
  'header tag': () => 'AES-GCM tag of all bytes so far, IV 0',
};
const OF_A_KEY = {
  'provider id': (bytes) => `provider: ${bytes}`,
  'provider info': (bytes) => `key: ${bytes}`,
  ciphertext: () => 'RSA-OAEP of SHA-384(context) and the data key',
};

function describe(name, bytes) {
  if (NAMES[name]) return NAMES[name](bytes);
  const [, field, length] = /^(.*?)(?: \d+)?( length)?$/.exec(name);
  return length ? `${bytes.readUInt16BE()} bytes` : OF_A_KEY[field](bytes);
}

/** Fields of a frame, by the format of a regular and of the final one. */
function frameFields(envelope, [start, end]) {
  const final = envelope.readUInt32BE(start) === 0xffffffff;
  let at = start;
  const field = (length, text) => [[at, (at += length)], text];
  const content = end - start - (final ? 40 : 32);
  return [
    ...(final ? [field(4, 'the final frame')] : []),
    field(4, `sequence number ${envelope.readUInt32BE(at)}`),
    field(12, 'IV: the sequence number'),
    ...(final ? [field(4, `${content} bytes`)] : []),
    field(content, 'content, AES-256-GCM'),
    field(16, 'its tag'),
  ];
}

function line(envelope, [start, end], text) {
  const shown = envelope
    .subarray(start, Math.min(end, start + 12))
    .toString('hex')
    .replaceAll(/..(?=.)/g, '$& ');
  const rest = end - start > 12 ? ` ... (${end - start})` : '';
  return `${start.toString(16).padStart(4, '0')}  ${(shown + rest).padEnd(45)}  ${text}`;
}

export function hexdump() {
  const { envelope } = knownAnswers().find(({ vector }) => vector.name === 'two-keys');
  const { places } = readHeader(envelope);
  const header = Object.entries(places).map(([name, place]) =>
    line(envelope, place, describe(name, envelope.subarray(...place))),
  );
  const frames = framePlaces(envelope).map((place) =>
    frameFields(envelope, place).map((field) => line(envelope, ...field)),
  );
  return [header, ...frames].map((part) => `${part.join('\n')}\n`).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === '--write') {
  writeFileSync(
    DOCUMENT,
    readFileSync(DOCUMENT, 'utf8').replace(BLOCK, () => hexdump()),
  );
}
