/** Limits that every data-key cache has. */
interface DataKeyLimits {
  /** The longest use of one data key, in milliseconds. */
  maxAge: number;
  /** The maximum number of data keys, 100 by default; the least recently used one makes room. A Sealer has one for each context. */
  capacity?: number | undefined;
}

/** Limits of a Sealer's data-key cache, under the names of AWS's caching materials manager. */
export interface CacheOptions extends DataKeyLimits {
  /** The maximum number of envelopes sealed under one data key, 2^32 by default. */
  maxMessagesEncrypted?: number | undefined;
  /** The maximum number of plaintext bytes sealed under one data key. A stream of unknown length always has a data key, or a sender, of its own. */
  maxBytesEncrypted?: number | undefined;
}

/** Limits of what a Sealer keeps, and whether that is a sender in place of data keys. */
export interface SealerCacheOptions extends CacheOptions {
  /**
   * Keeps the sender's key pair, of the key agreement with an ECC key, in place of data keys: each envelope has its own data key and may
   * have its own context, and an opener with a cache needs one DeriveSharedSecret for all of them. It is not extractable. The limits
   * are those of one sender. False by default.
   */
  keepSender?: boolean | undefined;
}

/** Limits of an Opener's data-key cache. */
export interface OpenerCacheOptions extends DataKeyLimits {
  /** The maximum number of envelopes opened with one answer of KMS, 2^32 by default. */
  maxMessages?: number | undefined;
  /** The maximum number of plaintext bytes opened with one answer of KMS. With it, KMS is asked for every stream of unknown length. */
  maxBytes?: number | undefined;
}
