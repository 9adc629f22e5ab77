/** The schema's version. In each of them states are entries of the object store `uploads`, by their id: any kmseal can delete any state. */
const VERSION = 1;
const UPLOADS = 'uploads';

/** Milliseconds for a database to open: a page that has another version of it open, and does not let go, would block it forever. */
const PATIENCE_MS = 10_000;

/** The states of uploads within a transaction. */
export interface Uploads {
  all(): Promise<unknown[]>;
  has(id: string): Promise<boolean>;
  put(entry: { readonly id: string; readonly savedAt: number }): void;
  delete(id: string): void;
  clear(): void;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

/** Without a version, opens the one that is there. */
function open(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = globalThis.indexedDB.open(name, version);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      const remedy = 'another page has another version of it open; close or reload that page';
      reject(new Error(`the database ${name} did not open in ${PATIENCE_MS / 1000} s: ${remedy}`));
    }, PATIENCE_MS);
    request.onupgradeneeded = () => {
      const { result } = request;
      if (!result.objectStoreNames.contains(UPLOADS)) result.createObjectStore(UPLOADS, { keyPath: 'id' });
    };
    request.onerror = () => {
      clearTimeout(timer);
      const cause = request.error ?? new Error('IndexedDB failed');
      const isNewer = cause.name === 'VersionError';
      reject(isNewer ? new Error('a newer version of kmseal keeps uploads here; reload this page', { cause }) : cause);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      if (isLate) request.result.close();
      else resolve(request.result);
    };
  });
}

async function run<T>(database: IDBDatabase, work: (uploads: Uploads) => Promise<T>): Promise<T> {
  const transaction = database.transaction(UPLOADS, 'readwrite', { durability: 'strict' });
  const store = transaction.objectStore(UPLOADS);
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB aborted the transaction'));
    // As when the site's data is cleared, or a process of the browser dies.
    database.onclose = () => reject(new Error('the browser closed the database'));
  });
  const working = work({
    all: () => answer(store.getAll()),
    has: async (id) => (await answer(store.count(id))) > 0,
    // What is wrong with it aborts the transaction.
    put: (entry) => void store.put(entry),
    delete: (id) => void store.delete(id),
    clear: () => void store.clear(),
  });
  try {
    // Together, since a database that was closed may answer no request any more.
    const [result] = await Promise.all([working, complete]);
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended.
    }
    throw error;
  }
}

/**
 * Runs `work` in one transaction, and resolves when that is complete and, with browsers that have the option, on disk. If it fails, no part of it
 * has happened. `work` may wait only for what the database answers. With `anyVersion` it may be a newer kmseal's: for deletions.
 */
export async function transact<T>(
  name: string,
  work: (uploads: Uploads) => Promise<T>,
  { anyVersion = false } = {},
): Promise<T> {
  const database = await open(name, anyVersion ? undefined : VERSION);
  // A page with another version waits for no more than this transaction.
  database.onversionchange = () => database.close();
  try {
    return await run(database, work);
  } finally {
    database.close();
  }
}
