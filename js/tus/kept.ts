import type { SealedFile } from '../index.js';
import { ignoreFailure } from '../io/promises.js';
import { type Keeper, damagedError } from '../uploads/keeper.js';
import { proofsOf } from '../uploads/proofs.js';
import { isReadError, rereading } from '../uploads/reread.js';

/** What is kept of an upload by tus. */
export interface RemoteTus {
  /** The upload's, once it was created: anyone who has it can write to the upload. */
  readonly url: string | undefined;
  /** Bytes from the start of the envelope that may have left. */
  readonly sent: number;
  /** Whether the server refused its last bytes. It may have all of them, and a later page would take that for done. */
  readonly refused: boolean;
}

/** What was kept, if it is what we keep. */
export function remoteTusOf(kept: unknown, total: number): RemoteTus {
  const { url, sent, refused } = (kept ?? {}) as Partial<RemoteTus>;
  const isWhole = Number.isSafeInteger(sent) && sent! >= 0 && sent! <= total;
  if (isWhole && (url === undefined || (typeof url === 'string' && isUrl(url))))
    return { url, sent: sent!, refused: refused === true };
  throw damagedError();
}

/** URL.canParse is newer than the oldest browsers. */
function isUrl(text: string): boolean {
  try {
    new URL(text);
    return true;
  } catch {
    return false;
  }
}

/** Notes in the store how far an upload may be, and proves what left in another life. */
export class TusKeeper {
  readonly #keeper: Keeper<RemoteTus>;
  readonly #sealed: SealedFile;
  readonly #stop = new AbortController();
  /** The tags of what is before this are on disk, as this page knows. */
  #durable = 0;
  /** What is left to do to seal again what another life may have sent. */
  readonly #unproven: (() => Promise<unknown>)[];
  #proof: Promise<void> | undefined;

  /** @param unproven bytes that another life may have sent */
  constructor(keeper: Keeper<RemoteTus>, sealed: SealedFile, unproven = 0) {
    [this.#keeper, this.#sealed] = [keeper, sealed];
    this.#unproven = [...proofsOf(sealed, 0, unproven, this.#stop.signal)];
  }

  /** Whether the upload was created once, in this life or another. */
  get isCreated(): boolean {
    return this.#keeper.kept.remote.url !== undefined;
  }

  /** The upload was created. */
  created(url: string): void {
    this.#keeper.note({ url, refused: false });
    void this.#keeper.save();
  }

  /** The server refused the last bytes, or they are about to be sent once more. Resolves when that is on disk. */
  async refused(refused: boolean): Promise<void> {
    if (this.#keeper.kept.remote.refused === refused) return;
    this.#keeper.note({ refused });
    await this.#keeper.save();
  }

  /**
   * Waits until the tags of what was sealed from `start` on are on disk; what is before has arrived. Before the last chunk, which completes
   * the upload, it waits until all that another life has sent was sealed again.
   */
  async sealed(start: number, end: number): Promise<void> {
    this.#keeper.check();
    this.#keeper.kept.loaded = start;
    // Not by `sent`, which is noted before it is on disk: after a failed save nothing may leave either.
    if (end > this.#durable) {
      this.#keeper.note({ sent: Math.max(end, this.#keeper.kept.remote.sent) });
      await this.#keeper.save();
      this.#durable = end;
    }
    if (end === this.#sealed.size) await this.prove();
  }

  /** Seals again what left in another life, while the rest is sent. If the file cannot be read, the next call continues. */
  prove(): Promise<void> {
    this.#proof ??= this.#prove().catch((error: unknown) => {
      if (isReadError(error)) this.#proof = undefined;
      throw error;
    });
    ignoreFailure(this.#proof); // told with the last chunk, if nothing fails before
    return this.#proof;
  }

  async #prove(): Promise<void> {
    const { signal } = this.#stop;
    for (; this.#unproven.length > 0; this.#unproven.shift()) await rereading(this.#unproven[0]!, { signal });
  }

  /** The upload is done, or was given up. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#keeper.end(false);
  }
}
