import type { Body, Meta, UnknownPlugin, Uppy, UppyFile } from '@uppy/core';
import type { Noted, UppyEnvelope } from './envelope.js';

/** The envelopes of an Uppy's files. Those that are kept in a store stay here until their upload ends, and learn how far it is. */
export class Envelopes<M extends Meta, B extends Body> {
  readonly #uppy: Uppy<M, B>;
  readonly #byFile = new Map<string, UppyEnvelope>();
  #endings: Promise<unknown> = Promise.resolve();

  constructor(uppy: Uppy<M, B>) {
    this.#uppy = uppy;
  }

  install(): void {
    this.#uppy.on('file-removed', this.#removed);
    this.#uppy.on('upload-progress', this.#progress);
    this.#uppy.on('upload-error', this.#failed);
    this.#uppy.on('upload-success', this.#arrived);
  }

  uninstall(): void {
    this.#uppy.off('file-removed', this.#removed);
    this.#uppy.off('upload-progress', this.#progress);
    this.#uppy.off('upload-error', this.#failed);
    this.#uppy.off('upload-success', this.#arrived);
    for (const id of this.#byFile.keys()) void this.end(id, true);
  }

  get(id: string): UppyEnvelope | undefined {
    return this.#byFile.get(id);
  }

  set(id: string, envelope: UppyEnvelope): void {
    this.#byFile.set(id, envelope);
  }

  /** Ends that of a file, if there is one, and waits for all that were ended: the next one may have its place in the store. */
  async end(id: string, continues: boolean): Promise<void> {
    const ending = this.#byFile.get(id)?.end(continues);
    this.#byFile.delete(id);
    this.#endings = Promise.allSettled([this.#endings, ending]);
    await this.#endings;
  }

  /** Notes that uploaders have the Blob of an envelope; returns what they need to continue. */
  handOver(envelope: UppyEnvelope, blob: Blob): Noted {
    envelope.blob = blob;
    return envelope.stateFor(() => this.#cutOf(blob.size));
  }

  /** The envelope that uploaders have of a file, if it is in the store. */
  #current(
    file: UppyFile<M, B> | undefined,
  ): { current: UppyFile<M, B>; envelope: UppyEnvelope; size: number } | undefined {
    const current = file && this.#uppy.getFile(file.id);
    const envelope = current && this.#byFile.get(current.id);
    if (!envelope?.blob || envelope.blob !== current?.data) return undefined;
    return { current, envelope, size: envelope.blob.size };
  }

  /** What decides how @uppy/aws-s3 cuts an envelope into parts: what is in parts of other sizes would not fit. */
  #cutOf(size: number): string {
    const cuts: unknown[] = [];
    this.#uppy.iteratePlugins((plugin: UnknownPlugin<M, B>) => {
      const { getChunkSize } = (plugin.opts ?? {}) as { getChunkSize?: (file: { size: number }) => number };
      const { VERSION } = plugin.constructor as { VERSION?: string };
      if (plugin.type === 'uploader') cuts.push([plugin.id, VERSION, getChunkSize?.({ size })]);
    });
    return JSON.stringify([size, cuts]);
  }

  readonly #progress = (
    file: UppyFile<M, B> | undefined,
    { bytesUploaded }: { bytesUploaded: number | false },
  ): void => {
    const found = this.#current(file);
    found?.envelope.note(found.current as Noted, bytesUploaded || 0, () => this.#cutOf(found.size));
  };

  /** S3 has the multipart upload no longer. @uppy/aws-s3 would ask for it with every try. */
  readonly #failed = (file: UppyFile<M, B> | undefined, error: object): void => {
    if ((error as { status?: unknown }).status !== 404 || !this.#current(file)) return;
    this.#uppy.setFileState(file!.id, { s3Multipart: undefined } as Partial<UppyFile<M, B>>);
  };

  readonly #arrived = (file: UppyFile<M, B> | undefined): void => {
    if (this.#current(file)) void this.end(file!.id, false);
  };

  readonly #removed = ({ id }: UppyFile<M, B>): void => {
    const envelope = this.#byFile.get(id);
    // One of another page that this page has not begun to send stays for another try.
    void this.end(id, envelope?.isRestored === true && !envelope.blob);
  };
}
