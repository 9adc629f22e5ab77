/**
 * Seals files in Uppy before any uploader sees them.
 *
 * @module kmseal/uppy
 */
import {
  BasePlugin,
  type Body,
  type DefinePluginOpts,
  type Meta,
  type PluginOpts,
  type UnknownPlugin,
  type Uppy,
  type UppyFile,
} from '@uppy/core';
import { type ContextOptions, type DescriptionFields, KmsealError, type Progress, Sealer } from './index.js';
import { notOurs } from './io/other-copy.js';
import { type Rereading, rereading } from './uploads/reread.js';
import { expectFunctions } from './uploads/callbacks.js';
import { canonical, contextsOf } from './uploads/contexts.js';
import { DESCRIPTION, MOST_IN_HEADER_CHARACTERS, fieldsOf, prepareDescribed } from './uploads/describe.js';
import { expectUploadNames } from './uploads/names.js';
import type { Retry, SealedUploadOptions } from './uploads/options.js';
import type { FileHandle, KeepOptions, UploadState, UploadStorage } from './uploads/storage.js';
import { urlStorage } from './uploads/url-storage.js';
import { Envelopes } from './uppy/envelopes.js';
import { UppyEnvelope } from './uppy/envelope.js';

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

/** Options of {@link Seal}. `onRetry` is called for reads; Uppy's users see it in any case. */
export interface UppySealOptions<M extends Meta = Meta, B extends Body = Body>
  extends PluginOpts,
    SealedUploadOptions<UppyFile<M, B>>,
    Pick<KeepOptions, 'store' | 'onUnsaved'> {
  /** The name of a sealed file, and all that uploaders learn of its name: `file-1.kmseal` and so on by default. */
  rename?: ((index: number, file: UppyFile<M, B>) => string) | undefined;
  /** What a file's upload is called in the store (`id` is the plugin's); by default a random id. */
  uploadId?: ((file: UppyFile<M, B>) => string) | undefined;
  /** A name of the file to show in lists. It is kept in the clear, and by default not at all. */
  uploadName?: ((file: UppyFile<M, B>) => string) | undefined;
}

export type { FileHandle, Retry, UploadState, UploadStorage };

const TYPE = 'application/octet-stream';

const defaultOptions = {
  rename: (index: number) => `file-${index}.kmseal`,
} satisfies Partial<UppySealOptions>;

const OPTIONS = [
  'rename',
  'store',
  'uploadId',
  'uploadName',
  'onUnsaved',
  'id',
  'locale',
] satisfies (keyof UppySealOptions)[];

const defaultLocale = {
  strings: {
    sealing: 'Encrypting…',
    readingAgain: 'The file cannot be read, trying again…',
    noFile: 'This file is not here any more; choose it again',
    remoteFile: 'Files from other services cannot be encrypted here; choose one from this device',
  },
};

/** The origin of an envelope. */
interface Origin<M extends Meta, B extends Body> {
  /** The file as chosen. */
  file: UppyFile<M, B>;
  /** Its number among the files that were sealed. */
  index: number;
  sealer: Sealer;
  bound: string;
}

/** What an envelope and its description are made with. */
interface Bound extends ContextOptions {
  fields: DescriptionFields | undefined;
}

/** Equal for what gives the same envelope. */
const textOf = ({ fields, ...contexts }: Bound) => canonical(contexts) + JSON.stringify(fields);

/**
 * An Uppy plugin that replaces every file by its envelope, under a neutral name and type. A file that cannot be sealed gets an
 * `upload-error`, and no uploader sees it. The page's own additions to a file's `meta` stay. When an upload is repeated, so is its
 * envelope, unless `meta` or the options have changed what it must be bound to.
 */
export default class Seal<M extends Meta, B extends Body> extends BasePlugin<
  DefinePluginOpts<UppySealOptions<M, B>, keyof typeof defaultOptions>,
  M,
  B
> {
  static VERSION = KMSEAL_VERSION;
  /** By the envelopes made here. */
  readonly #origins = new WeakMap<object, Origin<M, B>>();
  readonly #running = new Map<string, AbortController>();
  readonly #envelopes: Envelopes<M, B>;
  /** By upload, the files that were kept from it. */
  readonly #failed = new Map<string, string[]>();
  #count = 0;

  constructor(uppy: Uppy<M, B>, opts: UppySealOptions<M, B>) {
    super(uppy, { ...defaultOptions, ...opts });
    if (!(opts?.sealer instanceof Sealer)) throw notOurs(opts?.sealer, 'Sealer', 'the option sealer', 'a Sealer');
    expectUploadNames(opts, OPTIONS);
    const { rename, onRetry, uploadId, uploadName, onUnsaved } = this.opts;
    expectFunctions({ rename, onRetry, uploadId, uploadName, onUnsaved });
    this.id = this.opts.id || 'Seal';
    this.type = 'modifier';
    this.#envelopes = new Envelopes(uppy);
    this.defaultLocale = defaultLocale;
    this.i18nInit();
  }

  override install(): void {
    this.uppy.addPreProcessor(this.#prepare);
    this.uppy.addPostProcessor(this.#report);
    this.uppy.on('file-removed', this.#stop);
    this.#envelopes.install();
    this.uppy.on('plugin-added', this.#refuse);
    // At the end: if the page continues all the same, every upload is refused.
    this.uppy.iteratePlugins(this.#refuse);
  }

  override uninstall(): void {
    this.uppy.removePreProcessor(this.#prepare);
    this.uppy.removePostProcessor(this.#report);
    this.uppy.off('file-removed', this.#stop);
    this.uppy.off('plugin-added', this.#refuse);
    const removed = new KmsealError('ERR_CLOSED', 'the plugin Seal was removed while it sealed this file');
    for (const controller of this.#running.values()) controller.abort(removed);
    this.#envelopes.uninstall();
  }

  /**
   * Has a file that was added again continue an upload that another page began with the option `store`. Call it before the file is
   * uploaded. The file becomes the envelope that was begun, once all of it was sealed again and compared, and its uploader continues where it was.
   *
   * @throws KmsealError ERR_STORAGE: nothing is kept under this id, or another page runs the upload; ERR_SOURCE_CHANGED: it has another size or time
   */
  async resume(fileID: string, uploadId: string): Promise<void> {
    const { sealer, store, onUnsaved } = this.opts;
    if (!store) throw new TypeError('resume needs the option store');
    const file = this.uppy.getFile(fileID);
    const isChosen = () => this.uppy.getFile(fileID)?.data === file.data && !this.#running.has(fileID);
    if (!file?.data || file.isRemote || this.#isSealed(file) || !isChosen())
      throw new TypeError('resume needs the id of a file that was added and is not uploaded yet');
    await this.#envelopes.end(fileID, true);
    const envelope = await UppyEnvelope.restore(file.data as Blob, { sealer, store, id: uploadId, onUnsaved });
    if (isChosen()) return this.#envelopes.set(fileID, envelope);
    await envelope.end(true);
    throw new TypeError('the file was removed or uploaded before resume had ended');
  }

  readonly #refuse = ({ id, opts = {} }: UnknownPlugin<M, B>): void => {
    // Also by its options, since it may have another id.
    if (id === 'GoldenRetriever' || ('serviceWorker' in opts && 'expires' in opts)) {
      const why = 'it keeps the original files in IndexedDB, and after a reload continues uploads of other envelopes';
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
    const failed = new Set<string>();
    const sealed = new Set<string>();
    // Again, since `meta` may have changed while the files behind it were sealed.
    for (let isSettled = false; !isSettled; ) {
      isSettled = true;
      for (const id of fileIDs) {
        // A removed file may be added again, but then belongs to another upload.
        if (failed.has(id) || !this.#idsOf(uploadID).includes(id)) continue;
        // One of another page keeps its own context.
        if (sealed.has(id) && this.#envelopes.get(id)?.isRestored) continue;
        const file = this.uppy.getFile(id);
        try {
          if (this.#isUpToDate(file)) continue;
          isSettled = false;
          while (!(await this.#seal(this.uppy.getFile(id))));
          sealed.add(id);
        } catch (error) {
          failed.add(id);
          if (this.#idsOf(uploadID).includes(id)) this.uppy.emit('upload-error', file, error as Error);
        }
      }
    }
    for (const file of files()) this.uppy.emit('preprocess-complete', file);
    this.#keepBack(uploadID, failed);
    this.uppy.emit(
      'seal:complete',
      files().filter((file) => this.#isSealed(file)),
    );
  };

  /** A file as chosen, with its current `meta`. */
  #asChosen(file: UppyFile<M, B>): UppyFile<M, B> {
    const chosen = this.#origins.get(file.data!)?.file;
    if (!chosen) return file;
    const { name, type, relativePath } = chosen.meta;
    const { [DESCRIPTION]: _, ...meta } = file.meta;
    return {
      ...chosen,
      meta: { ...meta, name, type, ...(relativePath !== undefined && { relativePath }) } as typeof file.meta,
    };
  }

  /** What the options say of a file as chosen. Its name is Uppy's, which the user may have changed. */
  #boundOf(chosen: UppyFile<M, B>): Bound {
    const { name, type, relativePath } = chosen.meta;
    const added = fieldsOf(this.opts.describe, chosen);
    const fields = added && { name, type, path: relativePath || undefined, ...added };
    return { ...contextsOf(this.opts, chosen), fields };
  }

  /** Whether it is an envelope that is bound to the current context. */
  #isUpToDate(file: UppyFile<M, B>): boolean {
    const origin = file.data && this.#origins.get(file.data);
    if (!origin || origin.sealer !== this.opts.sealer) return false;
    return origin.bound === textOf(this.#boundOf(this.#asChosen(file)));
  }

  /** Whether it was sealed; false if `meta` has meanwhile changed what it must be bound to. */
  async #seal(file: UppyFile<M, B>): Promise<boolean> {
    if (file.isRemote) throw new KmsealError('ERR_READ', this.i18n('remoteFile'));
    if (!file.data) throw new KmsealError('ERR_READ', this.i18n('noFile'));
    const { id } = file;
    const { sealer, onRetry } = this.opts;
    const chosen = this.#asChosen(file);
    const bound = this.#boundOf(chosen);
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.set(id, controller);
    let percent = 0;
    const onProgress = ({ loaded, total }: Progress) => {
      const now = Math.floor((100 * loaded) / (total || 1));
      if (now > percent) this.#tell(file, (percent = now) / 100);
    };
    const onReadAgain = (retry: Retry) => {
      this.#tell(file, (percent = 0), this.i18n('readingAgain'));
      onRetry?.(retry);
    };
    let envelope: UppyEnvelope | undefined;
    try {
      const persistence = { signal, onRetry: onReadAgain };
      const begun = await this.#begun(chosen, bound, persistence);
      envelope = begun;
      const blob = await rereading(() => begun.seal({ signal, onProgress }), persistence);
      await begun.saved();
      signal.throwIfAborted();
      const current = this.uppy.getFile(id);
      const isChanged = current.meta !== file.meta && textOf(this.#boundOf(this.#asChosen(current))) !== textOf(bound);
      // One of another page keeps its own context.
      if (isChanged && !begun.isRestored) return false;
      const index = this.#origins.get(file.data)?.index ?? ++this.#count;
      this.#replace(file, begun, blob, { file: chosen, index, sealer, bound: textOf(bound) });
      return true;
    } finally {
      // A file that was removed and added again meanwhile has its own.
      if (this.#running.get(id) === controller) this.#running.delete(id);
      const isOurs = envelope !== undefined && this.#envelopes.get(id) === envelope;
      // One of another page is tried again, and no other one is made in its place.
      if (isOurs && !(envelope!.blob ? envelope!.isKept : envelope!.isRestored)) await this.#envelopes.end(id, false);
    }
  }

  /** The envelope that is sealed: one of another page, or else a new one. */
  async #begun(chosen: UppyFile<M, B>, bound: Bound, persistence: Rereading): Promise<UppyEnvelope> {
    const { id } = chosen;
    const { signal } = persistence;
    const restored = this.#envelopes.get(id);
    if (restored && !restored.blob) return restored;
    // That of an earlier try, which was bound to something else.
    await this.#envelopes.end(id, false);
    const { sealer, store, uploadId, uploadName, onUnsaved } = this.opts;
    const wanted = { ...bound, signal, most: MOST_IN_HEADER_CHARACTERS };
    const described = await rereading(() => prepareDescribed(sealer, chosen.data as Blob, wanted), persistence);
    const kept = { store, id: store && uploadId?.(chosen), name: store && uploadName?.(chosen), onUnsaved };
    const envelope = await UppyEnvelope.keep(described, kept);
    if (signal.aborted) await envelope.end(false);
    signal.throwIfAborted();
    this.#envelopes.set(id, envelope);
    return envelope;
  }

  #replace({ id, data }: UppyFile<M, B>, envelope: UppyEnvelope, blob: Blob, origin: Origin<M, B>): void {
    const current = this.uppy.getFile(id);
    if (current.data !== data) {
      throw new KmsealError('ERR_SOURCE_CHANGED', 'the file was replaced while it was sealed; upload it again');
    }
    // By one that was set to undefined nothing is meant.
    const rename = this.opts.rename ?? defaultOptions.rename;
    const name = rename(origin.index, this.#asChosen(current));
    if (typeof name !== 'string' || name === '') throw new TypeError('rename must return a name');
    this.#origins.set(blob, origin);
    const { description } = envelope;
    const state = this.#envelopes.handOver(envelope, blob);
    const { relativePath, [DESCRIPTION]: _, ...meta } = current.meta;
    const extension = /\.([^.]+)$/.exec(name)?.[1] ?? '';
    this.uppy.setFileState(id, {
      data: blob,
      size: blob.size,
      name,
      extension,
      type: TYPE,
      meta: { ...meta, name, type: TYPE, ...(description && { [DESCRIPTION]: description }) },
      preview: '',
      // The uploaders' own state of the file belongs to another envelope.
      tus: { ...(current as { tus?: object }).tus, ...state.tus, storeFingerprintForResuming: false, urlStorage },
      s3Multipart: state.s3Multipart,
    } as Partial<UppyFile<M, B>>);
    if (current.preview?.startsWith('blob:')) URL.revokeObjectURL(current.preview);
  }

  #isSealed(file: UppyFile<M, B> | undefined): boolean {
    return file?.data !== undefined && this.#origins.has(file.data);
  }

  #tell(file: UppyFile<M, B>, value: number, message = this.i18n('sealing')): void {
    this.uppy.emit('preprocess-progress', file, { mode: 'determinate', message, value });
  }

  #idsOf(uploadID: string): string[] {
    return this.uppy.getState().currentUploads[uploadID]?.fileIDs ?? [];
  }

  #setIds(uploadID: string, fileIDs: string[]): void {
    const { currentUploads } = this.uppy.getState();
    const upload = currentUploads[uploadID];
    if (upload) this.uppy.setState({ currentUploads: { ...currentUploads, [uploadID]: { ...upload, fileIDs } } });
  }

  /** Removes unsealed files from the upload: an uploader may overlook that a file has an error. */
  #keepBack(uploadID: string, unsealed: Set<string>): void {
    const ids = this.#idsOf(uploadID);
    const failed = ids.filter((id) => unsealed.has(id) || !this.#isSealed(this.uppy.getFile(id)));
    if (failed.length === 0) return;
    this.#failed.set(uploadID, failed);
    this.#setIds(
      uploadID,
      ids.filter((id) => !failed.includes(id)),
    );
  }

  /** And adds them again in the end, so that they appear in the result as failed. */
  readonly #report = async (_fileIDs: string[], uploadID: string): Promise<void> => {
    const failed = this.#failed.get(uploadID)?.filter((id) => this.uppy.getFile(id));
    this.#failed.delete(uploadID);
    if (failed) this.#setIds(uploadID, [...this.#idsOf(uploadID), ...failed]);
  };
}
