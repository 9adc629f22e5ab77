// Randomness from the page, whose scripts may have replaced it: by what fills nothing, or fills with what is not random.

/** So many bytes are drawn at least: of fewer nothing could be told. */
const LEAST = 32;
/** Eight bytes, which two draws share by chance once in 2^64 times. */
const EIGHT = 8;
/** Of 32 bytes so many are the same in two draws once in 2^68 times. */
const MOST_SAME = 12;
/** Beginnings that are kept. A sequence that is begun again comes by one of the first. */
const KEPT = 16;

// What no draw may hold: zeros, since an array that nobody fills has them, and how earlier draws that were only compared begin.
const unwanted = [new Uint8Array(EIGHT)];

function holds(bytes, eight) {
  for (let at = 0; at + EIGHT <= bytes.length; at++) {
    let same = 0;
    while (same < EIGHT && bytes[at + same] === eight[same]) same++;
    if (same === EIGHT) return true;
  }
  return false;
}

function draw(length) {
  const bytes = new Uint8Array(length);
  const returned = crypto.getRandomValues(bytes);
  return returned === bytes && !unwanted.some((eight) => holds(bytes, eight)) ? bytes : undefined;
}

/**
 * So many random bytes, checked. Throws what getRandomValues throws, and `{ code, message }` where it gives what cannot be random.
 * Each is drawn after another as long, which it is compared with and which is used for nothing.
 */
export function randomBytes(length) {
  const drawn = Math.max(length, LEAST);
  const other = draw(drawn);
  const bytes = other && draw(drawn);
  const start = other?.slice(0, EIGHT);
  let same = 0;
  for (let at = 0; bytes && at < LEAST; at++) if (bytes[at] === other[at]) same++;
  if (!bytes || same >= MOST_SAME || holds(bytes, start)) {
    const message = 'crypto.getRandomValues did not give random bytes: another script of this page, such as a polyfill or a test double, '
      + "replaced it; restore the platform's own before anything is sealed";
    throw { code: 'ERR_PLATFORM', message };
  }
  if (unwanted.length <= KEPT) unwanted.push(start);
  return length < drawn ? bytes.slice(0, length) : bytes;
}
