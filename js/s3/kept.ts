import { type Keeper, damagedError } from '../uploads/keeper.js';
import type { Checksum } from './checksum.js';
import { MAX_PART_BYTES, MIN_PART_BYTES } from './part-sizes.js';
import type { FinishedPart, ListedPart } from './server.js';

/** A part that may have left; with the checksum of what left, if S3 checks it. */
type LeftPart = Pick<FinishedPart, 'PartNumber'> & Partial<FinishedPart>;

/** What is kept of an upload in parts. */
export interface RemoteParts {
  /** In bytes. */
  readonly partSize: number;
  readonly checksumAlgorithm: 'SHA256' | undefined;
  /** The answer of `createMultipartUpload`, once it has come. */
  readonly created: { readonly upload: unknown } | undefined;
  /** In the order in which they left first; with an ETag, S3 has them. */
  readonly parts: readonly LeftPart[];
}

const isWhole = (value: unknown, min: number, max: number) =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;

/** What was kept, if it is what we keep. */
export function partsOf(kept: unknown, total: number): RemoteParts {
  const remote = kept as RemoteParts | undefined;
  const { partSize, checksumAlgorithm, parts } = remote ?? ({} as Partial<RemoteParts>);
  const count = Math.ceil(total / partSize!);
  const isPart = (part: LeftPart | undefined) => isWhole(part?.PartNumber, 1, count);
  if (
    isWhole(partSize, MIN_PART_BYTES, MAX_PART_BYTES) &&
    [undefined, 'SHA256'].includes(checksumAlgorithm) &&
    Array.isArray(parts) &&
    parts.every(isPart)
  )
    return remote!;
  throw damagedError();
}

const bare = (etag: string | undefined) => etag?.replaceAll('"', '');

/**
 * Those of our parts that S3 says it has; where it is not asked, those that it had answered. A part whose answer was lost counts by its checksum
 * alone: without one, what S3 has under its number may be of an earlier envelope that was begun for the same object.
 */
export function finishedOf(
  { parts, checksumAlgorithm }: RemoteParts,
  listed: readonly ListedPart[] | undefined,
): FinishedPart[] {
  const known = new Map(listed?.map((part) => [part.PartNumber, part]));
  return parts.flatMap(({ PartNumber, ETag: own, ChecksumSHA256: ownChecksum }) => {
    const theirs = listed ? known.get(PartNumber) : { ETag: own, ChecksumSHA256: ownChecksum };
    const ETag = theirs?.ETag;
    if (typeof ETag !== 'string' || (checksumAlgorithm && ownChecksum === undefined)) return [];
    // What is not ours, or replaced it there since, is sent again.
    const isOurs = own === undefined ? ownChecksum && ownChecksum === theirs!.ChecksumSHA256 : bare(own) === bare(ETag);
    if (!isOurs) return [];
    return [{ PartNumber, ETag, ...(checksumAlgorithm && { ChecksumSHA256: ownChecksum! }) }];
  });
}

/** Notes in the store which parts may have left, and which S3 has. */
export class PartsKeeper {
  readonly #keeper: Keeper<RemoteParts>;
  readonly #parts = new Map<number, LeftPart>();
  /** Parts all of whose tags are on disk, as this page knows. */
  readonly #durable = new Set<number>();

  constructor(keeper: Keeper<RemoteParts>) {
    this.#keeper = keeper;
    for (const part of keeper.kept.remote.parts) this.#parts.set(part.PartNumber, part);
  }

  /** The parts that have left, by number. */
  get left(): number[] {
    return [...this.#parts.keys()];
  }

  created(upload: unknown): void {
    this.#keeper.note({ created: { upload } });
  }

  /** Waits until the tags of a part that was sealed, and its checksum if it has one, are on disk. */
  async sealed(PartNumber: number, checksum: Checksum | undefined): Promise<void> {
    this.#keeper.check();
    if (this.#durable.has(PartNumber)) return;
    if (!this.#parts.has(PartNumber))
      this.#parts.set(PartNumber, { PartNumber, ...(checksum && { ChecksumSHA256: checksum.checksumSHA256 }) });
    this.#keeper.note({ parts: [...this.#parts.values()] });
    await this.save();
    this.#durable.add(PartNumber);
  }

  /** Nothing waits for this: a part whose arrival is not known is sent again, the same. */
  finished(part: FinishedPart, loaded: number): void {
    this.#parts.set(part.PartNumber, part);
    this.#keeper.kept.loaded = loaded;
    this.#keeper.note({ parts: [...this.#parts.values()] });
    this.#keeper.saveSoon();
  }

  /** Waits until all of it is on disk. */
  save(): Promise<void> {
    return this.#keeper.save();
  }
}
