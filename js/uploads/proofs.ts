import type { SealedFile } from '../index.js';

/** Bytes that are sealed again together: others wait no longer than that for their turn. */
const TOGETHER_BYTES = 8_388_608; // 8 MiB

/** Works that together seal again what left of an envelope in another life, so that the tags of its frames are compared. */
export function* proofsOf(
  sealed: SealedFile,
  start: number,
  end: number,
  signal: AbortSignal,
): Iterable<() => Promise<unknown>> {
  for (let at = start; at < end; at += TOGETHER_BYTES)
    yield () => sealed.prove(at, Math.min(at + TOGETHER_BYTES, end), signal);
}
