/**
 * Encrypt files in the browser so that only AWS KMS can open them.
 *
 * @module kmseal
 */
export type { CacheOptions, OpenerCacheOptions, SealerCacheOptions } from './cache/options.js';
export { KmsealError, type KmsealErrorCode, type KmsealErrorDetails } from './errors.js';
export { type InspectedDataKey, type Inspection, inspect } from './frames/inspecting.js';
export type { OpenOptions, OpenRangeOptions, OpenerOptions, UnlockOptions } from './frames/opener-options.js';
export {
  type FetchKeyOptions,
  type GetPublicKeyOutput,
  type ImportOptions,
  KmsPublicKey,
  generateRandom,
} from './key.js';
export { load } from './load.js';
export { type OpenRangeResult, type OpenResult, Opener } from './opener.js';
export { type ResealOptions, reseal } from './reseal.js';
export { type RawImportOptions, type RawPublicKeyOutput, RsaPublicKey } from './rsa-key.js';
export type { SealedFile, SealedFileState } from './sealed-file.js';
export { type SealOptions, type SealStreamOptions, Sealer, type SealerOptions } from './sealer.js';
export type {
  ByteStream,
  Bytes,
  ContextOptions,
  DecapsulateInput,
  DecapsulateOutput,
  DecryptInput,
  DecryptOptions,
  DecryptOutput,
  DeriveSharedSecretInput,
  DeriveSharedSecretOutput,
  DescribeOptions,
  Description,
  DescriptionFields,
  EncryptionAlgorithm,
  EncryptionContext,
  GetPublicKeyInput,
  OaepHash,
  Progress,
  RangeSource,
  RawKey,
  RunOptions,
  UnlockedHeader,
} from './types.js';
export type { WasmSource } from './wasm/source.js';
