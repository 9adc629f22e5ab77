// What frames ask of SubtleCrypto, each in one call.
//
// A script of the page may have put a wrapper around it that calls the original a moment later. So what lies in wasm memory (`raw`, `iv`,
// `aad`), which is wiped or used again by then, is copied here. `data` stays as it is until the promise has settled (js/queue.ts).
const name = 'AES-GCM';
const params = (iv, aad) => ({ name, iv: iv.slice(), additionalData: aad.slice(), tagLength: 128 });

const TAG = 16;

/** So many bytes of an answer, which is an ArrayBuffer of any realm, or a view: of memory, perhaps, that is used again. */
function checked(given, length) {
  const isBuffer = Object.prototype.toString.call(given) === '[object ArrayBuffer]';
  const view = ArrayBuffer.isView(given) && new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice();
  const bytes = isBuffer ? new Uint8Array(given) : view;
  if (bytes?.length === length) return bytes;
  throw new TypeError(`SubtleCrypto did not answer with ${length} bytes`);
}

// Asynchronous functions, so that what throws instead of rejecting does not unwind through wasm.
export const encrypt = async (iv, aad, key, data) => {
  const length = data.length + TAG;
  return checked(await crypto.subtle.encrypt(params(iv, aad), key, data), length);
};
export const decrypt = async (iv, aad, key, data) => {
  const length = data.length - TAG;
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

const equal = (bytes, wanted) => bytes.every((byte, at) => byte === wanted[at]);

/** Whether frames, each `[iv, aad, content, sealed]`, come out as they should, all at once, and an altered one not at all. */
export const works = async (raw, frames) => {
  const [sealing, opening] = await Promise.all([importKey(raw, 'encrypt'), importKey(raw, 'decrypt')]);
  const alike = frames.map(async ([iv, aad, content, sealed]) => {
    const [there, back] = await Promise.all([encrypt(iv, aad, sealing, content), decrypt(iv, aad, opening, sealed)]);
    return equal(there, sealed) && equal(back, content);
  });
  const [[iv, , , sealed], [, otherAad]] = frames;
  const refused = decrypt(iv, otherAad, opening, sealed).then(() => false, () => true);
  return (await Promise.all([...alike, refused])).every(Boolean);
};
