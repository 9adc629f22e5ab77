// What no request may show: plaintext with a sentence to look for in every kibibyte.
import { sample } from './bytes.mjs';

export const PLAIN = 'the patient has a broken arm, and so on';

/** What was made, by size: tests want the same megabytes again and again. */
const made = new Map();

/** `size` bytes of it, the caller's own. */
export function content(size) {
  if (!made.has(size)) {
    const bytes = Buffer.from(sample(size));
    for (let at = 0; at + PLAIN.length < size; at += 1024) bytes.write(PLAIN, at);
    made.set(size, bytes);
  }
  return Buffer.from(made.get(size));
}
