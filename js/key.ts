import { randomBytes } from '#random';
import { viewOf, wholeNumber } from './io/bytes.js';
import { KmsealError } from './errors.js';
import { Remembered, fetchKeyFile, keyUrl } from './io/key-fetch.js';
import { evenIfLeft } from './io/left.js';
import { shown } from './io/shown-url.js';
import { KeyHandle, type KeySource, copyOf, listOf } from './io/key-source.js';
import { isMlKem, loadMlKem } from './frames/encapsulation.js';
import { load } from './load.js';
import { ignoreFailure } from './io/promises.js';
import { refuseStrays } from './io/strays.js';
import type { Bytes, EncryptionAlgorithm } from './types.js';

/** The answer of KMS GetPublicKey, as `aws kms get-public-key` prints it, the JavaScript SDK returns it, or `JSON.stringify` writes that. */
export interface GetPublicKeyOutput {
  /** The key's ARN. */
  readonly KeyId?: string | undefined;
  /** DER of a SubjectPublicKeyInfo, its base64, or what JSON makes of an array or a Buffer. */
  readonly PublicKey?:
    | string
    | Bytes
    | readonly number[]
    | Readonly<Record<number, number>>
    | { readonly type: string; readonly data: readonly number[] }
    | undefined;
  /** One of {@link KmsPublicKey.keySpec}; it must agree with the key. */
  readonly KeySpec?: string | undefined;
  /** What KMS called KeySpec before. */
  readonly CustomerMasterKeySpec?: string | undefined;
  /**
   * `ENCRYPT_DECRYPT` for an RSA key, `KEY_AGREEMENT` for an ECC key, `ENCAPSULATE_DECAPSULATE` for an ML-KEM key. What is sealed for a key of
   * another usage could never be opened.
   */
  readonly KeyUsage?: string | undefined;
  /** Those that the key can be used with; the option `encryptionAlgorithm` must be one of them. */
  readonly EncryptionAlgorithms?: readonly string[] | undefined;
  /** For an ECC key: `['ECDH']`. */
  readonly KeyAgreementAlgorithms?: readonly string[] | undefined;
  /** For an ML-KEM key: `['ML_KEM']`. */
  readonly EncapsulationAlgorithms?: readonly string[] | undefined;
}

/** What the caller states about a key, besides the key itself. */
export interface ImportOptions {
  /** The key's ARN, needed unless the source has it. If there are several, as in a rotation, the key's own must be one of them. */
  keyId?: string | readonly string[] | undefined;
  /** The OAEP hash of an RSA key, by default SHA-256; never taken from the source. */
  encryptionAlgorithm?: EncryptionAlgorithm | undefined;
  /**
   * KMS's KeyUsage. An ECC key needs `KEY_AGREEMENT` unless the source says it: the point alone could as well belong to a signing key,
   * for which nothing could ever be opened.
   */
  keyUsage?: 'ENCRYPT_DECRYPT' | 'KEY_AGREEMENT' | 'ENCAPSULATE_DECAPSULATE' | undefined;
  /**
   * `SHA256:` and the padded base64 of SHA-256 over the DER. It guards only if it did not come with the key. If there are several, the key's
   * own must be one of them: while a key is replaced, pages that are open may load the old one or the new one.
   */
  fingerprint?: string | readonly string[] | undefined;
  /**
   * Takes ML-KEM keys, which are quantum-safe. Their envelopes have a format of our own until AWS's is final, and AWS's Encryption SDKs do
   * not open them. The code that encapsulates comes with the first such key.
   */
  experimental?: boolean | undefined;
}

/** Options for a fetched key. */
export interface FetchKeyOptions extends ImportOptions {
  /** Rejects with the signal's reason. The request continues as long as another caller waits for the same key. */
  signal?: AbortSignal | undefined;
}

/** The requirements on a key; without key ids or fingerprints, any will do. */
interface Asked {
  keyIds: string[];
  encryptionAlgorithm: EncryptionAlgorithm | undefined;
  keyUsage: ImportOptions['keyUsage'];
  fingerprints: string[];
  experimental: boolean;
}

/** Fetched keys, by their URL and the requirements on them. */
const fetched = /* @__PURE__ */ new Remembered<KmsPublicKey>();

/**
 * The public half of a KMS key, checked: RSA of usage ENCRYPT_DECRYPT, ECC of usage KEY_AGREEMENT, or, experimental, ML-KEM of usage
 * ENCAPSULATE_DECAPSULATE.
 */
export class KmsPublicKey {
  /** The key's ARN. */
  declare readonly keyId: string;
  /**
   * `RSA_2048`, `RSA_3072`, `RSA_4096`, `ECC_NIST_P256`, `ECC_NIST_P384`, `ECC_NIST_P521`, `ML_KEM_768` or `ML_KEM_1024`.
   */
  declare readonly keySpec: string;
  /** The OAEP hash that an RSA key is used with, as KMS names it; other keys have none. */
  declare readonly encryptionAlgorithm?: EncryptionAlgorithm;
  /** `SHA256:` and the padded base64 of SHA-256 over the DER of the key (SubjectPublicKeyInfo). */
  declare readonly fingerprint: string;
  /** The maximum number of bytes for {@link encrypt}: 62 to 470, by key and hash; 0 of a key that is not RSA and encrypts nothing by itself. */
  declare readonly maxPlaintextLength: number;

  readonly #handle: KeyHandle;

  private constructor(source: KeySource, asked: Asked) {
    const { keyIds, encryptionAlgorithm, keyUsage, fingerprints, experimental } = asked;
    this.#handle = new KeyHandle((wasm) =>
      wasm.PublicKey.kms(source, keyIds, encryptionAlgorithm, keyUsage, fingerprints, experimental),
    );
    // Its fields have the names of this class's.
    Object.assign(this, this.handle().describe());
  }

  /**
   * Checks a key. It may be GetPublicKey's answer (an object of the SDK or of `response.json()`, or text as the AWS CLI writes it in
   * any of its formats), PEM, base64, or DER, as text, bytes or a Blob; text in UTF-8 or UTF-16.
   *
   * @throws KmsealError ERR_KEY_INVALID, ERR_KEY_UNSUPPORTED, ERR_KEY_ID, ERR_KEY_FINGERPRINT, ERR_LOAD
   */
  static async import(
    source: string | Bytes | Blob | GetPublicKeyOutput,
    options: ImportOptions = {},
  ): Promise<KmsPublicKey> {
    const asked = askedBy(options);
    const copy = await copyOf(source);
    await load();
    return ready(new KmsPublicKey(copy, asked));
  }

  /**
   * Loads a key from where it is published, and checks it as {@link import} does; the .wasm is loaded at the same time. From an
   * origin other than the page's it needs `fingerprint` and `keyId`. A good key is cached for the same URL and options, as long as the page
   * lives: give a new key a new URL. A failure is not cached, and the next call requests it again. A request fails if it has not ended after
   * 30 seconds.
   *
   * @param url in pages also relative to theirs
   * @throws KmsealError ERR_LOAD, and what {@link import} throws
   */
  static async fetch(url: string | URL, options: FetchKeyOptions = {}): Promise<KmsPublicKey> {
    const asked = askedBy(options);
    const place = keyUrl(url);
    return fetched.get(JSON.stringify([place, asked]), options.signal, async (stop) => {
      const loaded = load();
      ignoreFailure(loaded);
      const pinned = [asked.keyIds, asked.fingerprints].every((list) => list.some(Boolean));
      const source = await evenIfLeft(() => fetchKeyFile(place, pinned, stop));
      await loaded;
      let key: KmsPublicKey;
      try {
        key = new KmsPublicKey(source, asked);
      } catch (error) {
        throw error instanceof KmsealError
          ? new KmsealError(error.code, `${shown(place)}: ${error.message}`, { cause: error })
          : error;
      }
      return ready(key);
    });
  }

  /**
   * Does locally what KMS Encrypt does: returns a CiphertextBlob for KMS Decrypt.
   *
   * @param data at most {@link maxPlaintextLength} bytes
   * @throws KmsealError ERR_TOO_LONG; ERR_KEY_UNSUPPORTED: the key is not RSA
   */
  encrypt(data: Bytes): Uint8Array<ArrayBuffer> {
    // Only enough of longer data to see that it is too long.
    const view = viewOf(data).subarray(0, this.maxPlaintextLength + 1);
    return this.handle().encrypt(view) as Uint8Array<ArrayBuffer>;
  }

  /**
   * Does locally what KMS GenerateDataKey does: returns a 256-bit key and its CiphertextBlob.
   *
   * @throws KmsealError ERR_KEY_UNSUPPORTED: the key is not RSA
   */
  generateDataKey(): { plaintext: Uint8Array<ArrayBuffer>; ciphertextBlob: Uint8Array<ArrayBuffer> } {
    const plaintext = randomBytes(32);
    return { plaintext, ciphertextBlob: this.encrypt(plaintext) };
  }

  /**
   * Like {@link generateDataKey}, for callers that only store the key.
   *
   * @throws KmsealError ERR_KEY_UNSUPPORTED: the key is not RSA
   */
  generateDataKeyWithoutPlaintext(): { ciphertextBlob: Uint8Array<ArrayBuffer> } {
    const { plaintext, ciphertextBlob } = this.generateDataKey();
    plaintext.fill(0);
    return { ciphertextBlob };
  }

  /** @internal The handle of it in the running .wasm, for the sealer and the opener. */
  handle() {
    return this.#handle.get();
  }
}

/** A key, once what seals for it is loaded. */
async function ready(key: KmsPublicKey): Promise<KmsPublicKey> {
  if (KMSEAL_EVERY_KIND && isMlKem(key.keySpec)) await loadMlKem(key.keySpec);
  return key;
}

/** What `import` and `fetch` take. */
const OPTIONS = [
  'fingerprint',
  'keyId',
  'encryptionAlgorithm',
  'keyUsage',
  'experimental',
  'signal',
] satisfies (keyof FetchKeyOptions)[];

function askedBy(options: FetchKeyOptions): Asked {
  const { keyId, encryptionAlgorithm, keyUsage, fingerprint, experimental = false } = options;
  // In place of the options, or under another name, it pins nothing, and the hash of OAEP is another one.
  refuseStrays(options, OPTIONS);
  // A missing setting often arrives as null, and must not pass for an unpinned key.
  return {
    keyIds: listOf(keyId ?? undefined, 'keyId'),
    encryptionAlgorithm,
    keyUsage,
    fingerprints: listOf(fingerprint, 'fingerprint'),
    experimental,
  };
}

/**
 * Does locally what KMS GenerateRandom does, from the platform's random source.
 *
 * @param length 1 to 1,024 bytes
 * @throws KmsealError ERR_PLATFORM, ERR_INTERNAL
 */
export function generateRandom(length: number): Uint8Array<ArrayBuffer> {
  wholeNumber(length, 'length', 1, 1024);
  return randomBytes(length);
}
