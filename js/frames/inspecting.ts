import { HEAD_SLICE_BYTES, queueOf } from '../io/envelope.js';
import { readSlice } from '../io/chunks.js';
import { instance, load } from '../load.js';
import { type Limits, readHeader } from './opening.js';
import type { ByteStream, Bytes, EncryptionContext, RangeSource } from '../types.js';

/** Generous, and yet a hostile header cannot make `inspect` hold more than 20 MB. */
const INSPECTED: Limits = { maxEncryptedDataKeys: 100, maxFrameLength: 4_294_967_295 };

/** An encrypted data key in an envelope's header. */
export interface InspectedDataKey {
  /**
   * Who wrapped it: `aws-kms-rsa`, `aws-kms` and `kmseal-ml-kem-draft-1` name an ARN; `raw-ecdh` and `aws-kms-ecdh` a point; others are the
   * namespace of a raw key.
   */
  providerId: string;
  /** For other keys of KMS: the ARN. */
  keyId?: string;
  /** For an ECC key: `ECC_NIST_P256`, `ECC_NIST_P384` or `ECC_NIST_P521`. */
  keySpec?: string;
  /** For an ECC key: compare it with {@link KmsPublicKey.fingerprint}. */
  fingerprint?: string;
  /** For a raw key: its namespace. */
  keyNamespace?: string;
  /** For a raw key: its name. */
  keyName?: string;
  /** In bytes. */
  ciphertextLength: number;
}

/** What an envelope's header says; no part of it is authenticated. */
export interface Inspection {
  /** `0x0478`: AES-256-GCM with HKDF and key commitment, without a signature (AWS Encryption SDK Developer Guide, "Supported algorithm suites"). */
  algorithmSuite: string;
  /** 43 characters of base64url: {@link Opener.describe} takes it. */
  messageId: string;
  /** The stored pairs. */
  encryptionContext: EncryptionContext;
  /** All of them, those of other providers too. */
  encryptedDataKeys: InspectedDataKey[];
  /** The ARNs of the keys that are named by one. An ECC key is not: the envelope gives only its fingerprint. */
  keyIds: string[];
  /** Content length in bytes of every frame but the last. */
  frameLength: number;
  /** In bytes, with the tag. */
  headerLength: number;
  /** Length of the plaintext in bytes, if the envelope's size is known. */
  plaintextSize?: number;
  /** Number of frames, if the envelope's size is known. */
  frames?: number;
}

/**
 * Reads an envelope's header, and looks for the final frame where its size says; nothing is authenticated. A stream is consumed, and shows no end: for
 * the first bytes of an envelope, give `new Blob([bytes]).stream()`.
 *
 * @throws KmsealError ERR_ENVELOPE_INVALID, ERR_ENVELOPE_UNSUPPORTED, ERR_READ, ERR_LOAD; ERR_TRUNCATED: it was cut off, or lost or gained bytes;
 *   ERR_SOURCE_CHANGED: the source reads more or less than it is asked for
 */
export async function inspect(envelope: Blob | Bytes | ByteStream | RangeSource): Promise<Inspection> {
  const { queue, size, file, bytes } = queueOf(envelope, {}, HEAD_SLICE_BYTES);
  try {
    await load();
    const wasm = instance();
    const header = await readHeader(wasm, queue, INSPECTED);
    try {
      let head = new Uint8Array();
      if (size !== undefined) {
        const start = header.finalFrame(size);
        const end = start + wasm.Body.headLength();
        head = bytes?.subarray(start, end) ?? (await readSlice(file ?? (envelope as RangeSource), start, end));
      }
      return header.describe(size, head) as Inspection;
    } finally {
      header.free();
    }
  } finally {
    queue.close();
  }
}
