import type { OpenerCacheOptions } from '../cache/options.js';
import type { GetPublicKeyOutput, KmsPublicKey } from '../key.js';
import type {
  DecapsulateInput,
  DecapsulateOutput,
  DecryptInput,
  DecryptOptions,
  DecryptOutput,
  DeriveSharedSecretInput,
  DeriveSharedSecretOutput,
  EncryptionAlgorithm,
  EncryptionContext,
  GetPublicKeyInput,
  RawKey,
  RunOptions,
  UnlockedHeader,
} from '../types.js';

/** The keys that open, and the calls that use them. */
export interface OpenerKeyOptions {
  /**
   * Full ARNs of the RSA keys of KMS that may open, the nearest first; checked at first use. `mrk-` keys match in any region. If KMS fails
   * for one of them, such as a whole region, the next one that the envelope names is asked.
   */
  keyIds?: readonly string[] | undefined;
  /**
   * Calls KMS Decrypt, with the caller's own client, credentials and retries; RSA keys of KMS need it. With keys in several regions use the
   * client of the key's: `input.KeyId.split(':')[3]`.
   */
  decrypt?: ((input: DecryptInput, options: DecryptOptions) => Promise<DecryptOutput>) | undefined;
  /**
   * Public keys of KMS that may open, the nearest first; they come after `keyIds`. ECC keys must be here: an envelope names their point, and not
   * their ARN. With `getPublicKey` a full ARN may replace a key.
   */
  keys?: readonly (KmsPublicKey | string)[] | undefined;
  /**
   * Calls KMS GetPublicKey: once for each ARN in `keys`, with the first envelope for ECC keys. Until it has answered, the other keys
   * are tried. A failure is not kept.
   */
  getPublicKey?: ((input: GetPublicKeyInput, options: DecryptOptions) => Promise<GetPublicKeyOutput>) | undefined;
  /** Calls KMS DeriveSharedSecret, as `decrypt` calls Decrypt; ECC keys need it. */
  deriveSharedSecret?:
    | ((input: DeriveSharedSecretInput, options: DecryptOptions) => Promise<DeriveSharedSecretOutput>)
    | undefined;
  /**
   * Experimental: calls KMS Decapsulate, as `decrypt` calls Decrypt; ML-KEM keys need it. Their ARNs go into `keyIds`, or the keys into `keys`.
   */
  decapsulate?: ((input: DecapsulateInput, options: DecryptOptions) => Promise<DecapsulateOutput>) | undefined;
  /** Customers' own RSA keys that may open; they are tried last, in their order. Several may have one name. */
  rawKeys?: readonly RawKey[] | undefined;
  /**
   * What {@link Opener.unlock} gave on a server, in place of keys: it opens that envelope and no other. `close` wipes the key here, and
   * cannot wipe the object that was handed in.
   */
  unlocked?: UnlockedHeader | undefined;
  /** The OAEP hash that the RSA keys of KMS were imported with; the envelope does not say it. */
  encryptionAlgorithm?: EncryptionAlgorithm | undefined;
}

/** How an {@link Opener} opens, whatever its keys are. */
interface OpenerSettings {
  /** The maximum number of encrypted data keys in a header; 8 by default. */
  maxEncryptedDataKeys?: number | undefined;
  /**
   * The shortest frame in bytes; 1 by default, which accepts every envelope. Each short frame costs far more time than its bytes,
   * so an opener of envelopes from strangers can refuse them: kmseal seals with 4,096 or more.
   */
  minFrameLength?: number | undefined;
  /** The longest frame in bytes; 16 MiB by default. */
  maxFrameLength?: number | undefined;
  /** The default of {@link OpenOptions.idleTimeout} for all calls. */
  idleTimeout?: number | undefined;
  /** What decrypts the frames: `webcrypto` by default; `wasm` as for a Sealer. */
  engine?: 'webcrypto' | 'wasm' | undefined;
  /**
   * Keeps what KMS answered, for envelopes that were sealed under one data key or by one kept sender: one of many concurrent calls asks. Off
   * by default. A cached key outlives a revoked permission by up to maxAge.
   */
  cache?: OpenerCacheOptions | undefined;
}

/** What an {@link Opener} opens, and how: at least one of `keyIds`, `keys` and `rawKeys`, and what they need; or `unlocked`. */
export type OpenerOptions = OpenerKeyOptions &
  OpenerSettings &
  (
    | Required<Pick<OpenerKeyOptions, 'keyIds'>>
    | Required<Pick<OpenerKeyOptions, 'keys'>>
    | Required<Pick<OpenerKeyOptions, 'rawKeys'>>
    | Required<Pick<OpenerKeyOptions, 'unlocked'>>
  );

/** Options of {@link Opener.open}. */
export interface OpenOptions extends RunOptions {
  /**
   * What the caller expects, the only guard against one person's envelope put in another's place: a stored pair must match,
   * a pair that is not stored is taken as a required one.
   */
  encryptionContext?: EncryptionContext | undefined;
  /**
   * Milliseconds for which the source may deliver nothing while the call waits for it; then ERR_READ, and the source is cancelled. For a
   * stream it is the time until the next chunk, for `{ size, read }` that of one read. Off by default: a connection that
   * stalls keeps the call waiting forever. The time between reads of the plaintext does not count.
   */
  idleTimeout?: number | undefined;
}

/** Options of {@link Opener.unlock}. */
export type UnlockOptions = Omit<OpenOptions, 'onProgress'>;

/** Options of {@link Opener.openRange}. */
export interface OpenRangeOptions extends OpenOptions {
  /** First byte of the part in the plaintext; 0 by default. As with Blob.slice, a negative one counts from the end. */
  start?: number | undefined;
  /** The first byte after the part; by default the plaintext's end. As with Blob.slice, a negative one counts from the end. */
  end?: number | undefined;
}
