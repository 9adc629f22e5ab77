import type { SealedFileState } from '../index.js';

/** A file that the page may read again later: a FileSystemFileHandle, as `showOpenFilePicker` and a drop give it. */
export interface FileHandle {
  /** The file as it is now. */
  getFile(): Promise<File>;
  /** As `requestPermission`, without a prompt. */
  queryPermission?(descriptor: { mode: 'read' }): Promise<string>;
  /** Asks the user, which needs a click. */
  requestPermission?(descriptor: { mode: 'read' }): Promise<string>;
}

/**
 * All that an upload needs to continue in another page. It can be cloned structurally, but JSON cannot hold it.
 */
export interface UploadState {
  /** The version of this shape. */
  readonly version: 1;
  /** The page's name for the upload. */
  readonly id: string;
  /** The module that uploads: kmseal/s3, kmseal/tus or kmseal/uppy. */
  readonly way: 's3' | 'tus' | 'uppy';
  /** When it began, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The envelope. */
  readonly sealed: SealedFileState;
  /** Bytes of the envelope that have arrived. */
  readonly loaded: number;
  /** Bytes of the envelope. */
  readonly total: number;
  /** The name that the page wants to show, if it gave one. */
  readonly name?: string | undefined;
  /** The file, if the page gave its handle. */
  readonly handle?: FileHandle | undefined;
  /** What the server knows of it, in the module's own words. */
  readonly remote: unknown;
}

/**
 * Where the states of uploads are kept: `UploadStore` of kmseal/store, or an object of your own. It is what AES-GCM depends on. If it forgets a
 * state that it said to have saved, and the file changes meanwhile, two ciphertexts leave under one nonce.
 *
 * A failure of `own` or of the first `save` costs no more than that the upload cannot be resumed.
 */
export interface UploadStorage {
  /**
   * Makes this page the only one that runs the upload, and keeps the others out until the returned function is called or the page ends. Undefined if
   * another page runs it.
   */
  own(id: string): PromiseLike<(() => void) | undefined>;
  /** The state that was saved last; undefined if there is none, or if it has expired. */
  load(id: string): PromiseLike<UploadState | undefined>;
  /**
   * Replaces the state of that id. It must be on disk when this resolves, since bytes leave then, and must not bring back what was
   * forgotten meanwhile.
   */
  save(state: UploadState): PromiseLike<void>;
  /** Deletes it. No state of that id is left when this resolves. */
  forget(id: string): PromiseLike<void>;
}

/** Options of uploads that are kept. */
export interface KeepOptions {
  /** Keeps the upload's state, so that it continues in another page, after a crash, or tomorrow. Off by default. */
  store?: UploadStorage | undefined;
  /** What the upload is called in the store, such as its id on your server; by default a random one. */
  id?: string | undefined;
  /** A name to show in lists. It is kept in the clear, and by default not at all. */
  name?: string | undefined;
  /** The file's handle, with which the page continues without a new choice. It holds the file's name in the clear. */
  handle?: FileHandle | undefined;
  /**
   * Called once if the upload cannot be kept, as in some private windows, without space, or with `engine: 'wasm'`. It continues, but only
   * as long as this page lives.
   */
  onUnsaved?: ((error: unknown) => void) | undefined;
}
