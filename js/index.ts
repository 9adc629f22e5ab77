/**
 * Encrypt files in the browser so that only AWS KMS can open them.
 *
 * @module kmseal
 */
export { KmsealError, type KmsealErrorCode, type KmsealErrorOptions } from './errors.js';
export { KmsPublicKey, generateRandom } from './key.js';
export { load } from './load.js';
export { Opener, type OpenerOptions, inspect } from './opener.js';
export { reseal } from './reseal.js';
export type { SealedFile } from './sealed-file.js';
export { Sealer, type SealerOptions } from './sealer.js';
export type {
  ByteStream, Bytes, CacheOptions, ContextOptions, DecryptInput, DecryptOptions, DecryptOutput, EncryptionAlgorithm, EncryptionContext, Engine,
  GetPublicKeyOutput, ImportOptions, Inspection, OpenOptions, OpenRangeResult, OpenResult, Output, Progress, RangeSource,
  ResealOptions, RunOptions, SealOptions, SealStreamOptions, WasmSource,
} from './types.js';
