// Both engines on one case: what they seal under the same randomness, and what they open. Runs in Node and in pages.
import { collect, inPieces, plaintextOf } from './bytes.mjs';

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const OAEP = { name: 'RSA-OAEP', hash: 'SHA-256' };

/**
 * Runs work under randomness that a seed decides, and returns what was drawn. kmseal only compares the first of two draws with
 * others, and notices if those repeat: they are what they would be.
 */
async function repeatably(seed, work) {
  const { getRandomValues } = crypto;
  const draws = [];
  let state = seed;
  let compared = false;
  crypto.getRandomValues = (bytes) => {
    compared = !compared;
    if (compared) return getRandomValues.call(crypto, bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes, "An Even Quicker Generator"
      bytes[at] = state >>> 24;
    }
    draws.push(bytes.slice());
    return bytes;
  };
  try {
    return { value: await work(), draws };
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
}

/** What an error shows to the code that catches it. */
const told = ({ name, code, message }) => `${code ?? name}: ${message}`;

/** A file's envelope in parts that meet at these places, the last part first. */
async function inParts(prepared, cuts) {
  const places = [0, ...cuts.map((cut) => cut % prepared.size), prepared.size].sort((a, b) => a - b);
  const parts = [];
  for (let index = places.length - 1; index > 0; index -= 1)
    parts.unshift(await prepared.slice(places[index - 1], places[index]));
  prepared.close();
  return new Blob(parts);
}

/** A stream of a kind other than inPieces() makes. */
async function* piecewise(bytes, lengths) {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + lengths[turn % lengths.length];
    yield bytes.slice(at, end);
    at = end;
  }
}

/** Every way to seal: how to begin, and what comes of it. */
const SEAL = {
  bytes: (sealer, { plaintext, options }) => sealer.seal(plaintext, options),
  stream: (sealer, { plaintext, pieces, options }) => sealer.seal(inPieces(plaintext, ...pieces), options),
  Blob: (sealer, { plaintext, options }) => sealer.seal(new Blob([plaintext]), options),
  parts: async (sealer, { plaintext, pieces, options }) =>
    inParts(await sealer.prepare(new Blob([plaintext]), options), pieces),
};

/** Every way to open. */
const OPEN = {
  bytes: (opener, { envelope, options }) => opener.open(envelope, options),
  Blob: (opener, { envelope, options }) => opener.open(new Blob([envelope]), options),
  stream: (opener, { envelope, pieces, options }) => opener.open(inPieces(envelope, ...pieces), options),
  iterable: (opener, { envelope, pieces, options }) => opener.open(piecewise(envelope, pieces.toReversed()), options),
  range: (opener, { envelope, range, options }) =>
    opener.openRange(new Blob([envelope]), { start: range[0], end: range[1], ...options }),
};

/** A key for both ways, made here: an envelope costs no call of KMS. */
export async function makeKeyPair() {
  const pair = await crypto.subtle.generateKey(
    { ...OAEP, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['encrypt', 'decrypt'],
  );
  const [publicKey, privateKey] = await Promise.all([
    crypto.subtle.exportKey('spki', pair.publicKey),
    crypto.subtle.exportKey('pkcs8', pair.privateKey),
  ]);
  return { publicKey: new Uint8Array(publicKey), privateKey: new Uint8Array(privateKey) };
}

/**
 * @param {typeof import('kmseal')} kmseal
 * @param {Awaited<ReturnType<typeof makeKeyPair>>} pair
 */
export async function makeEngines({ KmsPublicKey, Opener, Sealer }, { publicKey, privateKey }) {
  const key = await KmsPublicKey.import(publicKey, { keyId: KEY_ID });
  const rsa = await crypto.subtle.importKey('pkcs8', privateKey, OAEP, false, ['decrypt']);
  const decrypt = async ({ KeyId, CiphertextBlob }) => {
    try {
      return { KeyId, Plaintext: plaintextOf(await crypto.subtle.decrypt(OAEP, rsa, CiphertextBlob)) };
    } catch {
      throw Object.assign(new Error('not for this key'), { name: 'InvalidCiphertextException' }); // as KMS has it
    }
  };

  /** What each engine makes of a case in each way. */
  async function everyWay(ways, one) {
    const outcomes = { webcrypto: {}, wasm: {} };
    for (const engine of Object.keys(outcomes)) {
      for (const [name, way] of Object.entries(ways)) outcomes[engine][name] = await one(engine, way);
    }
    return outcomes;
  }

  return {
    /** An envelope of these pairs, and the data key that was drawn for it. */
    async message({ seed, options }) {
      const { value, draws } = await repeatably(seed, () =>
        new Sealer({ keys: [key] }).seal(new Uint8Array(), options),
      );
      return { envelope: value, dataKey: draws[0] };
    },

    /** @param {{ seed: number, frameLength: number, plaintext: Uint8Array, pieces: number[], options: object }} its */
    seal: (its) =>
      everyWay(SEAL, async (engine, way) => {
        try {
          const sealer = new Sealer({ keys: [key], engine, frameLength: its.frameLength });
          const { value, draws } = await repeatably(its.seed, async () => collect(await way(sealer, its)));
          return { sealed: value, draws: draws.length };
        } catch (error) {
          return { error: told(error) };
        }
      }),

    /** @param {{ envelope: Uint8Array, pieces: number[], range: [number, number], options: object }} its */
    open: (its) =>
      everyWay(OPEN, async (engine, way) => {
        const released = [];
        const outcome = {};
        try {
          const { plaintext, ...result } = await way(new Opener({ keyIds: [KEY_ID], decrypt, engine }), its);
          Object.assign(outcome, result);
          const stream = plaintext instanceof ReadableStream ? plaintext : new Blob([plaintext]).stream();
          const reader = stream.getReader();
          for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read())
            released.push(value);
        } catch (error) {
          outcome.error = told(error);
        }
        return { ...outcome, released: await collect(new Blob(released)) };
      }),
  };
}
