/**
 * Keeps uploads in IndexedDB, so that they continue after a reload, a crash, or tomorrow.
 *
 * @module kmseal/store
 */
import { type Uploads, transact } from './store/database.js';
import { isHeld, lock } from './store/locks.js';
import { refuseStrays } from './io/strays.js';
import type { FileHandle, UploadState, UploadStorage } from './uploads/storage.js';

export type { FileHandle, UploadState, UploadStorage };

const DAY_MS = 86_400_000;

const METHODS = ['list', 'file', 'own', 'load', 'save', 'forget'] as const;

/** Options of {@link UploadStore}. */
export interface UploadStoreOptions {
  /** The database's name: give each application of an origin its own. `kmseal-uploads` by default. */
  databaseName?: string | undefined;
  /** Milliseconds after the last save at which an upload is forgotten: 7 days by default. */
  maxAge?: number | undefined;
}

/** An upload that can be resumed. */
export interface KeptUpload {
  /** As given to uploadSealed. */
  readonly id: string;
  /** The module that resumes it. */
  readonly way: UploadState['way'];
  /** The file's length in bytes. */
  readonly size: number;
  /** The file's time, in milliseconds since 1970: with its size, what a user needs to find it again. */
  readonly lastModified?: number;
  /** Bytes of the envelope that have arrived. */
  readonly loaded: number;
  /** Bytes of the envelope. */
  readonly total: number;
  /** When it began, in milliseconds since 1970. */
  readonly createdAt: number;
  /** When it is forgotten. */
  readonly expiresAt: number;
  /** The name, if the page had one kept. */
  readonly name?: string;
  /** Whether the file's handle is kept, for {@link UploadStore.file}. */
  readonly hasHandle: boolean;
  /** Whether a page runs it now: nobody else can resume it. */
  readonly isRunning: boolean;
}

interface Entry {
  id: string;
  savedAt: number;
  state: UploadState;
}

/**
 * Uploads of this origin, in IndexedDB. Each has the envelope's header and its content key as a CryptoKey that cannot be exported, the tags of
 * all frames that have left, what the server knows, and the size and time of the file; not the file's content or name.
 *
 * Expired uploads are deleted when the store lists or loads one, and when it begins to keep another.
 */
export class UploadStore implements UploadStorage {
  readonly #databaseName: string;
  readonly #maxAge: number;
  /** Those that their owner has saved or loaded: one that is not there any more was forgotten, and is not brought back. */
  readonly #known = new Set<string>();

  constructor(options: UploadStoreOptions = {}) {
    // Under another name, users who share a browser would share the store that each was to have.
    refuseStrays(options, ['databaseName', 'maxAge']);
    const { databaseName = 'kmseal-uploads', maxAge = 7 * DAY_MS } = options;
    if (typeof databaseName !== 'string') throw new TypeError('databaseName must be a string');
    if (typeof maxAge !== 'number' || !(maxAge > 0))
      throw new RangeError('maxAge must be a number of milliseconds above 0');
    [this.#databaseName, this.#maxAge] = [databaseName, maxAge];
    // A Proxy of it, as Vue and others make of their state, has no private members: uploads would run without being kept, and its list be empty.
    for (const name of METHODS) Object.assign(this, { [name]: this[name].bind(this) });
  }

  /**
   * The uploads that can be resumed, the newest first. There are none where the browser keeps nothing, as in some private windows, and none
   * for a page whose kmseal is older than what it kept.
   */
  async list(): Promise<KeptUpload[]> {
    let entries;
    let running: boolean[];
    try {
      entries = (await this.#entries()).filter(({ state }) => state?.version === 1 && state.sealed?.version === 1);
      running = await isHeld(entries.map(({ id }) => this.#lockOf(id)));
    } catch {
      return []; // a page that lists them first must not fail with this
    }
    const listed = entries.map(({ id, savedAt, state }, index): KeptUpload => {
      const { way, createdAt, loaded, total, name, handle, sealed } = state;
      const { size, lastModified } = sealed;
      const expiresAt = savedAt + this.#maxAge;
      const isRunning = running[index]!;
      const shown = { id, way, size, loaded, total, createdAt, expiresAt, hasHandle: !!handle, isRunning };
      return { ...shown, ...(lastModified !== undefined && { lastModified }), ...(name !== undefined && { name }) };
    });
    return listed.sort((a, b) => b.createdAt - a.createdAt);
  }

  /**
   * The file of an upload whose handle is kept; undefined without one, or if the user does not allow reading it. The user may be asked, so
   * call it in the handler of a click.
   */
  async file(id: string): Promise<File | undefined> {
    const handle = (await this.load(id))?.handle;
    if (!handle) return undefined;
    const read = { mode: 'read' } as const;
    let permission = (await handle.queryPermission?.(read)) ?? 'granted';
    if (permission === 'prompt') permission = (await handle.requestPermission?.(read)) ?? 'denied';
    return permission === 'granted' ? handle.getFile() : undefined;
  }

  async own(id: string): Promise<(() => void) | undefined> {
    const release = await lock(this.#lockOf(id));
    // Only now: another owner in this page must keep knowing what it has saved.
    if (release) this.#known.delete(id);
    return release;
  }

  async load(id: string): Promise<UploadState | undefined> {
    const entries = await this.#entries();
    const entry = entries.find((one) => one.id === id);
    if (entry) this.#known.add(id);
    return entry?.state;
  }

  async save(state: UploadState): Promise<void> {
    const { id } = state;
    const isKnown = this.#known.has(id);
    await transact(this.#databaseName, async (uploads) => {
      if (isKnown && !(await uploads.has(id))) throw new Error('this upload was forgotten');
      // A page that only begins uploads does nothing else that deletes what has expired.
      if (!isKnown) await this.#fresh(uploads);
      const entry: Entry = { id, savedAt: Date.now(), state };
      uploads.put(entry);
    });
    this.#known.add(id);
  }

  /**
   * Deletes an upload's state, or without an id those of all uploads, as when a user signs out. A page that runs such an upload continues, but
   * it can no longer be resumed. What has arrived stays with the server.
   */
  forget(id?: string): Promise<void> {
    const work = async (uploads: Uploads) => {
      if (id === undefined) uploads.clear();
      else uploads.delete(id);
    };
    // Also for an upload that runs, and where a newer page has taken over the database: what leaves from now on is in no state.
    return transact(this.#databaseName, work, { anyVersion: true });
  }

  #lockOf(id: string): string {
    return `${this.#databaseName}/${id}`;
  }

  #entries(): Promise<Entry[]> {
    return transact(this.#databaseName, (uploads) => this.#fresh(uploads));
  }

  /** What has not expired; the others are deleted. */
  async #fresh(uploads: Uploads): Promise<Entry[]> {
    const now = Date.now();
    const entries = (await uploads.all()) as Entry[];
    // A clock that was set far back keeps nothing longer.
    const isFresh = ({ savedAt }: Entry) => Math.abs(now - savedAt) < this.#maxAge;
    for (const entry of entries) if (!isFresh(entry)) uploads.delete(entry.id);
    return entries.filter(isFresh);
  }
}
