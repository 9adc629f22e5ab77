// What no request may show: plaintext with a sentence to look for in every kibibyte.
import { sample } from './bytes.mjs';

export const PLAIN = 'the patient has a broken arm, and so on';

/** `size` bytes of it. */
export function content(size) {
  const bytes = Buffer.from(sample(size));
  for (let at = 0; at + PLAIN.length < size; at += 1024) bytes.write(PLAIN, at);
  return bytes;
}
