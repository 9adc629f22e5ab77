/// <reference lib="esnext.disposable" preserve="true" />
import { Buffer } from 'node:buffer';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { KmsealError, type RangeSource } from '../index.js';

/** Milliseconds within which two changes of a file may get the same time: more than a tick of any kernel. */
const TICK = 20n;
/** The same where the file system keeps whole seconds, or, as FAT does, every other one. */
const COARSE_TICK = 2000n;

/** A file on disk that is sealed or opened in parts; see {@link openFile}. */
export interface FileSource extends RangeSource, AsyncDisposable {
  /** The bytes from `start` to before `end`, which are new ones with every call. */
  read(start: number, end: number, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array<ArrayBuffer>>;
  /** Closes the file, after the reads that have begun. Later reads reject with ERR_CLOSED. */
  close(): Promise<void>;
}

/**
 * Opens a file for `seal`, `prepare`, `open` and `openRange`, at its true size, which Node's `openAsBlob` reports wrongly from 4 GiB on.
 * Close it when the output has been read to its end.
 *
 * Every read compares the file's size, mtime and ctime with those at the opening. Any write to the file meanwhile fails
 * as ERR_SOURCE_CHANGED, and so does anything else that sets its ctime: chmod, renaming or deleting it. (A write through a memory map shows only when
 * the kernel notes it.) If the file changed within the last 20 ms, opening waits until then, or two seconds if the file system
 * keeps whole seconds: before that, another change could get the same time.
 *
 * @throws KmsealError ERR_READ if it cannot be opened, is not a regular file, or reports no size and yet has bytes, as in /proc
 */
export async function openFile(path: string | URL | Uint8Array): Promise<FileSource> {
  // Without O_NONBLOCK a FIFO would wait for its writer. Windows has neither.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path as string, flags).catch((cause: NodeJS.ErrnoException) => {
    // A path of a wrong type is a mistake of the program's.
    throw cause.syscall ? unread('the file could not be opened', cause) : cause;
  });
  try {
    return new OpenFile(handle, await settled(handle));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The file's state, at a time when any later change gives it another ctime. */
async function settled(handle: FileHandle): Promise<BigIntStats> {
  let stats = await handle.stat({ bigint: true });
  if (!stats.isFile()) throw unread('this is not a regular file; hand in what it gives as a stream');
  const tick = stats.ctimeNs % 1_000_000_000n === 0n ? COARSE_TICK : TICK;
  const age = BigInt(Date.now()) - stats.ctimeMs;
  if (age < tick) {
    // We do not wait longer for a clock that is ahead of ours.
    await wait(Number(age < 0n ? tick : tick - age));
    stats = await handle.stat({ bigint: true });
  }
  const size = Number(stats.size);
  if (!Number.isSafeInteger(size)) throw unread('the file has more bytes than a number can express');
  // Files of the kernel (/proc, /sys) report 0 or a page. Sockets and FIFOs were refused.
  if ((await handle.read(Buffer.alloc(1), 0, 1, size)).bytesRead > 0) {
    throw unread(
      `the file reports a size of ${size} bytes but has more, as files in /proc do; read it whole and pass its bytes`,
    );
  }
  return stats;
}

class OpenFile implements FileSource {
  readonly size: number;
  /** See OwnFile in js/io/chunks.ts. */
  readonly ownRead = this.read;
  readonly #handle: FileHandle;
  readonly #stats: BigIntStats;
  #closing: Promise<void> | undefined;

  constructor(handle: FileHandle, stats: BigIntStats) {
    this.size = Number(stats.size);
    [this.#handle, this.#stats] = [handle, stats];
  }

  async read(
    start: number,
    end: number,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= this.size)) {
      throw new RangeError(`start and end must be whole numbers from 0 to ${this.size}, in this order`);
    }
    const bytes = new Uint8Array(end - start);
    // Yarn's Plug'n'Play replaces Node's files, and takes any other array for options.
    const buffer = Buffer.from(bytes.buffer);
    let at = 0;
    while (at < bytes.length) {
      this.#check(signal);
      const { bytesRead } = await this.#failing(this.#handle.read(buffer, at, bytes.length - at, start + at));
      if (bytesRead === 0) throw changed('the file is shorter than it was');
      at += bytesRead;
    }
    this.#check(signal);
    const { size, mtimeNs, ctimeNs } = await this.#failing(this.#handle.stat({ bigint: true }));
    const stats = this.#stats;
    if (size !== stats.size || mtimeNs !== stats.mtimeNs || ctimeNs !== stats.ctimeNs)
      throw changed('the file was changed');
    return bytes;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#handle.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#closing) throw new KmsealError('ERR_CLOSED', 'this file was closed; call openFile again');
  }

  async #failing<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (cause) {
      throw unread('the file could not be read', cause);
    }
  }
}

const unread = (what: string, cause?: unknown) => new KmsealError('ERR_READ', what, { cause });
const changed = (what: string) =>
  new KmsealError('ERR_SOURCE_CHANGED', `${what} after it was opened; open it again and begin from the start`);
