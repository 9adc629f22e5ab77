import { type AllNames, refuseStrays } from '../io/strays.js';
import type { SealedUploadOptions } from './options.js';

/** Those that all ways of uploading take. */
const COMMON = [
  'sealer',
  'encryptionContext',
  'requiredEncryptionContext',
  'describe',
  'onRetry',
] satisfies (keyof SealedUploadOptions<unknown>)[];
type Common = (typeof COMMON)[number];

/**
 * Refuses an option that a way of uploading does not have, such as the context by another name. It would be ignored, and what it was to guard
 * or to send would be missing. `own`: the names that this way has for itself.
 */
export function expectUploadNames<Options, Name extends string>(
  options: Options,
  own: AllNames<Omit<Options, Common>, Name>,
): void {
  refuseStrays(options as object, [...COMMON, ...(own as readonly string[])]);
}
