/** S3's own limits, "Amazon S3 multipart upload limits". */
export const MIN_PART_BYTES = 5_242_880; // 5 MiB
export const MAX_PART_BYTES = 5_368_709_120; // 5 GiB
export const MAX_PARTS = 10_000;

/** Parts that have one size, before as many have twice that size. */
const PARTS_OF_ONE_SIZE = 1000;

/**
 * The size in bytes of a part of an envelope whose length nobody knows yet. It grows so that the parts suffice. It does so in steps, since
 * some stores (Cloudflare R2) demand parts of one size: beginning with 8 MiB they get them up to 8 GB, and S3 up to 8 TB.
 */
export function sizeOfPart(number: number, first: number): number {
  return Math.min(first * 2 ** Math.floor((number - 1) / PARTS_OF_ONE_SIZE), MAX_PART_BYTES);
}
