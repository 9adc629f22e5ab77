import type { RunOptions, SealedFile, Sealer } from '../index.js';
import type { Described } from '../uploads/describe.js';
import { type Keeper, damagedError, keep } from '../uploads/keeper.js';
import { restore } from '../uploads/restore.js';
import type { KeepOptions, UploadStorage } from '../uploads/storage.js';

/** A multipart upload of @uppy/aws-s3. */
interface Multipart {
  readonly key: string;
  readonly uploadId: string;
  /** What decides how the envelope is cut into parts. */
  readonly cut: string;
}

/** What is kept of an upload by Uppy: what its uploaders note in the file's state, with which they continue. */
export interface RemoteUppy {
  /** The URL of the upload by @uppy/tus, once it was created: anyone who has it can write to the upload. */
  readonly tus: string | undefined;
  readonly s3: Multipart | undefined;
}

/** What uploaders note in a file's state. */
export interface Noted {
  tus?: { uploadUrl?: string | null };
  s3Multipart?: { key: string; uploadId: string } | undefined;
}

/** Bytes that arrive before the next save of how many there are: each writes the tags of all frames. */
const SAVE_EVERY_BYTES = 8_388_608; // 8 MiB

function remoteOf(kept: unknown): RemoteUppy {
  const { tus, s3 } = (kept ?? {}) as Partial<RemoteUppy>;
  const isText = (value: unknown) => typeof value === 'string';
  if (tus !== undefined && !isText(tus)) throw damagedError();
  if (s3 !== undefined && ![s3?.key, s3?.uploadId, s3?.cut].every(isText)) throw damagedError();
  return { tus, s3 };
}

/**
 * The envelope of one file in Uppy. With a store, its state and all of its tags are on disk before an uploader gets the Blob. So a later page makes
 * the same Blob again, byte for byte, or none.
 */
export class UppyEnvelope {
  readonly description: string | undefined;
  /** Whether another page began it. */
  readonly isRestored: boolean;
  /** The Blob, once uploaders may have it. */
  blob: Blob | undefined;
  readonly #sealed: SealedFile;
  readonly #keeper: Keeper<RemoteUppy> | undefined;
  #saved = 0;

  private constructor({ sealed, description }: Described, keeper: Keeper<RemoteUppy> | undefined, isRestored: boolean) {
    [this.#sealed, this.description, this.#keeper, this.isRestored] = [sealed, description, keeper, isRestored];
  }

  /** Keeps a new one, if that is wanted and possible. */
  static async keep(described: Described, options: KeepOptions): Promise<UppyEnvelope> {
    try {
      const keeper = await keep<RemoteUppy>(described.sealed, options, 'uppy', { tus: undefined, s3: undefined });
      return new UppyEnvelope(described, keeper, false);
    } catch (error) {
      described.sealed.close();
      throw error;
    }
  }

  /** Takes over one that another page began. */
  static async restore(
    file: Blob,
    {
      sealer,
      store,
      id,
      onUnsaved,
    }: { sealer: Sealer; store: UploadStorage; id: string; onUnsaved: KeepOptions['onUnsaved'] },
  ): Promise<UppyEnvelope> {
    const { keeper, ...described } = await restore(file, { sealer, store, id, way: 'uppy', remoteOf, onUnsaved });
    return new UppyEnvelope(described, keeper, true);
  }

  /** Whether it is in the store, so that it must be ended. */
  get isKept(): boolean {
    return this.#keeper !== undefined;
  }

  /** Seals the file, all of it: nothing leaves before. If another page began, every frame is compared with what it sealed. */
  seal(run: RunOptions): Promise<Blob> {
    return this.#sealed.blob(run);
  }

  /** Waits until the tags are on disk. It rejects if an older state is left that has fewer: nothing may leave then. */
  async saved(): Promise<void> {
    await this.#keeper?.save();
  }

  /** The state with which the uploaders of another page continue, where the envelope is cut in the same way. */
  stateFor(cutOf: () => string): Noted {
    const { tus, s3 } = this.#keeper?.kept.remote ?? {};
    const continues = s3 !== undefined && s3.cut === cutOf();
    return {
      tus: { uploadUrl: tus ?? null },
      s3Multipart: continues ? { key: s3.key, uploadId: s3.uploadId } : undefined,
    };
  }

  /** Notes how far its upload is, as the file's state says. */
  note(file: Noted, loaded: number, cutOf: () => string): void {
    if (!this.#keeper) return;
    const { kept } = this.#keeper;
    const { tus: before, s3: beforeS3 } = kept.remote;
    const tus = file.tus?.uploadUrl ?? undefined;
    const { key, uploadId } = file.s3Multipart ?? {};
    const isSame = uploadId === beforeS3?.uploadId;
    const s3 = isSame || !key || !uploadId ? beforeS3 : { key, uploadId, cut: cutOf() };
    this.#keeper.note({ tus, s3: uploadId ? s3 : undefined });
    kept.loaded = Math.min(loaded, this.#sealed.size);
    const isElsewhere = tus !== before || !isSame;
    if (!isElsewhere && Math.abs(loaded - this.#saved) < SAVE_EVERY_BYTES) return;
    this.#saved = loaded;
    if (isElsewhere) void this.#keeper.save();
    else this.#keeper.saveSoon();
  }

  /** Its upload is done, was given up, or ends with this page and continues in another one. */
  async end(continues: boolean): Promise<void> {
    await this.#keeper?.end(continues);
    this.#sealed.close();
  }
}
