import { expectNames } from '../io/strays.js';
import type { SealedUploadOptions } from './options.js';

type Common = keyof SealedUploadOptions<unknown>;

/** Those that all ways of uploading take. */
const COMMON: Record<Common, true> = {
  sealer: true,
  encryptionContext: true,
  requiredEncryptionContext: true,
  describe: true,
  onRetry: true,
};

/** The names of the options that a way of uploading has for itself. */
export type OwnNames<O> = Readonly<Record<Exclude<keyof O, Common>, true>>;

/**
 * Refuses an option that a way of uploading does not have, such as the context by another name. It would be ignored, and what it was to guard
 * or to send would be missing.
 */
export function expectUploadNames(options: object, own: Readonly<Record<string, true>>): void {
  expectNames(options, { ...COMMON, ...own });
}
