import { KmsealError, type SealedFile, type Sealer } from '../index.js';
import { toBase64url } from '../io/base64url.js';
import { Keeper, because, expectRelease, expectStore, ownedError } from './keeper.js';
import type { KeepOptions, UploadState, UploadStorage } from './storage.js';

/** An upload that was kept, which this page owns from now on. */
async function owned(
  store: UploadStorage,
  id: string,
  way: UploadState['way'],
): Promise<{ state: UploadState; release: () => void }> {
  const read = <T>(asked: PromiseLike<T>) =>
    Promise.resolve(asked).catch((cause: unknown) => {
      throw new KmsealError('ERR_STORAGE', `what is kept of uploads cannot be read${because(cause)}`, { cause });
    });
  expectStore(store);
  const release = await read(store.own(id));
  expectRelease(release);
  if (!release) throw ownedError();
  try {
    const state = await read(store.load(id));
    if (state?.version === 1 && state.way === way && state.id === id) return { state, release };
    const message = state
      ? 'what is kept of this upload is of another kind or version; begin it again'
      : 'nothing is kept of this upload: it is done, was forgotten, or has expired; begin it again';
    throw new KmsealError('ERR_STORAGE', message);
  } catch (error) {
    release();
    throw error;
  }
}

/** An upload that another page began, as its way continues it. */
interface Restored<P> {
  sealed: SealedFile;
  /** The description in base64url, if it has one: for an upload that has to be created again. */
  description: string | undefined;
  keeper: Keeper<P>;
}

interface RestoreOptions<P> extends Pick<KeepOptions, 'onUnsaved'> {
  sealer: Sealer;
  store: UploadStorage;
  id: string;
  way: UploadState['way'];
  /** What the server knows, as it was kept; throws if it is not what we keep. */
  remoteOf: (kept: unknown, total: number) => P;
  /** Seals one frame, by which the file is recognized before anything is sent. */
  recognize?: (sealed: SealedFile, remote: P) => Promise<unknown>;
}

/** Takes over an upload that another page began. If that fails, it stays as it was, for another try. */
export async function restore<P>(
  file: Blob,
  { sealer, store, id, way, remoteOf, recognize, onUnsaved }: RestoreOptions<P>,
): Promise<Restored<P>> {
  const { state, release } = await owned(store, id, way);
  let sealed: SealedFile | undefined;
  try {
    sealed = await sealer.restore(file, state.sealed);
    const remote = remoteOf(state.remote, sealed.size);
    await recognize?.(sealed, remote);
    const description = state.sealed.description && toBase64url(await sealed.describe());
    const kept = { loaded: state.loaded, remote };
    const keeper = new Keeper({ store, sealed, fixed: state, kept, isSaved: true, release, onUnsaved });
    return { sealed, description, keeper };
  } catch (error) {
    sealed?.close();
    release();
    throw error;
  }
}
