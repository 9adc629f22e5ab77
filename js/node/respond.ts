import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { contentDisposition, contentType } from './attachment.js';
import { type ByteStream, type Bytes, KmsealError } from '../index.js';
import { refuseStrays } from '../io/strays.js';
import { type Chunk, type Source, sourceOf } from './plaintext-source.js';

/** Bytes of a plaintext without a proven length that are opened before the answer begins. */
const OPEN_FIRST_BYTES = 33_554_432; // 32 MiB

/** The result of `openRange` or `open`. */
export interface Opened {
  /** A Node stream may also combine several files, such as an archive. */
  readonly plaintext: Blob | Bytes | ByteStream;
  /** Where the plaintext begins in the whole one, in bytes. */
  readonly start?: number | undefined;
  /** Where it ends: the first byte after it. */
  readonly end?: number | undefined;
  /** The whole plaintext's length in bytes, as the final frame proves it. */
  readonly size?: number | undefined;
}

/** Options of {@link respond}. */
export interface RespondOptions {
  /**
   * The file's media type; `application/octet-stream` by default, and instead of types that a page of the same origin could run or apply
   * (JavaScript, CSS, WebAssembly) and of invalid ones.
   */
  type?: string | undefined;
  /** The name of the reader's file. Folders, control characters and bidirectional characters are removed. */
  filename?: string | undefined;
  /** `attachment` by default: browsers save the file. `inline` lets them show it if they can. */
  disposition?: 'attachment' | 'inline' | undefined;
  /** By default 206 for a part and 200 for the whole. 206 is also correct for the whole if that range was requested. */
  status?: 200 | 206 | undefined;
  /**
   * Further headers, or replacements of respond's own; `null` omits one. `content-length`, `content-range` and
   * `transfer-encoding` are refused. Without its `vary: *`, service workers may keep the plaintext, whatever `cache-control` says.
   */
  headers?: Readonly<Record<string, string | number | readonly string[] | null | undefined>> | undefined;
}

const OPTIONS = ['type', 'filename', 'disposition', 'status', 'headers'] satisfies (keyof RespondOptions)[];

/**
 * Answers a request with a plaintext, on Node's HTTP/1 and HTTP/2 responses. The answer states its length, so that a reader notices
 * missing bytes, and the file cannot act in the page's origin (`nosniff`, `sandbox`, `attachment`, `same-origin`). A part
 * of no bytes is a 416. To HEAD it sends the headers and reads nothing.
 *
 * A stream from `open` has no proven length. Up to 32 MiB of it are opened, and kept in memory, before the answer begins. A longer
 * one is sent without a length in HTTP/1.1 and HTTP/2, which show where an answer ends, and is refused in HTTP/1.0. Some proxies do not
 * pass that end on, and a cut answer looks whole behind them. `openRange` proves the length, and needs the memory of a few frames.
 *
 * It resolves when the operating system has all bytes. If it rejects before the first byte was sent, `response.headersSent` is false
 * and the response is as it was: answer with an error of your own. If it rejects after that, the connection was reset, in HTTP/2 the
 * stream. When the reader goes away, the plaintext is cancelled.
 *
 * @param opened the result of `open` or `openRange`, or a function that calls them, with a signal that ends their work when the reader leaves
 * @throws the errors of opening and reading the plaintext; KmsealError ERR_TOO_LONG for a stream that HTTP/1.0 cannot carry; an error with the code
 *   ERR_STREAM_PREMATURE_CLOSE if the reader went away; TypeError, RangeError for a response that was begun and for wrong options
 */
export async function respond(
  response: ServerResponse | Http2ServerResponse,
  opened: Opened | Promise<Opened> | ((options: { signal: AbortSignal }) => Opened | Promise<Opened>),
  options: RespondOptions = {},
): Promise<void> {
  // The members used here work in both.
  const out = response as ServerResponse;
  const reader = watch(out);
  const left = new AbortController();
  let source: Source | undefined;
  try {
    const answering = (async () => {
      const found = await (typeof opened === 'function' ? opened({ signal: left.signal }) : opened);
      source = sourceOf(found.plaintext);
      if (left.signal.aborted) return source.cancel(left.signal.reason);
      if (out.headersSent && !out.destroyed)
        throw new TypeError('the response was begun before respond(), which sends the headers itself');
      await answer(out, reader, source, found, options);
    })();
    // A source that delivers nothing must not keep a response whose reader has left.
    await Promise.race([answering, reader.finished]);
  } catch (error) {
    left.abort(error);
    source?.cancel(error);
    if (out.headersSent) reader.breakOff(error);
    throw error;
  } finally {
    reader.close();
  }
}

/** The part of the plaintext that is sent, in bytes; `length` and `size` where they are known. */
interface SentRange {
  start: number;
  length: number | undefined;
  size: number | undefined;
  /** Whether it is answered as a part. */
  partial: boolean;
}

async function answer(
  out: ServerResponse,
  reader: Reader,
  source: Source,
  opened: Opened,
  options: RespondOptions,
): Promise<void> {
  const { start = 0, size = source.size } = opened;
  const part: SentRange = {
    start,
    size,
    length: size === undefined ? undefined : (opened.end ?? size) - start,
    partial: false,
  };
  if (size !== undefined && !(0 <= start && 0 <= part.length! && start + part.length! <= size)) {
    throw new RangeError('start and end must lie within size, in this order');
  }
  part.partial = options.status === undefined ? part.length !== size : options.status === 206;
  if (part.partial && size === undefined)
    throw new TypeError('a part needs start, end and size, as openRange gives them');
  const headers = headersOf(options);
  if (out.req?.method === 'HEAD' || (part.partial && part.length === 0)) {
    source.cancel();
    begin(out, part, headers);
  } else {
    // In HTTP/1.0 the answer ends where the connection does: cut or whole, without a length it looks the same.
    const needsLength = out.req?.httpVersionMajor === 1 && out.req.httpVersionMinor === 0;
    const pieces = await openFirst(source, part, needsLength);
    // Until the first byte the caller can still answer with an error.
    let piece = await pieces.next();
    begin(out, part, headers);
    if (needsLength && !out.hasHeader('content-length')) {
      throw new Error('a middleware removed the content-length, without which an HTTP/1.0 client cannot see the end');
    }
    for (; !piece.done; piece = await pieces.next()) {
      // A middleware with a time limit, for example; the rest would be missing without an error.
      if (out.writableEnded) throw new Error('the response was ended before respond() had handed over everything');
      // The write of an adapter may return nothing.
      if (out.write(piece.value) === false) await reader.drained();
    }
  }
  reader.end();
  await reader.finished;
}

/** The plaintext's pieces, and its length if that was unknown and the plaintext is short. */
async function openFirst(
  source: Source,
  part: SentRange,
  needsLength: boolean,
): Promise<AsyncGenerator<Chunk, undefined>> {
  const first: Chunk[] = [];
  if (part.length !== undefined) return exactly(part.length, first, source);
  let length = 0;
  for (let piece = await source.next(); piece; piece = await source.next()) {
    first.push(piece);
    length += piece.length;
    if (length <= OPEN_FIRST_BYTES) continue;
    if (!needsLength) return exactly(undefined, first, source);
    const what =
      'a stream of more than 32 MiB has no proven length, without which an HTTP/1.0 client cannot see the end';
    throw new KmsealError('ERR_TOO_LONG', `${what}; open the envelope with openRange, which proves the length`);
  }
  part.length = part.size = length;
  return exactly(length, first, source);
}

/** The pieces, which must be as many bytes as were announced. */
async function* exactly(length: number | undefined, first: Chunk[], source: Source): AsyncGenerator<Chunk, undefined> {
  let given = 0;
  for (let piece = first.shift() ?? (await source.next()); piece; piece = first.shift() ?? (await source.next())) {
    given += piece.length;
    if (length !== undefined && given > length) throw otherLength(length);
    yield piece;
  }
  if (length !== undefined && given < length) throw otherLength(length);
  return undefined;
}

const otherLength = (length: number) =>
  new RangeError(`plaintext must have ${length} bytes, as start, end and size say`);

const OWN = ['content-length', 'content-range', 'transfer-encoding'];

function headersOf(options: RespondOptions): Map<string, string | string[] | null> {
  refuseStrays(options, OPTIONS);
  const { type, filename, disposition = 'attachment', headers = {} } = options;
  const all = new Map<string, string | string[] | null>([
    ['content-type', contentType(type)],
    ['content-disposition', contentDisposition(disposition, filename)],
    ['x-content-type-options', 'nosniff'],
    ['content-security-policy', "sandbox; default-src 'none'"],
    ['cross-origin-resource-policy', 'same-origin'],
    // no-transform: compression on the way would remove the length.
    ['cache-control', 'private, no-store, no-transform'],
    // What service workers keep, whatever cache-control says, excludes this (Service Workers, "put").
    ['vary', '*'],
  ]);
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (OWN.includes(name)) throw new TypeError(`respond() sets ${name} itself`);
    validateHeaderName(name);
    if (value === undefined) continue;
    const values = value === null ? null : Array.isArray(value) ? value.map(String) : String(value);
    for (const one of [values ?? []].flat()) validateHeaderValue(name, one);
    all.set(name, values);
  }
  return all;
}

/** Sets the status and the headers, which can no longer fail. */
function begin(
  out: ServerResponse,
  { start, length, size, partial }: SentRange,
  headers: Map<string, string | string[] | null>,
): void {
  out.statusCode = partial ? 206 : 200;
  if (partial && !length) {
    out.statusCode = 416;
    for (const name of ['content-type', 'content-disposition']) headers.set(name, null);
  }
  if (partial) headers.set('content-range', `bytes ${length ? `${start}-${start + length - 1}` : '*'}/${size}`);
  if (length !== undefined) headers.set('content-length', `${length}`);
  // Stated, since Node omits it once it was removed, and HTTP/1 would then show no end.
  const chunked = length === undefined && !('stream' in out) && out.req?.method !== 'HEAD';
  if (chunked) headers.set('transfer-encoding', 'chunked');
  else if (out.hasHeader('transfer-encoding')) headers.set('transfer-encoding', null);
  for (const [name, value] of headers) {
    if (value === null) out.removeHeader(name);
    else out.setHeader(name, value);
  }
  out.writeHead(out.statusCode);
}

/** The reader of the answer. */
interface Reader {
  /** Resolves when the operating system has everything, and rejects if the reader goes away before that. */
  readonly finished: Promise<void>;
  /** Resolves when the response accepts more. */
  drained(): Promise<void>;
  /** Ends the response. */
  end(): void;
  /** The reader must not take these bytes for the whole. */
  breakOff(cause: unknown): void;
  close(): void;
}

function watch(out: ServerResponse): Reader {
  // A response that has ended releases it.
  const { socket } = out;
  // Adapters for functions (Lambda), and inject() of frameworks, have a socket in name only, which counts nothing and cannot be reset.
  const isAdapted = !('stream' in out) && !!socket && !('resetAndDestroy' in socket);
  let ended = false;
  let look = () => {};
  const finished = new Promise<void>((resolve, reject) => {
    look = () => {
      // HTTP/2 fires `finish` for an aborted response, too.
      if (ended && (out.writableFinished || isAdapted)) return resolve();
      reject(
        Object.assign(new Error('the reader went away before it had everything'), {
          code: 'ERR_STREAM_PREMATURE_CLOSE',
        }),
      );
    };
  });
  finished.catch(() => {});
  out.on('finish', look).on('close', look);
  // Responses other than Node's own may report that they were destroyed; respond() rejects.
  out.on('error', () => {});
  if (out.destroyed || ('stream' in out && (out as unknown as Http2ServerResponse).stream?.destroyed)) look();
  return {
    finished,
    drained: () => new Promise((resolve) => out.once('drain', () => resolve())),
    end() {
      ended = true;
      out.end();
    },
    breakOff(cause) {
      // HTTP/1 is reset, since the length may have been lost on the way; a TLS socket cannot be. In HTTP/2 destroying without an
      // error, or with an AbortError, would end the stream as if it was complete, or as intended.
      const connection = out.socket ?? socket;
      const broken = new Error('the answer was broken off', { cause });
      if (!isAdapted && !('stream' in out) && connection && !('encrypted' in connection)) connection.resetAndDestroy();
      out.destroy(broken);
      // An adapter learns of it by the event alone.
      if (isAdapted) out.emit('error', broken);
    },
    close: () => void out.off('finish', look).off('close', look),
  };
}
