import { pathOf } from './folders.js';
import { bytesOf } from '../io/blob-bytes.js';

/** Bytes that are compared at a time. */
const SLICE_BYTES = 4_194_304; // 4 MiB

/** What two choices of the same file have in common, and two files from different folders may. */
export function likeness(file: File): string {
  return JSON.stringify([file.name, file.size, file.lastModified, pathOf(file)]);
}

/**
 * Whether two files of one likeness hold the same bytes; undefined if the one that is known can no longer be read. One that cannot be read
 * itself is another one, whose sealing then says so.
 */
export async function isSameFile(known: File, file: File, signal: AbortSignal): Promise<boolean | undefined> {
  if (known.size !== file.size) return false;
  for (let start = 0; start < file.size && !signal.aborted; start += SLICE_BYTES) {
    const [before, now] = await Promise.all([known, file].map((one) => bytesAt(one, start)));
    if (!now) return false;
    if (!before) return undefined;
    if (before.length !== now.length || before.some((byte, at) => byte !== now[at])) return false;
  }
  return true;
}

async function bytesAt(file: File, start: number): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await bytesOf(file.slice(start, start + SLICE_BYTES)));
  } catch {
    return undefined;
  }
}
