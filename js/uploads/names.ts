import { refuseStrays } from '../io/strays.js';

/**
 * Refuses an option that a way of uploading does not have, such as the context by another name. It would be ignored, and what it was to guard
 * or to send would be missing.
 */
export function expectNames(options: object, names: Readonly<Record<string, true>>): void {
  const known = Object.keys(names);
  refuseStrays(options, known, `there are ${known.join(', ')}`);
}
