// The known answers (tests/vectors/README.md) as plaintexts and envelopes.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { writeFrames } from './message.mjs';

const FOLDER = new URL('../vectors/', import.meta.url);
const hex = (text) => Buffer.from(text, 'hex');

function plaintextOf({ name, plaintext_len: length }) {
  const block = (_, index) => createHash('sha256').update(`${name}/pt/${index}`).digest();
  return Buffer.concat(Array.from({ length: Math.ceil(length / 32) }, block)).subarray(0, length);
}

/** The message: the file has its header and hash, and node:crypto makes the frames. */
function envelopeOf(vector, plaintext) {
  const contents = [];
  for (let at = 0; at < plaintext.length; at += vector.frame_length)
    contents.push(plaintext.subarray(at, at + vector.frame_length));
  if (vector.empty_final || plaintext.length === 0) contents.push(Buffer.alloc(0));
  const frames = writeFrames(hex(vector.derived_key), hex(vector.message_id), contents);
  return Buffer.concat([hex(vector.header_body), hex(vector.header_tag), frames]);
}

/**
 * @param {string[]} [names] of files in tests/vectors/: by default the known answers for RSA keys of KMS
 * @returns {{ vector: object, plaintext: Buffer, envelope: Buffer }[]} vector: as in the file
 */
export function knownAnswers(names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  const vectors = names.flatMap((name) => JSON.parse(readFileSync(new URL(name, FOLDER))));
  return vectors.map((vector) => {
    const plaintext = plaintextOf(vector);
    return { vector, plaintext, envelope: envelopeOf(vector, plaintext) };
  });
}
