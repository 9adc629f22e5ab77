// Plaintexts and the forms they are given in, for tests in Node and, served to them, in pages.

/** Bytes in which no frame equals another. */
export function sample(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0, state = 1; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes, "An Even Quicker Generator"
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** The same bytes in the middle of a larger buffer. */
export function withOffset(bytes) {
  const roomy = new Uint8Array(bytes.length + 33).fill(0xee);
  roomy.set(bytes, 14);
  return roomy.subarray(14, 14 + bytes.length);
}

/** A stream of pieces of these lengths, over and over. */
export function inPieces(bytes, ...lengths) {
  let [at, turn] = [0, 0];
  return new ReadableStream(
    {
      pull(controller) {
        if (at === bytes.length) return controller.close();
        const end = Math.min(at + lengths[turn++ % lengths.length], bytes.length);
        controller.enqueue(bytes.slice(at, end));
        at = end;
      },
    },
    { highWaterMark: 0 },
  );
}

/** A stream that is written to by hand, and whether it was cancelled, with which reason. */
export function byHand() {
  const hand = { cancelled: undefined };
  hand.stream = new ReadableStream({
    start(controller) {
      hand.write = (bytes) => controller.enqueue(bytes);
      hand.end = () => controller.close();
      hand.fail = (error) => controller.error(error);
    },
    cancel(reason) {
      hand.cancelled = { reason };
    },
  });
  return hand;
}

/** The promise, or a rejection after a minute. */
export function soon(promise) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('nothing happened for a minute')), 60_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** All bytes of a Blob, bytes or a stream; rejects with a stream's own error, which Response hides. */
export async function collect(data) {
  return new Uint8Array(await new Blob(data instanceof ReadableStream ? await readAll(data) : [data]).arrayBuffer());
}

/** A stream's chunks. */
export async function readAll(stream) {
  const chunks = [];
  const reader = stream.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) chunks.push(value);
  return chunks;
}

/** A context's pairs in one order, whatever its prototype. */
export function pairsOf(context) {
  return Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * What SubtleCrypto decrypted for a key of KMS: the digest of the context, and the data key. WebKitGTK leaves out the zeros with which they may
 * begin.
 * @param {ArrayBuffer} decrypted
 */
export function plaintextOf(decrypted) {
  const plaintext = new Uint8Array(48 + 32);
  plaintext.set(new Uint8Array(decrypted), plaintext.length - decrypted.byteLength);
  return plaintext;
}
