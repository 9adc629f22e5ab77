/**
 * Seals files in Uppy before any uploader sees them.
 *
 * @module kmseal/uppy
 */
import { BasePlugin, type Body, type DefinePluginOpts, type Meta, type PluginOpts, type UnknownPlugin, type Uppy, type UppyFile } from '@uppy/core';
import { type EncryptionContext, KmsealError, type Sealer } from './index.js';
import { urlStorage } from './url-storage.js';

/** The package's, put in by the build. */
declare const KMSEAL_VERSION: string;

declare module '@uppy/core' {
  export interface UppyEventMap<M extends Meta, B extends Body> {
    /** The files of an upload that were sealed, before they are uploaded. */
    'seal:complete': (files: UppyFile<M, B>[]) => void;
  }
  export interface PluginTypeRegistry<M extends Meta, B extends Body> {
    Seal: Seal<M, B>;
  }
}

/** Options of {@link Seal}. */
export interface SealOpts<M extends Meta = Meta, B extends Body = Body> extends PluginOpts {
  sealer: Sealer;
  /** What a sealed file is called, and all that uploaders learn of its name: `file-1.kmseal` and so on unless told. */
  rename?: (index: number, file: UppyFile<M, B>) => string;
  /** Merged with the Sealer's: one for all files, or a function of the file as it was chosen. */
  encryptionContext?: EncryptionContext | ((file: UppyFile<M, B>) => EncryptionContext) | undefined;
  requiredEncryptionContext?: EncryptionContext | ((file: UppyFile<M, B>) => EncryptionContext) | undefined;
}

const TYPE = 'application/octet-stream';

const defaultOptions = {
  rename: (index: number) => `file-${index}.kmseal`,
} satisfies Partial<SealOpts>;

const defaultLocale = {
  strings: {
    sealing: 'Encrypting…',
    noFile: 'This file is not here any more; choose it again',
    remoteFile: 'Files from other services cannot be encrypted here; choose one from this device',
  },
};

/**
 * An Uppy plugin that replaces every file by its envelope, under a neutral name and type. A file that cannot be sealed gets an
 * `upload-error`, and no uploader sees it. What the page itself adds to a file's `meta` stays as it is.
 */
export default class Seal<M extends Meta, B extends Body> extends BasePlugin<
  DefinePluginOpts<SealOpts<M, B>, keyof typeof defaultOptions>, M, B
> {
  static VERSION = KMSEAL_VERSION;
  /** Envelopes made here, which are not sealed again when an upload is repeated. */
  readonly #sealed = new WeakSet<object>();
  readonly #running = new Map<string, AbortController>();
  /** By upload, the files that were kept from it. */
  readonly #failed = new Map<string, string[]>();
  #count = 0;

  constructor(uppy: Uppy<M, B>, opts: SealOpts<M, B>) {
    super(uppy, { ...defaultOptions, ...opts });
    if (typeof opts?.sealer?.seal !== 'function') throw new TypeError('the option sealer must be a Sealer');
    this.id = this.opts.id || 'Seal';
    this.type = 'modifier';
    this.defaultLocale = defaultLocale;
    this.i18nInit();
  }

  override install(): void {
    this.uppy.addPreProcessor(this.#prepare);
    this.uppy.addPostProcessor(this.#report);
    this.uppy.on('file-removed', this.#stop);
    this.uppy.on('plugin-added', this.#refuse);
    // At the end: if the page goes on all the same, every upload is refused.
    this.uppy.iteratePlugins(this.#refuse);
  }

  override uninstall(): void {
    this.uppy.removePreProcessor(this.#prepare);
    this.uppy.removePostProcessor(this.#report);
    this.uppy.off('file-removed', this.#stop);
    this.uppy.off('plugin-added', this.#refuse);
    const removed = new KmsealError('ERR_CLOSED', 'the plugin Seal was removed while it sealed this file');
    for (const controller of this.#running.values()) controller.abort(removed);
  }

  readonly #refuse = ({ id, opts = {} }: UnknownPlugin<M, B>): void => {
    // By its options, too, since it may have been given another id.
    if (id === 'GoldenRetriever' || ('serviceWorker' in opts && 'expires' in opts)) {
      const why = 'it keeps the files as they are in IndexedDB, and after a reload goes on with uploads of other envelopes';
      throw new TypeError(`Seal and GoldenRetriever cannot be used together: ${why}`);
    }
    const { fileReader } = opts as { fileReader?: { seals?: boolean } };
    if (fileReader?.seals) throw new TypeError('tusOptions() seals already; use it without the plugin Seal');
  };

  readonly #stop = ({ id }: UppyFile<M, B>): void => this.#running.get(id)?.abort();

  readonly #prepare = async (fileIDs: string[], uploadID: string): Promise<void> => {
    this.uppy.iteratePlugins(this.#refuse);
    const files = () => fileIDs.map((id) => this.uppy.getFile(id)).filter((file) => file !== undefined);
    for (const file of files()) this.#tell(file, 0);
    for (const id of fileIDs) {
      // A removed file may be back, but then belongs to another upload.
      if (!this.#idsOf(uploadID).includes(id)) continue;
      const file = this.uppy.getFile(id);
      try {
        await this.#seal(file);
      } catch (error) {
        if (this.#idsOf(uploadID).includes(id)) this.uppy.emit('upload-error', file, error as Error);
      }
    }
    for (const file of files()) this.uppy.emit('preprocess-complete', file);
    this.#keepBack(uploadID);
    this.uppy.emit('seal:complete', files().filter((file) => this.#isSealed(file)));
  };

  async #seal(file: UppyFile<M, B>): Promise<void> {
    if (file.isRemote) throw new KmsealError('ERR_READ', this.i18n('remoteFile'));
    const { id, data } = file;
    if (!data) throw new KmsealError('ERR_READ', this.i18n('noFile'));
    if (this.#isSealed(file)) return;
    const { sealer, encryptionContext, requiredEncryptionContext } = this.opts;
    const of = (context: typeof encryptionContext) => (typeof context === 'function' ? context(file) : context);
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.set(id, controller);
    let percent = 0;
    try {
      const sealed = await sealer.seal(data, {
        encryptionContext: of(encryptionContext),
        requiredEncryptionContext: of(requiredEncryptionContext),
        signal,
        onProgress: ({ loaded, total }) => {
          const now = Math.floor((100 * loaded) / (total || 1));
          if (now > percent) this.#tell(file, (percent = now) / 100);
        },
      });
      signal.throwIfAborted();
      this.#replace(file, sealed);
    } finally {
      // A file that was removed and added again meanwhile has a controller of its own.
      if (this.#running.get(id) === controller) this.#running.delete(id);
    }
  }

  #replace({ id, data }: UppyFile<M, B>, sealed: Blob): void {
    const current = this.uppy.getFile(id);
    if (current.data !== data) {
      throw new KmsealError('ERR_SOURCE_CHANGED', 'the file was replaced while it was sealed; upload it again');
    }
    const name = this.opts.rename(++this.#count, current);
    if (typeof name !== 'string' || name === '') throw new TypeError('rename must return a name');
    this.#sealed.add(sealed);
    const { relativePath, ...meta } = current.meta;
    const extension = /\.([^.]+)$/.exec(name)?.[1] ?? '';
    this.uppy.setFileState(id, {
      data: sealed,
      size: sealed.size,
      name,
      extension,
      type: TYPE,
      meta: { ...meta, name, type: TYPE },
      preview: '',
      // What uploaders remember of the file is of another envelope.
      tus: { ...(current as { tus?: object }).tus, uploadUrl: null, storeFingerprintForResuming: false, urlStorage },
      s3Multipart: undefined,
    } as Partial<UppyFile<M, B>>);
    if (current.preview?.startsWith('blob:')) URL.revokeObjectURL(current.preview);
  }

  #isSealed(file: UppyFile<M, B> | undefined): boolean {
    return file?.data !== undefined && this.#sealed.has(file.data);
  }

  #tell(file: UppyFile<M, B>, value: number): void {
    this.uppy.emit('preprocess-progress', file, { mode: 'determinate', message: this.i18n('sealing'), value });
  }

  #idsOf(uploadID: string): string[] {
    return this.uppy.getState().currentUploads[uploadID]?.fileIDs ?? [];
  }

  #setIds(uploadID: string, fileIDs: string[]): void {
    const { currentUploads } = this.uppy.getState();
    const upload = currentUploads[uploadID];
    if (upload) this.uppy.setState({ currentUploads: { ...currentUploads, [uploadID]: { ...upload, fileIDs } } });
  }

  /** Takes what is not sealed out of the upload: an uploader may overlook that a file has an error. */
  #keepBack(uploadID: string): void {
    const ids = this.#idsOf(uploadID);
    const failed = ids.filter((id) => !this.#isSealed(this.uppy.getFile(id)));
    if (failed.length === 0) return;
    this.#failed.set(uploadID, failed);
    this.#setIds(uploadID, ids.filter((id) => !failed.includes(id)));
  }

  /** And puts it back in the end, so that it stands in the result, as failed. */
  readonly #report = async (_fileIDs: string[], uploadID: string): Promise<void> => {
    const failed = this.#failed.get(uploadID)?.filter((id) => this.uppy.getFile(id));
    this.#failed.delete(uploadID);
    if (failed) this.#setIds(uploadID, [...this.#idsOf(uploadID), ...failed]);
  };
}
