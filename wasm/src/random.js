// Randomness from the page, whose scripts may have replaced it: by what fills nothing, or by a sequence that is begun again.

/** So many bytes are drawn at least: of fewer nothing could be told. */
const LEAST = 32;
/** Of 32 bytes so many are the same in two draws once in 2^68 times. */
const MOST_SAME = 12;
/** Eight bytes, which are the same by chance once in 2^64 times. */
const EIGHT = 8;

// What no draw may hold anywhere: eights of earlier draws that were only compared, each where its first 12 bits say, and in its place the
// latest of the same. Where there is none yet are zeros, which no draw may hold either: an array that nobody fills has them.
const PLACES = 2 ** 12;
let eights;

const placeOf = (bytes, at) => EIGHT * ((bytes[at] << 4) | (bytes[at + 1] >> 4));

function isKnown(bytes, at) {
  const place = placeOf(bytes, at);
  let same = 0;
  while (same < EIGHT && bytes[at + same] === eights[place + same]) same++;
  return same === EIGHT;
}

/** A draw that could be random, or nothing. */
function draw(length) {
  const bytes = new Uint8Array(length);
  if (crypto.getRandomValues(bytes) !== bytes) return undefined;
  for (let at = 0; at + EIGHT <= length; at++) if (isKnown(bytes, at)) return undefined;
  return bytes;
}

/** Keeps a draw that is used for nothing. */
function remember(bytes) {
  for (let at = 0; at < LEAST; at += EIGHT) {
    const place = placeOf(bytes, at);
    if (place > 0) eights.set(bytes.subarray(at, at + EIGHT), place); // the first place is the zeros'
  }
}

/**
 * So many random bytes, checked. Throws what getRandomValues throws, and `{ code, message }` where it gives what cannot be random.
 * Before each draw there is another as long, which is only compared.
 */
export function randomBytes(length) {
  eights ??= new Uint8Array(PLACES * EIGHT);
  const drawn = Math.max(length, LEAST);
  const other = draw(drawn);
  if (other) remember(other);
  const bytes = other && draw(drawn);
  let same = 0;
  for (let at = 0; bytes && at < LEAST; at++) if (bytes[at] === other[at]) same++;
  if (!bytes || same >= MOST_SAME) {
    const message = 'crypto.getRandomValues did not give random bytes: another script of this page, such as a polyfill or a test double, '
      + "replaced it; restore the platform's own before anything is sealed";
    throw { code: 'ERR_PLATFORM', message };
  }
  return length < drawn ? bytes.slice(0, length) : bytes;
}
