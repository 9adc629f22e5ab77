import { unlessAborted } from '../io/abort.js';
import { isReadError, rereading } from '../uploads/reread.js';
import { ask } from './ask.js';
import { type Checksum, checksumOf, composite, expectChecksum } from './checksum.js';
import { connection } from './connections.js';
import { Delivery } from './delivered.js';
import { Fault } from '../uploads/fault.js';
import { type PartsKeeper, type RemoteParts, finishedOf } from './kept.js';
import type { Pieces } from './pieces.js';
import { Meter, type StreamUploadProgress } from './progress.js';
import { put } from './put.js';
import type { Retry } from '../uploads/options.js';
import { type Persistence, persist, stoppable } from '../uploads/retry.js';
import type {
  AskOptions,
  FinishedPart,
  ListedPart,
  ServerAnswer,
  SignedPut,
  StreamUploadServer,
  UploadServer,
} from './server.js';

interface TransferSettings<U> {
  server: StreamUploadServer<U>;
  /** What was planned; what has left already is another life's. */
  remote: RemoteParts;
  /** In base64url, if there is one. */
  description: string | undefined;
  concurrency: number;
  retries: number;
  stallTimeout: number;
  answerTimeout: number;
  /** Whether parts that are in flight when another one fails are worth finishing. */
  patient: boolean;
  signal: AbortSignal;
  onProgress: ((progress: StreamUploadProgress) => void) | undefined;
  onRetry: ((retry: Retry) => void) | undefined;
  keeper: PartsKeeper | undefined;
}

/** Bytes of the envelope that are sent in one request. */
interface Piece {
  /** From 1. */
  number: number;
  size: number;
  /** The number again, unless the piece is the whole envelope. */
  part: number | undefined;
  /** Whether its checksum is wanted. */
  isChecked: boolean;
  signal: AbortSignal;
}

/** The upload of one envelope. */
export class Transfer<U> {
  readonly #pieces: Pieces;
  readonly #settings: TransferSettings<U>;
  /** By number - 1. */
  readonly #finished: (FinishedPart | undefined)[] = [];
  /** Parts of another life that are to be sealed again, and compared, before the upload is completed. */
  readonly #unproven = new Set<number>();
  /** The upload of another life, until it was taken over. */
  #inherited: { upload: U } | undefined;
  readonly #meter: Meter;
  /** Set before `createMultipartUpload` is called, whose answer may be lost. */
  #mayExist = false;
  #created: { upload: U } | undefined;
  #sealing: Promise<void> = Promise.resolve();
  /** The object's checksum as S3 computes it, once it is known and if it is needed. */
  #checksum: string | undefined;
  /** For all runs: what one of them has perhaps delivered, the next ones must not report as failed. */
  readonly #delivery = new Delivery<unknown>(() => this.#isStored(), undefined);

  constructor(pieces: Pieces, settings: TransferSettings<U>) {
    this.#pieces = pieces;
    this.#settings = settings;
    const { created } = settings.remote;
    this.#meter = new Meter(pieces.size, settings.onProgress);
    this.#inherited = created as { upload: U } | undefined;
    this.#mayExist = created !== undefined;
  }

  /** Continues from where it is; returns the answer of `completeMultipartUpload`. Rejects with a Fault if the upload failed. */
  async run(): Promise<unknown> {
    const { server, signal, remote, description, keeper } = this.#settings;
    if (await this.#pieces.isOne(signal)) return this.#sendWhole();
    await this.#takeOver();
    if (!this.#created) {
      this.#mayExist = true;
      const { checksumAlgorithm } = remote;
      const plan = {
        ...this.#pieces.plan,
        ...(checksumAlgorithm && { checksumAlgorithm }),
        ...(description && { description }),
      };
      this.#created = {
        upload: await this.#ask('createMultipartUpload', (options) => server.createMultipartUpload(plan, options)),
      };
      keeper?.created(this.#created.upload);
    }
    const { upload } = this.#created;
    await this.#sendParts(upload);
    signal.throwIfAborted();
    await unlessAborted(Promise.resolve(keeper?.save()), signal);
    return this.#complete(upload, this.#finished as FinishedPart[]);
  }

  /** Takes over the parts of another life, as far as S3 has them. */
  async #takeOver(): Promise<void> {
    const { remote } = this.#settings;
    const inherited = this.#inherited;
    if (!inherited) return;
    const listed = await this.#listed(inherited.upload);
    let arrived = 0;
    for (const part of finishedOf(remote, listed)) {
      const { PartNumber } = part;
      this.#finished[PartNumber - 1] = part;
      this.#unproven.add(PartNumber);
      arrived += this.#pieces.sizeOf(PartNumber);
    }
    // That life may have had it completed, and then S3 has no such upload any more.
    if (!listed && this.finishedParts === this.#pieces.plan.parts) this.#delivery.suspect();
    this.#meter.arrived(0, arrived); // of all these parts at once
    this.#created = inherited;
    this.#inherited = undefined;
  }

  /** The parts that S3 has; undefined if it is not asked, or has no such upload any more, as after it was completed. */
  async #listed(upload: U): Promise<readonly ListedPart[] | undefined> {
    const { server } = this.#settings;
    if (server.listParts == null) return undefined;
    let listed;
    try {
      listed = await this.#ask('listParts', (options) => server.listParts!({ upload }, options));
    } catch (error) {
      if (error instanceof Fault && !error.mendable) return undefined;
      throw error;
    }
    // Parts under other names would be sent again, all of them, and nobody told.
    const isPart = (part: ListedPart | undefined) =>
      typeof part?.PartNumber === 'number' && typeof part.ETag === 'string';
    if (!Array.isArray(listed) || !listed.every(isPart))
      throw new TypeError('server.listParts must give an array of { PartNumber, ETag }, PartNumber a number');
    return listed as readonly ListedPart[];
  }

  /** How many parts S3 has. */
  get finishedParts(): number {
    return this.#finished.filter(Boolean).length;
  }

  async #sendWhole(): Promise<undefined> {
    const { server, signal, remote, description } = this.#settings;
    const { checksumAlgorithm } = remote;
    const isChecked =
      checksumAlgorithm !== undefined || (server.headObject != null && globalThis.crypto.subtle !== undefined);
    const piece: Piece = { ...this.#piece(1, signal), part: undefined, isChecked };
    const { size } = piece;
    if (remote.parts.length > 0) this.#delivery.suspect();
    const send = () =>
      this.#delivery.attempt(() =>
        this.#withSealed(piece, async (blob, checksum) => {
          this.#checksum = checksum?.checksumSHA256;
          // For parts S3 itself demands the checksum that the upload was created with.
          const demanded = checksumAlgorithm && this.#checksum;
          await this.#put(
            piece,
            blob,
            'signPut',
            (options) => server.signPut({ size, ...checksum, ...(description && { description }) }, options),
            demanded,
          );
        }),
      );
    await persist(send, this.#persistence(piece)).catch((error: unknown) => this.#delivery.giveUp(error));
    this.#meter.arrived(piece.number, size);
  }

  async #sendParts(upload: U): Promise<void> {
    const { concurrency, patient, signal } = this.#settings;
    const others = new AbortController();
    // Parts in flight may continue after a failure, but nothing waits for a part that a stream may give tomorrow.
    const more = new AbortController();
    const stop = (reason: unknown) => [others, more].forEach((controller) => controller.abort(reason));
    const abort = () => stop(signal.reason);
    signal.addEventListener('abort', abort);
    let failure: { error: unknown } | undefined;
    const workOn = async (
      next: () => number | undefined | Promise<number | undefined>,
      work: (number: number) => Promise<void>,
    ) => {
      while (!failure) {
        try {
          const number = await next();
          if (number === undefined) return;
          if (!failure) await work(number);
        } catch (error) {
          failure ??= { error };
          more.abort(error);
          if (!(patient && error instanceof Fault && error.mendable)) others.abort(error);
        }
      }
    };
    const left = this.#pieces.left(this.#finished, more.signal);
    const slot = () =>
      workOn(left, async (number) => {
        this.#finished[number - 1] = await this.#sendPart(upload, number, others.signal);
        this.#pieces.arrived(number);
      });
    const unproven = [...this.#unproven];
    const prove = () =>
      workOn(
        () => unproven.shift(),
        (number) => this.#prove(number, others.signal),
      );
    try {
      signal.throwIfAborted();
      await Promise.all([...Array.from({ length: concurrency }, slot), prove()]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
    if (failure) throw failure.error;
  }

  async #sendPart(upload: U, number: number, signal: AbortSignal): Promise<FinishedPart> {
    const { server, keeper } = this.#settings;
    const piece = this.#piece(number, signal);
    const { size } = piece;
    const send = (): Promise<FinishedPart> =>
      this.#withSealed(piece, async (blob, checksum) => {
        const request = { upload, number, size, ...checksum };
        const ETag = await this.#put(piece, blob, 'signPart', (options) => server.signPart(request, options));
        return { PartNumber: number, ETag, ...(checksum && { ChecksumSHA256: checksum.checksumSHA256 }) };
      });
    const finished = await persist(send, this.#persistence(piece));
    this.#meter.arrived(number, size);
    keeper?.finished(finished, this.#meter.sent);
    return finished;
  }

  /** Seals a part of another life again. If the file has changed since, that fails, and nothing more is sealed. */
  async #prove(number: number, signal: AbortSignal): Promise<void> {
    const piece = this.#piece(number, signal);
    for (const seal of this.#pieces.again(number, signal)) await this.#reading(() => this.#inTurn(seal), piece);
    this.#unproven.delete(number);
  }

  #piece(number: number, signal: AbortSignal): Piece {
    const { checksumAlgorithm } = this.#settings.remote;
    // A stream's length is known with its last part.
    this.#meter.total = this.#pieces.size;
    return {
      number,
      size: this.#pieces.sizeOf(number),
      part: number,
      isChecked: checksumAlgorithm !== undefined,
      signal,
    };
  }

  /** Gets the piece signed, and sends it. */
  async #put(
    { number, part, signal }: Piece,
    blob: Blob,
    name: 'signPut' | 'signPart',
    sign: (options: AskOptions) => ServerAnswer<SignedPut>,
    checksum?: string,
  ): Promise<string> {
    const { stallTimeout, answerTimeout } = this.#settings;
    const signed: SignedPut | undefined = await ask(name, sign, { signal, limit: stallTimeout, part });
    if (typeof signed?.url !== 'string') throw new TypeError(`server.${name} must give { url, headers? }`);
    if (checksum !== undefined) expectChecksum(signed, checksum, name);
    const onProgress = (loaded: number) => this.#meter.moved(number, loaded);
    return put(blob, signed, { signal, stallTimeout, answerTimeout, part, onProgress });
  }

  async #complete(upload: U, parts: FinishedPart[]): Promise<unknown> {
    const { server, signal, answerTimeout, remote } = this.#settings;
    const size = this.#pieces.size!;
    this.#checksum = remote.checksumAlgorithm && (await composite(parts.map(({ ChecksumSHA256 }) => ChecksumSHA256!)));
    const complete = (options: AskOptions) => server.completeMultipartUpload({ upload, size, parts }, options);
    // S3 may assemble parts for minutes before it answers.
    const settings = { signal, limit: answerTimeout };
    return persist(
      () => this.#delivery.attempt(() => ask('completeMultipartUpload', complete, settings)),
      this.#persistence(),
    ).catch((error: unknown) => this.#delivery.giveUp(error));
  }

  /** Whether the existing object is this envelope: the answer to an earlier try may have been lost. */
  async #isStored(): Promise<boolean | undefined> {
    const { server, signal } = this.#settings;
    const size = this.#pieces.size!;
    const checksum = this.#checksum;
    if (checksum === undefined || server.headObject == null) return false;
    try {
      const stored = await this.#ask('headObject', (options) => server.headObject!({ size }, options));
      return stored?.ContentLength === size && stored.ChecksumSHA256 === checksum;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Fault && error.passing ? undefined : false;
    }
  }

  #ask<T>(name: keyof UploadServer, callback: (options: AskOptions) => ServerAnswer<T>): Promise<T> {
    const { signal, stallTimeout } = this.#settings;
    return persist(() => ask(name, callback, { signal, limit: stallTimeout }), this.#persistence());
  }

  #persistence({ part, signal = this.#settings.signal }: Partial<Piece> = {}): Persistence {
    const { retries, onRetry } = this.#settings;
    return { retries, signal, part, onRetry };
  }

  /**
   * Seals a piece, and runs `work` on it once a connection is free. While the file is read, which may take any time, none is taken.
   */
  async #withSealed<T>(piece: Piece, work: (blob: Blob, checksum: Checksum | undefined) => Promise<T>): Promise<T> {
    const { number, isChecked, signal } = piece;
    const seal = async () => {
      const blob = await this.#pieces.seal(number, signal);
      return { blob, free: await connection(signal) };
    };
    const { blob, free } = await this.#reading(() => this.#inTurn(seal), piece);
    try {
      const checksum = isChecked ? await checksumOf(blob) : undefined;
      // Not a byte leaves whose tag could be forgotten.
      await unlessAborted(Promise.resolve(this.#settings.keeper?.sealed(number, checksum)), signal);
      return await work(blob, checksum);
    } finally {
      free();
    }
  }

  /** Reads the file, again if that fails. */
  async #reading<T>(read: () => Promise<T>, piece: Partial<Piece>): Promise<T> {
    try {
      return await rereading(read, this.#persistence(piece));
    } catch (error) {
      // The person who has the file may know why, and restore it.
      throw isReadError(error) ? new Fault(error, { mendable: true }) : error;
    }
  }

  /** One piece at a time: several would share the same cores, and multiply the memory. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#sealing.then(work);
    const done = () => {};
    this.#sealing = working.then(done, done);
    return working;
  }

  /** A callback's result, unless the upload is aborted before. */
  untilAborted<T>(callback: (options: AskOptions) => T | PromiseLike<T>): Promise<T> {
    return stoppable<T>(this.#settings.signal, (resolve, reject) => {
      const controller = new AbortController();
      Promise.resolve()
        .then(() => callback({ signal: controller.signal }))
        .then(resolve, reject);
      return () => controller.abort();
    });
  }

  /** Gets the multipart upload aborted, if there may be one. The reason for it matters more than whether this works. */
  async abandon(): Promise<void> {
    if (!this.#mayExist) return;
    const { server, stallTimeout, retries } = this.#settings;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), stallTimeout);
    const { signal } = deadline;
    const abort = (options: AskOptions) =>
      server.abortMultipartUpload({ ...(this.#created ?? this.#inherited) }, options);
    try {
      await persist(() => ask('abortMultipartUpload', abort, { signal, limit: stallTimeout }), { retries, signal });
    } catch {
      // The page cannot do anything about it.
    } finally {
      clearTimeout(timer);
    }
  }
}
