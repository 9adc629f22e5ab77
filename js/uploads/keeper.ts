import { KmsealError, type SealedFile } from '../index.js';
import { throwIfAborted, unlessAborted } from '../io/abort.js';
import { ignoreFailure } from '../io/promises.js';
import type { KeepOptions, UploadState, UploadStorage } from './storage.js';

/** What changes while an upload runs. */
export interface Kept<P> {
  loaded: number;
  /** What the server knows of it. */
  remote: P;
}

interface KeeperOptions<P> {
  store: UploadStorage;
  sealed: SealedFile;
  /** What stays as it is. */
  fixed: Pick<UploadState, 'id' | 'way' | 'createdAt' | 'name' | 'handle'>;
  kept: Kept<P>;
  /** Whether the store has a state of it. */
  isSaved: boolean;
  /** Gives up the ownership. */
  release: () => void;
  onUnsaved?: KeepOptions['onUnsaved'];
}

/** Milliseconds for a store to end what it does: one that never answers must not hold an upload that is over. */
const PATIENCE_MS = 10_000;

async function patiently(work: PromiseLike<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([work, late]).then(undefined, () => {});
  clearTimeout(timer);
}

/** Milliseconds for which a save that nothing waits for lets others come, so that one write serves them all. */
const SOON_MS = 100;

/** Keeps the state of one upload while it runs. */
export class Keeper<P> {
  readonly kept: Kept<P>;
  readonly #options: KeeperOptions<P>;
  #isSaved: boolean;
  #isGone = false;
  #failure: { error: unknown } | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** A save that has not begun. */
  #next: Promise<void> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #isLeft = false;

  constructor(options: KeeperOptions<P>) {
    this.#options = options;
    this.kept = options.kept;
    this.#isSaved = options.isSaved;
    globalThis.addEventListener?.('pagehide', this.#leave);
  }

  /** Whether the page was left, so that the upload may be another one's. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Throws if nothing may leave any more, not even once more. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /**
   * A page that may be shown again, out of the back/forward cache, gives the upload up. WebKit 2.50 takes its lock away all the same, and Chromium 156 would
   * have it keep the lock: nobody could continue. Nothing that the next owner does not know may leave from here on.
   */
  readonly #leave = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted || this.#isGone) return;
    this.#isLeft = true;
    this.#failure ??= { error: leftError() };
    this.#options.release();
  };

  /** Notes what is known now; save() has it on disk. */
  note(change: Partial<P>): void {
    this.kept.remote = { ...this.kept.remote, ...change };
  }

  /**
   * Saves what is there at the moment. It resolves when that is on disk, or when nothing is kept any more. All who call it while another save
   * is running share the next one. It rejects if an older state is left that can neither be replaced nor removed: nothing more may leave then.
   */
  save(): Promise<void> {
    if (!this.#next) {
      this.#next = this.#saving.then(() => {
        this.#next = undefined;
        const writing = this.#write();
        this.#saving = writing.catch((error: unknown) => {
          this.#failure ??= { error };
        });
        return writing;
      });
      ignoreFailure(this.#next); // the next one fails with the same
    }
    return this.#next;
  }

  /** Saves a little later, or with the next save: for what can be found out again, and that nothing waits for. */
  saveSoon(): void {
    this.#soon ??= setTimeout(() => void this.save(), SOON_MS);
  }

  async #write(): Promise<void> {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.check();
    if (this.#isGone) return;
    const { store, fixed, sealed, onUnsaved } = this.#options;
    // Before the tags: what is said to have left must be among them, whatever is sealed meanwhile.
    const kept = { ...this.kept };
    const state = await sealed.save();
    this.check();
    try {
      await store.save({ version: 1, ...fixed, ...kept, total: sealed.size, sealed: state });
      this.#isSaved = true;
    } catch (cause) {
      if (this.#isLeft) this.check();
      // Bytes will leave that an older state does not know, so it must go. So must one of a first save that failed and is there all the same.
      if (this.#isSaved) await this.#remove(cause);
      else await store.forget(fixed.id).then(undefined, () => {});
      this.#isGone = true;
      onUnsaved?.(unsavedError(cause));
    }
  }

  /** Nothing leaves meanwhile. A browser that has just closed the database may refuse it for a moment. */
  async #remove(cause: unknown): Promise<void> {
    const { store, fixed } = this.#options;
    for (const delay of [0, 200, 2000]) {
      try {
        await new Promise((resolve) => setTimeout(resolve, delay));
        return await store.forget(fixed.id);
      } catch {
        // Once more, or told below.
      }
    }
    const message =
      "the upload's state can neither be saved nor removed; free space on the disk, and begin the upload again";
    throw new KmsealError('ERR_STORAGE', message, { cause });
  }

  /** Ends it. The state is removed if the upload is done or will not continue. One that cannot be removed expires. */
  async end(continues: boolean): Promise<void> {
    const { store, fixed, release } = this.#options;
    globalThis.removeEventListener?.('pagehide', this.#leave);
    if (!continues) this.#isGone = true;
    const forget = () => (this.#isSaved ? store.forget(fixed.id) : undefined);
    const last = continues ? this.save() : this.#saving.then(forget);
    // Only after the last write: a later one would replace the state of the next owner, whose tags it lacks.
    const giveUp = () => this.#isLeft || release();
    await patiently(last.then(giveUp, giveUp));
  }
}

/** Asks the store for an upload. One that never answers must not hold an upload that is aborted; what it gives too late is given back. */
function owning(store: UploadStorage, id: string, signal?: AbortSignal): PromiseLike<(() => void) | undefined> {
  const answer = Promise.resolve(store.own(id));
  return unlessAborted(answer, signal, () => ignoreFailure(answer.then((late) => late?.())));
}

/** Otherwise an upload would run without being kept, since a store may fail. */
export function expectStore(store: UploadStorage): void {
  const { own, load, save, forget } = Object(store) as Partial<UploadStorage>;
  if ([own, load, save, forget].every((method) => typeof method === 'function')) return;
  throw new TypeError(
    'store must be an UploadStore of kmseal/store, or an object with the functions own, load, save and forget',
  );
}

export function expectRelease(release: unknown): void {
  if (release !== undefined && typeof release !== 'function')
    throw new TypeError("the store's own() must return a function that releases the upload, or undefined");
}

/** A promise, as of a function that is asynchronous by mistake, would be one id for all uploads. */
function expectText(what: string, text: unknown): void {
  if (text !== undefined && typeof text !== 'string') throw new TypeError(`${what} of an upload must be a string`);
}

/** Begins to keep an upload; undefined if that is not wanted, or not possible. */
export async function keep<P>(
  sealed: SealedFile,
  { store, id: given, name, handle, onUnsaved, signal }: KeepOptions & { signal?: AbortSignal | undefined },
  way: UploadState['way'],
  remote: P,
): Promise<Keeper<P> | undefined> {
  if (!store) return undefined;
  expectStore(store);
  expectText('the id', given);
  expectText('the name', name);
  const id = given ?? globalThis.crypto.randomUUID();
  let release;
  try {
    await sealed.save(); // without a CryptoKey this fails at once
    release = await owning(store, id, signal);
    // The state of an earlier envelope, which begins again under the same id.
    if (release && given !== undefined) await unlessAborted(store.forget(id), signal);
  } catch (error) {
    release?.();
    throwIfAborted(signal);
    onUnsaved?.(unsavedError(error));
    return undefined;
  }
  expectRelease(release);
  if (!release) throw ownedError();
  const fixed = { id, way, createdAt: Date.now(), name, handle };
  const keeper = new Keeper({
    store,
    sealed,
    fixed,
    kept: { loaded: 0, remote },
    isSaved: false,
    release,
    onUnsaved,
  });
  // At once: what is forgotten from now on, as when a user signs out, is noticed by the next save. The server may answer much later.
  void keeper.save();
  return keeper;
}

/** Throws if a stream's upload is to be kept. The types say so, too. */
export function expectNoStore(options: object): void {
  if (!('store' in options && options.store)) return;
  throw new TypeError(
    'store: a stream cannot be read again, so its upload cannot be kept; leave store out, or upload a file',
  );
}

/** For what is not as we keep it. */
export const damagedError = () =>
  new KmsealError('ERR_STORAGE', 'what is kept of this upload is damaged; begin it again');

/** What a store said; its errors may be anything, also of another realm. */
export function because(cause: unknown): string {
  const { message } = Object(cause) as { message?: unknown };
  return typeof message === 'string' ? `: ${message}` : '';
}

/** What a page is told of an upload that is not kept. */
function unsavedError(cause: unknown): unknown {
  if (cause instanceof KmsealError) return cause;
  const message = `this upload is not kept, and continues only as long as this page lives${because(cause)}`;
  return new KmsealError('ERR_STORAGE', message, { cause });
}

const leftError = () =>
  new KmsealError('ERR_STORAGE', 'this page was left meanwhile, and another one may run this upload; resume it');

export function ownedError(): KmsealError {
  return new KmsealError('ERR_STORAGE', 'another page runs this upload; wait until it is done, or close that page');
}
