import { KmsealError } from '../index.js';
import { pairsOf } from './put.js';
import type { SignedPut } from './server.js';

/** The header in which S3 gets it; presigned URLs may have it in their query. */
const HEADER = 'x-amz-checksum-sha256';

/** The checksum of what is sent, as callbacks get it. */
export interface Checksum {
  checksumSHA256: string;
}

export async function checksumOf(blob: Blob): Promise<Checksum> {
  return { checksumSHA256: await sha256(await blob.arrayBuffer()) };
}

/** Throws unless S3 gets the checksum: it would take any bytes then. */
export function expectChecksum({ url, headers }: SignedPut, checksum: string, name: string): void {
  const inQuery = [...new URLSearchParams(url.split('?')[1])];
  if ([...pairsOf(headers), ...inQuery].some(([key, value]) => key.toLowerCase() === HEADER && value === checksum))
    return;
  throw new TypeError(
    `server.${name} must sign the header ${HEADER} with the checksumSHA256 that it is given, since checksumAlgorithm is set`,
  );
}

/** SHA-256 in base64, as S3's checksums are. */
async function sha256(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = globalThis.crypto;
  if (!subtle) {
    const remedy = 'serve it over https or from localhost, or leave checksumAlgorithm out';
    throw new KmsealError('ERR_INSECURE_CONTEXT', `this page has no SubtleCrypto for checksums; ${remedy}`);
  }
  const digest = await subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/**
 * S3's checksum of an object assembled from parts ("Checking object integrity", composite checksums): the hash of their checksums, with
 * their number.
 */
export async function composite(checksums: readonly string[]): Promise<string> {
  const digests = checksums.flatMap((checksum) => Array.from(atob(checksum), (byte) => byte.charCodeAt(0)));
  return `${await sha256(new Uint8Array(digests))}-${checksums.length}`;
}
