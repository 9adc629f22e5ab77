import { platformError } from '../errors.js';
import { answered, same } from '../frames/agreement.js';
import type { Chunk } from '../io/bytes.js';
import type { Encapsulated } from './crate.js';

/** What TypeScript does not know of SubtleCrypto yet (WICG, "Modern Algorithms in the Web Cryptography API"). */
interface Subtle {
  importKey(format: string, key: Chunk, algorithm: string, extractable: boolean, usages: string[]): Promise<CryptoKey>;
  generateKey(algorithm: string, extractable: boolean, usages: string[]): Promise<CryptoKeyPair>;
  encapsulateBits(algorithm: string, key: CryptoKey): Promise<{ ciphertext: ArrayBuffer; sharedKey: ArrayBuffer }>;
  decapsulateBits(algorithm: string, key: CryptoKey, ciphertext: Chunk): Promise<ArrayBuffer>;
}

const subtleCrypto = () => globalThis.crypto?.subtle as unknown as Partial<Subtle> | undefined;

/** Length of a ciphertext in bytes, by parameter set (FIPS 203, 8, table 3). */
const CIPHERTEXTS: { readonly [set: string]: number } = { 'ML-KEM-768': 1088, 'ML-KEM-1024': 1568 };
/** Length of a shared secret in bytes. */
const SECRET_BYTES = 32;

const setOf = (keySpec: string) => keySpec.replaceAll('_', '-');

/**
 * What the private key of the seed 0, 1, ... 63 decapsulates, and the secret that comes out. With a decapsulation that is right, an
 * encapsulation is right if it gives the same secret. The other set is computed alike.
 */
const KNOWN = 'ML-KEM-768';
const KNOWN_SECRET = 'nyt46ekydBzhdGQw3PtTbWBQufA2Sn0UBmGr1SA8X28=';
const KNOWN_CIPHERTEXT =
  'Q7seS/k6XoZfHERO8VFGJ9/iWPy2O7Vx3GV0xJa4mkSxqZt/nGaDiX+xVLtjyGN2MbL9qAsuX4ME0yybRmvEdArSC6EWyvJDgdiqc4OZSL7e36' +
  'CeNVPMu/dXvfv/Qo+VVVAcxoeeKNAO2P01bZqx/FZv/17BmejwqqX2m/i4xRLWzwOTDDsftz/Tsg5HdExSATqka4BV/IkL7imYGvpX1oD7hcZf' +
  'yeM/couQG7BWMiEBIfhM28DAuOoc13TA1gCalYwRrlwKLYyf66swKtnnNchl+JO4Uw6aFpWDcBrsHFnynB4nBJEMNw5IhqqzawSvyu52LoeBDj' +
  'yxK+XKbA+CgVAmPs4Qogtpaa4BL7ZMOc1qQFh/Ss/w9Xjiwr3+Mw+KfNCpIzRwZQfZ+kHEzjmgtFzZ5pKahUrUZXoZjqi3hudt2dBIOOF0yNJJ' +
  'QHUVNixrvcoLFMlh2CcWc6D1q1f0t98ODQE0RSGK9tBKo4/bzmtURLZOCQdZ0QdCw/FqbYM2bXtQ8tVbYqprwsj6G+vowInsnCkRJCBek3zNxw' +
  'JdnYjJTx5qbtKhHuNEr8rY8ymbAZIblRgzwcX0EQN3Wd78IhEqCyzzvpdZFTWjx7xwNTetgkABA6M1jcjj82yqW92tk3vIhTDQVUHgt/4b1saK' +
  '4DSbSihYm5C1yAjoXsSdWl0tfZX/9KftbgzlwfrpPrpd8xMMMgcOYWES2d9b1fDtTqZ1ImgSQNcOzCjL1R0JLYoXnFJykzQ9rmxgoGOg3QOkv1' +
  '63D+fLbUZTPzdK6pdLfU1udKuJpUaLw1qpbg50ZTVRd8AveHOput5TVXWjBlVhQ37E+939KTzzXQpX6oSZWzmaWlveTD0dpC9YW2tKjb1TA3+a' +
  'lZ1EMuIXKnCm+xH4ciqUAf+jdpHDDYkn33SHJGmev7wh8ukegtYs0IF2TPy2uvuBphgUnaFKo1MXnLL/25SaNKKO2u3d0yURZ8TNgv8FEgItXb' +
  'OZ9N+Pyp4k0AnmMc3eRLSh/cP68mVwYoiJ34R2YVsYG85ezlJcyLjINiy3h5qm4EZQzi5cyTL4B/emdh8lh0qcGrVAtz0eCnTl2Ai6YUiepNKx' +
  'iFNydIY1vQIw09CLHPLymHD3wH8+sgUpapqqYrtBlo3+rGa4kgRhJEuigiZv1Ru6nXWJr1ish0fq2pOjUnh0Ml4KY1wIc3v28HpDYcLbP+h+sI' +
  '3H80l4jzQopeOIUTQR6SoMkTy3dznxpoRbT3ypQiN/MGBZP8Z7E5aE5imURnBn0qr6xRChCZ2FWGdxlgf8CSBj2EiH/etrVz1gxWQQepvZU3sI' +
  'Ejp0tVVzboB2jinMsIka46sHMInjbxPp5yyfzvjWFk2HRwoqnXUH2ENpjvG7AvNoME37JJqg+N7Izg2L9GS5FEagaisOjjBkjMixViMNnZe3Sg' +
  'K9Jz0p/oUTyqw1vPCBzK4=';

async function encapsulated(subtle: Subtle, set: string, key: CryptoKey): Promise<Encapsulated> {
  const { ciphertext, sharedKey } = await subtle.encapsulateBits(set, key);
  return [answered(ciphertext, CIPHERTEXTS[set]!), answered(sharedKey, SECRET_BYTES)];
}

/** Whether SubtleCrypto gives the known answer, and agrees with itself on a fresh key, each time on another secret. */
async function agrees(subtle: Subtle, set: string): Promise<boolean> {
  const seed = Uint8Array.from({ length: 64 }, (_, at) => at);
  const ciphertext = Uint8Array.from(atob(KNOWN_CIPHERTEXT), (letter) => letter.charCodeAt(0));
  const [known, { publicKey, privateKey }] = await Promise.all([
    subtle.importKey('raw-seed', seed, KNOWN, false, ['decapsulateBits']),
    subtle.generateKey(set, false, ['encapsulateBits', 'decapsulateBits']),
  ]);
  const [secret, [sent, own], [otherSent, other]] = await Promise.all([
    subtle.decapsulateBits(KNOWN, known, ciphertext),
    encapsulated(subtle, set, publicKey),
    encapsulated(subtle, set, publicKey),
  ]);
  const back = answered(await subtle.decapsulateBits(set, privateKey, sent), SECRET_BYTES);
  const isKnown = btoa(String.fromCharCode(...answered(secret, SECRET_BYTES))) === KNOWN_SECRET;
  return isKnown && same(back, own) && !same(own, other) && !same(sent, otherSent);
}

/** SubtleCrypto and its functions as they were tried on a set, and whether they gave the right answers. */
const tried: { [set: string]: { parts: readonly unknown[]; works: Promise<boolean> } } = {};

/** Whether this engine's SubtleCrypto has ML-KEM keys of a spec: tried once, and again when a script has replaced something since. */
export async function hasMlKem(keySpec: string): Promise<boolean> {
  const subtle = subtleCrypto();
  if (!subtle?.encapsulateBits) return false;
  const set = setOf(keySpec);
  const parts = [subtle, subtle.importKey, subtle.generateKey, subtle.encapsulateBits, subtle.decapsulateBits];
  if (!parts.every((part, at) => part === tried[set]?.parts[at])) {
    // What throws does not have it.
    tried[set] = { parts, works: agrees(subtle as Subtle, set).catch(() => false) };
  }
  return tried[set]!.works;
}

/**
 * A fresh secret for an encapsulation key, by SubtleCrypto that has ML-KEM.
 *
 * @throws KmsealError ERR_PLATFORM
 */
export async function encapsulateBits(keySpec: string, publicKey: Chunk): Promise<Encapsulated> {
  const subtle = subtleCrypto() as Subtle;
  const set = setOf(keySpec);
  try {
    const key = await subtle.importKey('raw-public', publicKey.slice(), set, false, ['encapsulateBits']);
    return await encapsulated(subtle, set, key);
  } catch (cause) {
    throw platformError('SubtleCrypto (ML-KEM)', { cause });
  }
}
