// The operations of SubtleCrypto on frames, each in one call.
//
// A script of the page may have put a wrapper around it that calls the original a moment later. So the arguments in wasm memory (`raw`, `iv`,
// `aad`), which is wiped or reused by then, are copied here. `data` stays unchanged until the promise has settled (js/io/queue.ts).
const name = 'AES-GCM';
const params = (iv, aad) => ({ name, iv: iv.slice(), additionalData: aad.slice(), tagLength: 128 });

const TAG_BYTES = 16;

/** The given number of bytes of an answer, which is an ArrayBuffer of any realm, or a view, perhaps of memory that is reused. */
function checked(given, length) {
  const isBuffer = Object.prototype.toString.call(given) === '[object ArrayBuffer]';
  const view = ArrayBuffer.isView(given) && new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice();
  const bytes = isBuffer ? new Uint8Array(given) : view;
  if (bytes?.length === length) return bytes;
  throw new TypeError(`SubtleCrypto did not answer with ${length} bytes`);
}

// Asynchronous functions, so that a throw instead of a rejection does not unwind through wasm.
export const encrypt = async (iv, aad, key, data) => {
  const length = data.length + TAG_BYTES;
  return checked(await crypto.subtle.encrypt(params(iv, aad), key, data), length);
};
export const decrypt = async (iv, aad, key, data) => {
  const length = data.length - TAG_BYTES;
  return checked(await crypto.subtle.decrypt(params(iv, aad), key, data), length);
};
export const importKey = async (raw, usage) => {
  const copy = raw.slice();
  try {
    return await crypto.subtle.importKey('raw', copy, name, false, [usage]);
  } finally {
    copy.fill(0);
  }
};
export const sealed = (head, body) => ({ head: head.slice(), body });
export const opened = (sequence, content) => ({ sequence, content });
export const openedTogether = (content, took, planned, failure) => ({ content, took, planned, failure });

const equal = (bytes, wanted) => bytes.every((byte, at) => byte === wanted[at]);

/** A frame whose ciphertext is known. */
export const known = (iv, aad, content, sealed) => ({
  iv: iv.slice(),
  aad: aad.slice(),
  content: content.slice(),
  sealed: sealed.slice(),
});

/**
 * Whether SubtleCrypto does with known frames what it should, all at once, as when a file is sealed; and
 * does not open one that was altered. For sealing it need not open, and vice versa: each trial takes time when a page starts.
 */
export const works = async (raw, usage, frames) => {
  const key = await importKey(raw, usage);
  const seals = async ({ iv, aad, content, sealed }) => equal(await encrypt(iv, aad, key, content), sealed);
  const opens = async ({ iv, aad, content, sealed }) => equal(await decrypt(iv, aad, key, sealed), content);
  const trials = frames.map(usage === 'encrypt' ? seals : opens);
  if (usage === 'decrypt') {
    const [{ iv, sealed }, { aad: otherAad }] = frames;
    trials.push(
      decrypt(iv, otherAad, key, sealed).then(
        () => false,
        () => true,
      ),
    );
  }
  return (await Promise.all(trials)).every(Boolean);
};
