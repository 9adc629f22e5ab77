import { KmsealError } from '../errors.js';
import type { Chunk } from '../io/bytes.js';

/** What goes into the envelope, and the secret of 32 bytes, which the caller wipes. */
export type Encapsulated = readonly [ciphertext: Chunk, secret: Chunk];

/** What ml-kem/src/lib.rs exports. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  exchange(): number;
  encapsulate(keyLength: number): number;
}

/** Length of what is random in an encapsulation, and of the secret. */
const SECRET_BYTES = 32;

/**
 * Encapsulates with the module. An instance serves once: its whole memory is overwritten afterwards, so nothing secret stays in it.
 *
 * @throws KmsealError ERR_INTERNAL
 */
export function encapsulateBy(
  module: WebAssembly.Module,
  publicKey: Chunk,
  randomBytes: (length: number) => Chunk,
): Encapsulated {
  const random = randomBytes(SECRET_BYTES);
  const { memory, exchange, encapsulate } = new WebAssembly.Instance(module).exports as unknown as Exports;
  try {
    const bytes = new Uint8Array(memory.buffer, exchange());
    bytes.set(random);
    bytes.set(publicKey, SECRET_BYTES);
    const length = encapsulate(publicKey.length);
    if (length === 0) throw new TypeError('this is not an encapsulation key');
    return [bytes.slice(SECRET_BYTES, SECRET_BYTES + length), bytes.slice(0, SECRET_BYTES)];
  } catch (cause) {
    const message =
      'the encapsulation of a secret for an ML-KEM key failed; try again, and report this if it happens twice';
    throw new KmsealError('ERR_INTERNAL', message, { cause });
  } finally {
    random.fill(0);
    new Uint8Array(memory.buffer).fill(0);
  }
}
