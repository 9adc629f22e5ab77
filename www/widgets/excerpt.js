import { element } from './dom.js';
import { frameFields, totalLength } from './envelope-layout.js';
import { formatHex } from './format.js';

/** How many bytes are shown of a file, and of the ciphertext in its place. */
export const EXCERPT = 96;

/** Where in the envelope the first bytes of the file are encrypted. @param {import('kmseal').Inspection} info */
export function contentPlace({ headerLength, frames, frameLength, plaintextSize }) {
  const length = Math.min(frameLength, plaintextSize);
  const fields = frameFields(1, length, frames === 1);
  const content = fields.findIndex(({ kind }) => kind === 'content');
  const start = headerLength + totalLength(fields.slice(0, content));
  return { start, end: start + Math.min(EXCERPT, length) };
}

/** @param {string} text */
export function createExcerpt(text) {
  const title = element('h4', { textContent: text });
  const hex = element('p', { className: 'excerpt' });
  const characters = element('p', { className: 'excerpt excerpt-text' });
  return {
    title,
    hex,
    characters,
    element: element('div', {}, title, hex, characters),
    clear() {
      hex.textContent = '';
      characters.textContent = '';
    },
  };
}

/** @param {ReturnType<typeof createExcerpt>} excerpt @param {Blob} blob */
export async function show(excerpt, blob) {
  // Sealing reports a file that is gone.
  const bytes = new Uint8Array(await blob.arrayBuffer().catch(() => new ArrayBuffer(0)));
  excerpt.hex.textContent = formatHex(bytes, ' ');
  excerpt.characters.textContent = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·',
  ).join('');
}
