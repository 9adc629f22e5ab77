import { toBase64url } from '../io/base64url.js';
import { type Chunk, viewOf } from '../io/bytes.js';
import { KmsealError, platformError } from '../errors.js';

/** A curve as SubtleCrypto names it. */
export type Curve = 'P-256' | 'P-384' | 'P-521';

/** A sender's key pair. Its private half cannot be exported. */
export interface Sender {
  privateKey: CryptoKey;
  /** The uncompressed point: 65, 97 or 133 bytes (SEC 1, 2.3.3). */
  point: Chunk;
}

/**
 * Bytes of a coordinate, and the base point of each curve (FIPS 186-5; SEC 2). A private key of 1 has it as its public key, and shares its x
 * coordinate with it: a known answer that takes no further bytes.
 */
const CURVES: { readonly [curve in Curve]: readonly [number, string, string] } = {
  'P-256': [32, 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY', 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU'],
  'P-384': [
    48,
    'qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3',
    'NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f',
  ],
  'P-521': [
    66,
    'AMaFjga3BATpzZ4-y2YjlbRCnGSBOQU_tSH4KK9ga009uqFLXnfv51ko_h3BJ6L_qN4zSLPBhWpCm_l-fjHC5b1m',
    'ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5mLJfucple9CZAxVC5AT-tB2E1PHCGonLCQIi-lHaf0WZQ',
  ],
};

const ecdh = (namedCurve: Curve) => ({ name: 'ECDH', namedCurve });

/** An answer of SubtleCrypto as bytes, if it has the length that it must have. */
export function answered(given: unknown, length: number): Chunk {
  const bytes = viewOf(given, 'what SubtleCrypto answered');
  if (bytes.length !== length) throw new TypeError(`SubtleCrypto did not answer with ${length} bytes`);
  return bytes;
}

/** A fresh key pair. */
async function generate(curve: Curve): Promise<Sender> {
  const { subtle } = crypto;
  const { privateKey, publicKey } = await subtle.generateKey(ecdh(curve), false, ['deriveBits']);
  const point = answered(await subtle.exportKey('raw', publicKey), 2 * CURVES[curve][0] + 1).slice();
  return { privateKey, point };
}

const importPoint = (curve: Curve, point: Chunk) =>
  crypto.subtle.importKey('raw', point.slice(), ecdh(curve), false, []);

/** The x coordinate of the shared point, as long as the curve's field: of P-521 the first byte is 0 or 1. */
async function derive(curve: Curve, privateKey: CryptoKey, publicKey: CryptoKey): Promise<Chunk> {
  const [length] = CURVES[curve];
  return answered(await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, privateKey, 8 * length), length);
}

/** Whether two arrays of one length are the same. */
export const same = (one: Chunk, other: Chunk) => one.every((byte, at) => byte === other[at]);

/** Whether this SubtleCrypto agrees on the known answer, and with itself on fresh keys. */
async function agrees(curve: Curve): Promise<boolean> {
  const { subtle } = crypto;
  const [length, x, y] = CURVES[curve];
  const base = { kty: 'EC', crv: curve, x, y };
  const one = toBase64url(new Uint8Array(length).fill(1, -1));
  const [privateBase, publicBase, a, b] = await Promise.all([
    subtle.importKey('jwk', { ...base, d: one }, ecdh(curve), false, ['deriveBits']),
    subtle.importKey('jwk', base, ecdh(curve), false, []),
    generate(curve),
    generate(curve),
  ]);
  const [known, ...own] = await Promise.all([
    derive(curve, privateBase, publicBase),
    importPoint(curve, b.point).then((point) => derive(curve, a.privateKey, point)),
    importPoint(curve, a.point).then((point) => derive(curve, b.privateKey, point)),
  ]);
  return toBase64url(known) === x && same(own[0]!, own[1]!) && !same(a.point, b.point) && !same(own[0]!, known);
}

const subtleParts = () => {
  const { subtle } = crypto;
  return [subtle, subtle.generateKey, subtle.importKey, subtle.exportKey, subtle.deriveBits];
};

/** SubtleCrypto and its functions, as they gave the right answers on a curve. */
const proven: { [curve in Curve]?: readonly unknown[] } = {};

const isProven = (curve: Curve) => subtleParts().every((part, at) => part === proven[curve]?.[at]);

/** For each curve a key pair for the next data key, by functions that are proven. */
const ahead: { [curve in Curve]?: Promise<Sender> | undefined } = {};

/** Tried once for each curve, and again when a script has replaced something since; what was made ahead is dropped then. */
async function prove(curve: Curve): Promise<void> {
  if (isProven(curve)) return;
  ahead[curve] = undefined;
  const parts = subtleParts();
  if (!(await agrees(curve))) throw platformError('SubtleCrypto (ECDH)');
  proven[curve] = parts;
}

/**
 * Makes the pair for the next data key, which takes longer than the shared secret, in some engines four times as long (bench/kinds.mjs). They
 * compute in one thread, so a file that comes alone does not wait for it, and files in a row do. The price is a last pair that nobody uses.
 */
async function makeAhead(curve: Curve): Promise<void> {
  try {
    if (isProven(curve)) await (ahead[curve] ??= generate(curve));
  } catch {
    // Who needs it makes it. Test runners take a page's globals away before its last timers.
    ahead[curve] = undefined;
  }
}

/** What a failure of SubtleCrypto means. */
function explained(curve: Curve, cause: unknown): unknown {
  if (cause instanceof KmsealError) return cause;
  if ((cause as Error | undefined)?.name !== 'NotSupportedError')
    return platformError('SubtleCrypto (ECDH)', { cause });
  const message = `SubtleCrypto of this engine does not have the curve ${curve}; seal for a key of ECC_NIST_P384, or for an RSA key`;
  return new KmsealError('ERR_KEY_UNSUPPORTED', message, { cause });
}

/**
 * A sender's key pair on a curve.
 *
 * @throws KmsealError ERR_KEY_UNSUPPORTED where the engine does not have the curve, ERR_PLATFORM
 */
export async function makeSender(curve: Curve): Promise<Sender> {
  try {
    const proof = prove(curve);
    const taken = ahead[curve] ?? generate(curve);
    // Nobody else takes it.
    ahead[curve] = undefined;
    const [sender] = await Promise.all([taken, proof]);
    return sender;
  } catch (cause) {
    throw explained(curve, cause);
  }
}

/**
 * What a sender shares with a recipient, whose point is uncompressed; the caller wipes it.
 *
 * @throws KmsealError ERR_PLATFORM
 */
export async function sharedSecret(curve: Curve, recipient: Chunk, sender: Sender): Promise<Chunk> {
  try {
    const secret = await derive(curve, sender.privateKey, await importPoint(curve, recipient));
    // What this message does next with SubtleCrypto comes first.
    setTimeout(makeAhead, 0, curve);
    return secret;
  } catch (cause) {
    throw explained(curve, cause);
  }
}
