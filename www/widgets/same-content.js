/** So much of either is in memory at a time. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Whether two files hold the same bytes, of whatever size.
 *
 * @param {Blob} one
 * @param {Blob} other
 * @param {AbortSignal} signal
 */
export async function sameContent(one, other, signal) {
  if (one.size !== other.size) return false;
  for (let start = 0; start < one.size; start += CHUNK_BYTES) {
    signal.throwIfAborted();
    const parts = [one, other].map((blob) => blob.slice(start, start + CHUNK_BYTES).arrayBuffer());
    const [left, right] = (await Promise.all(parts)).map((bytes) => new Uint8Array(bytes));
    if (left.some((byte, index) => byte !== right[index])) return false;
  }
  return true;
}
