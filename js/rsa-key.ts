import { load } from './load.js';
import { KeyHandle, copyOf, listOf } from './io/key-source.js';
import { refuseStrays } from './io/strays.js';
import type { GetPublicKeyOutput } from './key.js';
import type { Bytes, OaepHash } from './types.js';

const OPTIONS = ['keyNamespace', 'keyName', 'hash', 'fingerprint'] satisfies (keyof RawImportOptions)[];

/** A raw RSA key's file: a public key with the name that envelopes give it. */
export interface RawPublicKeyOutput {
  /** Whose key it is, such as the name of the HSM. */
  readonly keyNamespace?: string | undefined;
  /** Which one of them. */
  readonly keyName?: string | undefined;
  /** The OAEP hash that its private half is used with. */
  readonly hash?: OaepHash | undefined;
  /** DER of a SubjectPublicKeyInfo, or its base64; as in {@link GetPublicKeyOutput}. */
  readonly PublicKey?: GetPublicKeyOutput['PublicKey'];
}

/** What the caller states about a raw RSA key, besides the key itself. */
export interface RawImportOptions {
  /** Needed unless the source has it. What begins with `aws-kms`, `raw-ecdh` or `kmseal-` is refused. */
  keyNamespace?: string | undefined;
  /** Needed unless the source has it. */
  keyName?: string | undefined;
  /** The OAEP hash, by default the source's or SHA-256. The envelope does not say it: the opener's key must have the same. */
  hash?: OaepHash | undefined;
  /** `SHA256:` and the padded base64 of SHA-256 over the DER, as of a key of KMS. */
  fingerprint?: string | readonly string[] | undefined;
}

/** The public half of an RSA key outside KMS, checked: of an HSM, of another cloud, or kept offline. 2048 to 4096 bits. */
export class RsaPublicKey {
  /** Whose key it is. Anyone who sees the envelope can read it. */
  declare readonly keyNamespace: string;
  /** Which one of them. Anyone who sees the envelope can read it. */
  declare readonly keyName: string;
  /** The OAEP hash that the key is used with. */
  declare readonly hash: OaepHash;
  /** `SHA256:` and the padded base64 of SHA-256 over the DER of the key (SubjectPublicKeyInfo). */
  declare readonly fingerprint: string;

  readonly #handle: KeyHandle;

  private constructor(handle: KeyHandle) {
    this.#handle = handle;
    // Its fields have the names of this class's.
    Object.assign(this, handle.get().describe());
  }

  /**
   * Checks a key: its file `{ keyNamespace, keyName, hash, PublicKey }`, PEM, base64, or DER, as text, bytes or a Blob. An option beside
   * another value of the file is an error.
   *
   * @throws KmsealError ERR_KEY_INVALID, ERR_KEY_UNSUPPORTED, ERR_KEY_ID, ERR_KEY_FINGERPRINT, ERR_LOAD
   */
  static async import(
    source: string | Bytes | Blob | RawPublicKeyOutput,
    options: RawImportOptions = {},
  ): Promise<RsaPublicKey> {
    const { keyNamespace, keyName, hash, fingerprint } = options;
    // A hash under another name, such as `oaepHash`, would leave SHA-256: who holds the private key may not have that.
    refuseStrays(options, OPTIONS);
    const fingerprints = listOf(fingerprint, 'fingerprint');
    const copy = await copyOf(source);
    await load();
    return new RsaPublicKey(
      new KeyHandle((wasm) => wasm.PublicKey.raw(copy, keyNamespace, keyName, hash, fingerprints)),
    );
  }

  /** @internal The handle of it in the running .wasm, for the sealer. */
  handle() {
    return this.#handle.get();
  }
}
