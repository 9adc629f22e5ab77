import { KmsealError, type SealedFile } from './index.js';
import { connected } from './s3-connections.js';
import { type PutSettings, put } from './s3-put.js';
import { Fault, ask, persist, stoppable } from './s3-requests.js';
import type { Answer, AskOptions, FinishedPart, Sign, UploadProgress, UploadResult } from './s3.js';

/** S3's own limit. */
const MAX_PARTS = 10_000;

/** Milliseconds between two reports: WebKit has one for every 8 KiB. */
const REPORT_EVERY = 50;

/** S3 puts parts together for minutes before it answers; so much longer is it waited for. */
const COMPLETE_TAKES = 10;

export interface TransferSettings<U> {
  sign: Sign<U>;
  partSize: number;
  concurrency: number;
  retries: number;
  stallTimeout: number;
  /** Whether parts that are under way when another one fails are worth finishing. */
  patient: boolean;
  signal: AbortSignal;
  onProgress: ((progress: UploadProgress) => void) | undefined;
}

/** The upload of one envelope, and how far it got. */
export class Transfer<U> {
  readonly #sealed: SealedFile;
  readonly #settings: TransferSettings<U>;
  readonly #partSize: number;
  /** ETags by number - 1. */
  readonly #finished: (string | undefined)[];
  /** Set before `create` is asked, whose answer may be lost. */
  #mayExist = false;
  #created: { upload: U } | undefined;
  #sealing: Promise<void> = Promise.resolve();
  #sent = 0;
  readonly #moving = new Map<number, number>();
  #reported = 0;
  #reportedAt = 0;

  constructor(sealed: SealedFile, settings: TransferSettings<U>) {
    this.#sealed = sealed;
    this.#settings = settings;
    this.#partSize = Math.max(settings.partSize, Math.ceil(sealed.size / MAX_PARTS));
    this.#finished = Array.from({ length: Math.ceil(sealed.size / this.#partSize) });
  }

  /** Goes on from where it is. */
  async run(): Promise<UploadResult> {
    const { sign, signal } = this.#settings;
    const { size } = this.#sealed;
    const parts = this.#finished.length;
    if (parts === 1) {
      await this.#send(1, undefined, (request, options) => sign.put(request, options), signal);
      return { size, completed: undefined };
    }
    if (!this.#created) {
      this.#mayExist = true;
      const upload = await this.#ask('create', (options) => sign.create({ size, partSize: this.#partSize, parts }, options));
      this.#created = { upload };
    }
    const { upload } = this.#created;
    await this.#sendParts(upload);
    const finished = this.#finished.map((etag, index): FinishedPart => ({ PartNumber: index + 1, ETag: etag! }));
    const completed = await this.#ask('complete', (options) => sign.complete({ upload, size, parts: finished }, options), COMPLETE_TAKES);
    return { size, completed };
  }

  #ask<T>(name: keyof Sign, callback: (options: AskOptions) => Answer<T>, patience = 1): Promise<T> {
    const { signal, stallTimeout, retries } = this.#settings;
    return persist(() => ask(name, callback, { signal, limit: patience * stallTimeout }), retries, signal);
  }

  async #sendParts(upload: U): Promise<void> {
    const { sign, concurrency, patient, signal } = this.#settings;
    const left = Array.from(this.#finished.keys(), (index) => index + 1).filter((number) => !this.#finished[number - 1]);
    const others = new AbortController();
    const abort = () => others.abort(signal.reason);
    signal.addEventListener('abort', abort);
    let failure: { error: unknown } | undefined;
    const slot = async () => {
      for (let number = left.shift(); number && !failure; number = left.shift()) {
        const numbered = number;
        try {
          const etag = await this.#send(
            numbered,
            numbered,
            ({ size }, options) => sign.part({ upload, number: numbered, size }, options),
            others.signal,
          );
          this.#finished[numbered - 1] = etag;
        } catch (error) {
          failure ??= { error };
          if (!patient || !(error instanceof KmsealError && error.code === 'ERR_UPLOAD')) others.abort(error);
        }
      }
    };
    try {
      signal.throwIfAborted();
      await Promise.all(Array.from({ length: concurrency }, slot));
    } finally {
      signal.removeEventListener('abort', abort);
    }
    if (failure) throw failure.error;
  }

  /** Seals, has signed and sends one part, or all of the envelope: each time anew, so that a file that changed is found out. */
  async #send(
    number: number,
    part: number | undefined,
    sign: Sign['put'],
    signal: AbortSignal,
  ): Promise<string> {
    const { stallTimeout, retries } = this.#settings;
    const start = (number - 1) * this.#partSize;
    const size = Math.min(this.#partSize, this.#sealed.size - start);
    const settings: PutSettings = { signal, stallTimeout, part, onProgress: (loaded) => this.#report(number, loaded) };
    const etag = await persist(
      () => connected(async () => {
        const blob = await this.#seal(start, start + size, signal);
        const name = part === undefined ? 'put' : 'part';
        const looksUp = part === undefined && this.#settings.sign.headObject != null;
        const checksumSHA256 = looksUp ? await checksum(blob) : undefined;
        const signed = await ask(name, (options) => sign({ size, checksumSHA256 }, options), { signal, limit: stallTimeout, part });
        if (typeof signed?.url !== 'string') throw new TypeError(`sign.${name} must give { url, headers? }`);
        try {
          return await put(blob, signed, settings);
        } catch (error) {
          if (checksumSHA256 && isConflict(error) && (await this.#isStored(size, checksumSHA256))) return ''; // nobody needs its ETag
          throw error;
        }
      }, signal),
      retries,
      signal,
    );
    this.#moving.delete(number);
    this.#sent += size;
    this.#report();
    return etag;
  }

  /** Whether the object that is there already is this envelope: the answer to an earlier try may have been lost. */
  async #isStored(size: number, checksumSHA256: string): Promise<boolean> {
    const { sign, signal } = this.#settings;
    try {
      const stored = await this.#ask('headObject', (options) => sign.headObject!({ size }, options));
      return stored?.ContentLength === size && stored.ChecksumSHA256 === checksumSHA256;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** One part at a time: several would take turns at the same cores, and hold so many times the memory. */
  #seal(start: number, end: number, signal: AbortSignal): Promise<Blob> {
    const sealing = this.#sealing.then(() => this.#sealed.slice(start, end, { signal }));
    const done = () => {};
    this.#sealing = sealing.then(done, done);
    return sealing;
  }

  #report(number?: number, loaded = 0): void {
    if (number !== undefined) this.#moving.set(number, loaded);
    let sum = this.#sent;
    for (const moving of this.#moving.values()) sum += moving;
    const total = this.#sealed.size;
    const now = performance.now();
    if (sum <= this.#reported || (sum < total && now < this.#reportedAt + REPORT_EVERY)) return;
    this.#reported = sum;
    this.#reportedAt = now;
    this.#settings.onProgress?.({ loaded: sum, total });
  }

  /** What a callback gives, unless the upload is aborted before. */
  untilAborted<T>(callback: (options: AskOptions) => T | PromiseLike<T>): Promise<T> {
    return stoppable<T>(this.#settings.signal, (resolve, reject) => {
      const controller = new AbortController();
      Promise.resolve().then(() => callback({ signal: controller.signal })).then(resolve, reject);
      return () => controller.abort();
    });
  }

  /** Has the multipart upload aborted, if there may be one. Why it is abandoned matters more than whether this works. */
  async abandon(): Promise<void> {
    if (!this.#mayExist) return;
    const { sign, stallTimeout, retries } = this.#settings;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), stallTimeout);
    const { signal } = deadline;
    const abort = (options: AskOptions) => sign.abort({ upload: this.#created?.upload }, options);
    try {
      await persist(() => ask('abort', abort, { signal, limit: stallTimeout }), retries, signal);
    } catch {
      // Nothing that the page could do about it.
    } finally {
      clearTimeout(timer);
    }
  }
}

/** SHA-256 in base64, where the page has SubtleCrypto. */
async function checksum(blob: Blob): Promise<string | undefined> {
  const digest = await globalThis.crypto.subtle?.digest('SHA-256', await blob.arrayBuffer());
  return digest && btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** Whether S3 refused to overwrite an object. */
const isConflict = (error: unknown) => error instanceof Fault && error.error.status === 412;
