import { DemoError } from './api.js';
import { formatHex } from './format.js';

/** crypto.subtle.digest has no streaming form: the whole file must be in memory at once. */
export const MAX_DIGEST_BYTES = 256 * 2 ** 20;

/**
 * @param {Blob} file
 * @returns {Promise<string | undefined>} in hex, or undefined where the file is larger than MAX_DIGEST_BYTES
 */
export async function sha256Of(file) {
  if (file.size > MAX_DIGEST_BYTES) return undefined;
  const bytes = await file.arrayBuffer().catch((error) => {
    const message = 'The file was moved or changed since it was chosen: there is nothing to compare with.';
    throw new DemoError('FILE_CHANGED', message, { cause: error });
  });
  return formatHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
