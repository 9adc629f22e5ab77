import type { Key } from '#glue';
import { randomBytes } from '#random';
import { isBytes, viewOf, whole } from './bytes.js';
import { type Instance, call, instance, kmsealError, load } from './load.js';
import type { Bytes, EncryptionAlgorithm, GetPublicKeyOutput, ImportOptions } from './types.js';

/** @internal The wasm side of a key, for the sealer. */
export let handleOf: (key: KmsPublicKey, on: Instance) => Key;

interface Description {
  keyId: string;
  keySpec: string;
  encryptionAlgorithm: EncryptionAlgorithm;
  fingerprint: string;
  maxPlaintextLength: number;
}

/** What can be imported again, should the wasm instance be lost. */
type Source = string | Uint8Array<ArrayBuffer> | GetPublicKeyOutput;

/** The public half of a KMS RSA key, checked. */
export class KmsPublicKey {
  static {
    handleOf = (key, on) => key.#handle(on);
  }

  /** The key's ARN. */
  readonly keyId: string;
  /** `RSA_2048`, `RSA_3072` or `RSA_4096`. */
  readonly keySpec: string;
  readonly encryptionAlgorithm: EncryptionAlgorithm;
  /** `SHA256:` and the padded base64 of SHA-256 over the DER of the key (SubjectPublicKeyInfo). */
  readonly fingerprint: string;
  /** Most bytes that {@link encrypt} takes: 62 to 470, by key and hash. */
  readonly maxPlaintextLength: number;

  readonly #source: Source;
  readonly #options: ImportOptions;
  #key: { on: Instance; handle: Key } | undefined;

  private constructor(source: Source, options: ImportOptions) {
    this.#source = source;
    this.#options = options;
    const on = instance();
    const described = call(on, () => this.#handle(on).describe()) as Description;
    this.keyId = described.keyId;
    this.keySpec = described.keySpec;
    this.encryptionAlgorithm = described.encryptionAlgorithm;
    this.fingerprint = described.fingerprint;
    this.maxPlaintextLength = described.maxPlaintextLength;
  }

  /**
   * Checks a key: GetPublicKey's answer (an object, or its JSON), a PEM or base64 string, or DER or PEM bytes.
   *
   * @throws KmsealError ERR_KEY_INVALID, ERR_KEY_UNSUPPORTED, ERR_KEY_ID, ERR_KEY_FINGERPRINT, ERR_LOAD
   */
  static async import(source: string | Bytes | GetPublicKeyOutput, options: ImportOptions = {}): Promise<KmsPublicKey> {
    const { keyId, encryptionAlgorithm, fingerprint } = options;
    // A setting that is missing often comes as null, and must not pass for a key that nobody pins.
    if (fingerprint !== undefined && typeof fingerprint !== 'string') throw new TypeError('fingerprint must be a string');
    const copy = copyOf(source);
    await load();
    return new KmsPublicKey(copy, { keyId, encryptionAlgorithm, fingerprint });
  }

  /**
   * Does what KMS Encrypt does, here: a CiphertextBlob for KMS Decrypt.
   *
   * @param data at most {@link maxPlaintextLength} bytes
   * @throws KmsealError ERR_TOO_LONG
   */
  encrypt(data: Bytes): Uint8Array<ArrayBuffer> {
    // Of longer data no more than tells that it is too long.
    const view = viewOf(data).subarray(0, this.maxPlaintextLength + 1);
    const on = instance();
    return call(on, () => this.#handle(on).encrypt(view)) as Uint8Array<ArrayBuffer>;
  }

  /** Does what KMS GenerateDataKey does, here: a 256-bit key and its CiphertextBlob. */
  generateDataKey(): { plaintext: Uint8Array<ArrayBuffer>; ciphertextBlob: Uint8Array<ArrayBuffer> } {
    const on = instance();
    const [plaintext, ciphertextBlob] = call(on, () => this.#handle(on).generateDataKey()) as Uint8Array<ArrayBuffer>[];
    return { plaintext: plaintext!, ciphertextBlob: ciphertextBlob! };
  }

  /** As {@link generateDataKey}, for those who only store the key. */
  generateDataKeyWithoutPlaintext(): { ciphertextBlob: Uint8Array<ArrayBuffer> } {
    const { plaintext, ciphertextBlob } = this.generateDataKey();
    plaintext.fill(0);
    return { ciphertextBlob };
  }

  #handle(on: Instance): Key {
    if (this.#key?.on !== on) {
      const { keyId, encryptionAlgorithm, fingerprint } = this.#options;
      this.#key = { on, handle: call(on, (wasm) => wasm.Key.importKey(this.#source, keyId, encryptionAlgorithm, fingerprint)) };
    }
    return this.#key.handle;
  }
}

/** Read once, so that no getter runs inside wasm and later changes have no effect. */
function copyOf(source: unknown): Source {
  if (typeof source === 'string') return source;
  if (isBytes(source)) return viewOf(source, 'source').slice();
  if (typeof source !== 'object' || source === null) {
    throw new TypeError("source must be GetPublicKey's answer, a string or bytes");
  }
  const { KeyId, PublicKey, KeySpec, CustomerMasterKeySpec, KeyUsage, EncryptionAlgorithms } = source as GetPublicKeyOutput;
  return {
    KeyId,
    PublicKey: isBytes(PublicKey) ? viewOf(PublicKey, 'PublicKey').slice() : PublicKey,
    KeySpec,
    CustomerMasterKeySpec,
    KeyUsage,
    EncryptionAlgorithms: Array.isArray(EncryptionAlgorithms) ? [...EncryptionAlgorithms] : EncryptionAlgorithms,
  };
}

/**
 * Does what KMS GenerateRandom does, here, from the platform's random source.
 *
 * @param length 1 to 1,024 bytes
 * @throws KmsealError ERR_PLATFORM
 */
export function generateRandom(length: number): Uint8Array<ArrayBuffer> {
  whole(length, 'length', 1, 1024);
  try {
    return randomBytes(length);
  } catch (error) {
    throw kmsealError(error);
  }
}
