// Randomness from the page, whose scripts may have replaced it: by one that fills nothing, or by a repeating sequence.

/** The least number of bytes drawn: fewer would show nothing. */
const LEAST_BYTES = 32;
/** Two draws of 32 bytes have this many in common once in 2^68 times. */
const MOST_SAME_BYTES = 12;
/** Eight bytes, which are the same by chance once in 2^64 times. */
const EIGHT = 8;

// Bytes that no draw may contain: groups of eight of earlier draws that were only compared, each at the place of its first 12 bits, which keeps the
// latest one. Before the first draw these are zeros, which no draw may contain either: an array that is never filled has them.
const PLACES = 4096;
let eights;

const placeOf = (bytes, at) => EIGHT * ((bytes[at] << 4) | (bytes[at + 1] >> 4));

function isKnown(bytes, at) {
  const place = placeOf(bytes, at);
  let same = 0;
  while (same < EIGHT && bytes[at + same] === eights[place + same]) same++;
  return same === EIGHT;
}

/** A draw that could be random, or undefined. */
function draw(length) {
  const bytes = new Uint8Array(length);
  let answer;
  try {
    answer = crypto.getRandomValues(bytes);
  } catch (cause) {
    throw randomError(cause);
  }
  if (answer !== bytes) return undefined;
  for (let at = 0; at + EIGHT <= length; at++) if (isKnown(bytes, at)) return undefined;
  return bytes;
}

/** Keeps a draw that is used for nothing. */
function remember(bytes) {
  for (let at = 0; at < LEAST_BYTES; at += EIGHT) {
    const place = placeOf(bytes, at);
    if (place > 0) eights.set(bytes.subarray(at, at + EIGHT), place); // the first place is the zeros'
  }
}

/**
 * The given number of random bytes, checked. Throws ERR_INTERNAL where there is none, and ERR_PLATFORM where it cannot be random:
 * by js/errors.ts, which scripts/build.mjs puts in.
 * Before each draw there is another of the same length, which is only compared.
 */
export function randomBytes(length) {
  eights ??= new Uint8Array(PLACES * EIGHT);
  const drawn = Math.max(length, LEAST_BYTES);
  const other = draw(drawn);
  if (other) remember(other);
  const bytes = other && draw(drawn);
  let same = 0;
  for (let at = 0; bytes && at < LEAST_BYTES; at++) if (bytes[at] === other[at]) same++;
  if (!bytes || same >= MOST_SAME_BYTES) throw platformError('crypto.getRandomValues');
  return length < drawn ? bytes.slice(0, length) : bytes;
}
