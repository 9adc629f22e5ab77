import { KmsealError } from '../index.js';
import type { TusRequest, TusResponse } from './client.js';
import { declaredLength, expectLength, expectOwn, keyOf, noteCreated, noteSent, wasRefused } from './reached.js';
import type { TusKeeper } from './kept.js';
import { DESCRIPTION } from '../uploads/describe.js';
import { mayBeMended, passes } from '../uploads/fault.js';
import { watchPolicy } from '../uploads/policy.js';
import { isOffline, untilOnline } from '../uploads/retry.js';

/** tus 1.0, "Creation": pairs of a name and a value in base64. */
const METADATA = 'Upload-Metadata';
/** tus 1.0, "Upload-Defer-Length": a stream's is declared with its last chunk. */
const LENGTH = 'Upload-Length';

/** What uploads request to send: the envelope, and the position in it. */
export interface SealedChunk {
  envelope: symbol;
  /** The envelope's length in bytes; undefined before the end of a stream. */
  length: number | undefined;
  start: number;
}

/** Everything that was handed out, by all readers. */
const sealedChunks = new WeakMap<Blob, SealedChunk>();

export const noteChunk = (value: Blob, chunk: SealedChunk): void => void sealedChunks.set(value, chunk);
export const isSealedChunk = (value: Blob): boolean => sealedChunks.has(value);

/** An upload that starts or resumes. */
export interface Starting {
  readonly envelope: symbol;
  /** The envelope's length in bytes; undefined before the end of a stream. */
  readonly length: number | undefined;
  /** Keeps the upload. */
  readonly keeper?: TusKeeper | undefined;
  /** In base64url, if there is one. */
  readonly description: string | undefined;
  /** Called if its requests are not sent from here. */
  onBypass(): void;
  /** Called when the server turns out to have all of it: tus-js-client then reads and closes nothing. */
  onThere(): void;
  /** Called when the upload is deleted. */
  onDeleted(): void;
  /** Called when the server will not create it. */
  onRefused(): void;
}

/**
 * Sends tus-js-client's requests as its own stack does. Only here are the bytes, the URL and the server's offset known together:
 * a read of a source names no URL.
 */
export class SealingStack {
  #starting: Starting | undefined;
  #again: Starting | undefined;
  /** By URL: tus-js-client deletes an upload by nothing else. */
  readonly #uploads = new Map<string, Starting>();
  /** Whether a request has failed while the browser was offline: from then on they wait until it is online. */
  waits = false;
  /** The one upload whose requests it sends, if it was made for one. */
  only: Starting | undefined;
  /** Whether it has sent any. */
  isUsed = false;
  /** Whether the server knows the length of that upload. */
  knowsLength = false;

  /** tus-js-client reads the size of the source and opens the request that starts or resumes the upload in one go. */
  expect(starting: Starting): void {
    this.#starting = starting;
    queueMicrotask(() => {
      if (this.#starting !== starting) return;
      this.#starting = undefined;
      starting.onBypass();
    });
  }

  /** When the server has an upload no longer, tus-js-client creates it again within the same task, and reads no size for that. */
  expectAgain(starting: Starting | undefined): void {
    this.#again = starting;
    setTimeout(() => {
      if (this.#again === starting) this.#again = undefined;
    });
  }

  /** The upload has this URL. */
  note(url: string, starting: Starting): void {
    this.#uploads.set(keyOf(url), starting);
  }

  /** The envelope has arrived, or was given up. */
  forget(envelope: symbol): void {
    for (const [url, starting] of this.#uploads) if (starting.envelope === envelope) this.#uploads.delete(url);
  }

  /** Keeps the upload with this URL. */
  keeperOf(url: string): TusKeeper | undefined {
    return this.#uploads.get(keyOf(url))?.keeper;
  }

  createRequest(method: string, url: string): TusRequest {
    this.isUsed = true;
    const known = method === 'POST' ? this.#again : method === 'DELETE' ? this.#uploads.get(keyOf(url)) : undefined;
    const starting = this.only ?? this.#starting ?? known;
    [this.#starting, this.#again] = [undefined, undefined];
    return new SealingRequest(method, url, { starting, stack: this });
  }

  getName(): string {
    return 'SealingStack';
  }
}

class SealingRequest implements TusRequest {
  readonly #xhr = new XMLHttpRequest();
  readonly #method: string;
  readonly #url: string;
  readonly #starting: Starting | undefined;
  readonly #stack: SealingStack;
  readonly #headers: Record<string, string> = {};
  readonly #stop = new AbortController();

  constructor(
    method: string,
    url: string,
    { starting, stack }: { starting: Starting | undefined; stack: SealingStack },
  ) {
    [this.#method, this.#url, this.#starting, this.#stack] = [method, url, starting, stack];
    this.#xhr.open(method, url);
  }

  getMethod(): string {
    return this.#method;
  }

  getURL(): string {
    return this.#url;
  }

  setHeader(name: string, value: string): void {
    this.#headers[name] = value;
    // A second value would not take the place of the first one: the page's own metadata waits for the description. And servers refuse a length
    // that they know already.
    if (name !== METADATA && !(name === LENGTH && this.#stack.only)) this.#xhr.setRequestHeader(name, value);
  }

  getHeader(name: string): string | undefined {
    return this.#headers[name];
  }

  setProgressHandler(handler: (bytesSent: number) => void): void {
    this.#xhr.upload.onprogress = ({ lengthComputable, loaded }) => {
      if (lengthComputable) handler(loaded);
    };
  }

  async send(body: Blob | null = null): Promise<TusResponse> {
    this.#describe();
    if (body) return this.#sendChunk(body);
    if (this.#method === 'DELETE') this.#starting?.onDeleted();
    // tus-js-client would report it done as soon as it is created.
    if (this.#declared() === 0)
      throw new KmsealError('ERR_UPLOAD', 'an envelope is never empty; leave uploadSize alone');
    const response = await this.#exchange(null);
    if (this.#method === 'HEAD') return this.#resumable(response);
    if (this.#method === 'POST') this.#noteCreation(response);
    return response;
  }

  /** The answer to the question how far the upload is. After any but a good one, tus-js-client begins again. */
  #resumable(response: TusResponse): TusResponse {
    const isThere = isGood(response);
    if (isThere && !this.#expectResumable(response)) return response;
    if (!isThere) expectGone(response.getStatus());
    this.#stack.expectAgain(this.#starting);
    return isThere ? { ...response, getStatus: () => 410 } : response;
  }

  /** The metadata of an upload that is created: the page's own, and the file's description. */
  #describe(): void {
    const description = this.#method === 'POST' && this.#starting?.description;
    const pairs = [this.#headers[METADATA], description && `${DESCRIPTION} ${btoa(description)}`];
    const metadata = pairs.filter(Boolean).join(',');
    if (!metadata) return;
    this.#headers[METADATA] = metadata;
    this.#xhr.setRequestHeader(METADATA, metadata);
  }

  /** The declared length of the upload, which may be declared later. */
  #declared(): number | undefined {
    const length = this.#headers[LENGTH];
    return length === undefined ? undefined : Number(length);
  }

  /** With the last chunk of a stream, unless an earlier try of it has told the server. */
  #declareLength(): void {
    const declared = this.#headers[LENGTH];
    if (declared === undefined) return;
    if (this.#stack.knowsLength) delete this.#headers[LENGTH];
    else this.#xhr.setRequestHeader(LENGTH, declared);
  }

  /** What the server answered when it was to create the upload. */
  #noteCreation(response: TusResponse, sent?: { envelope: symbol; end: number; offset: number }): void {
    const status = response.getStatus();
    if (status >= 400 && !isRetried(status) && !mayBeMended(status)) this.#starting?.onRefused();
    if (!isGood(response)) return;
    const location = response.getHeader('Location');
    const length = this.#declared();
    if (!location) return;
    this.#stack.knowsLength = false; // that was of the upload before it
    const url = noteCreated({ location, endpoint: this.#url, length }, sent);
    if (!this.#starting) return;
    this.#stack.note(url, this.#starting);
    this.#starting.keeper?.created(url);
  }

  async #sendChunk(body: Blob): Promise<TusResponse> {
    const chunk = sealedChunks.get(body);
    const offset = this.#headers['Upload-Offset'];
    if (!chunk || Number(offset ?? 0) !== chunk.start) {
      throw new KmsealError(
        'ERR_UPLOAD',
        'tus sends bytes that were not sealed for it; use the options of tusOptions as they are',
      );
    }
    const { envelope, start, length } = chunk;
    const end = start + body.size;
    expectLength(this.#declared() ?? declaredLength(this.#url), length);
    if (offset === undefined) {
      const response = await this.#exchange(body);
      this.#noteCreation(response, { envelope, end, offset: offsetOf(response) });
      return response;
    }
    this.#declareLength();
    const answered = noteSent(this.#url, envelope, start, end);
    const keeper = this.#stack.keeperOf(this.#url);
    await keeper?.refused(false);
    const response = await this.#exchange(body);
    const status = response.getStatus();
    const isRefused = end === length && isRefusal(response);
    await keeper?.refused(isRefused);
    // After 5xx tus-js-client asks how far the upload is, and tells the page nothing.
    const refused = isRefused ? { status, isTold: !passes(status) } : undefined;
    // Conflict: tus 1.0, "PATCH".
    answered({ offset: isGood(response) ? offsetOf(response) : NaN, conflict: status === 409, refused });
    return response;
  }

  /**
   * If the server has all of it, tus-js-client ends the upload here, and reads no byte.
   *
   * @returns whether it is worth nothing, since the server refused it
   */
  #expectResumable(response: TusResponse): boolean {
    if (!this.#starting)
      throw new KmsealError(
        'ERR_UPLOAD',
        'the envelope has its own size; leave uploadSize and uploadLengthDeferred alone',
      );
    const { envelope, length } = this.#starting;
    const told = response.getHeader(LENGTH);
    this.#stack.knowsLength = told !== undefined;
    const theirs = told === undefined ? length : Number(told);
    if (theirs !== length) {
      const ours = length === undefined ? 'the stream has not ended' : `the envelope has ${length}`;
      const message = `this URL is of an upload of ${theirs} bytes, and ${ours}; forget the URL and start a new upload`;
      throw new KmsealError('ERR_UPLOAD', message);
    }
    const offset = offsetOf(response) || 0;
    expectOwn(this.#url, envelope, offset);
    this.#stack.note(this.#url, this.#starting);
    if (offset !== length) return false;
    if (wasRefused(this.#url)) return true;
    this.#starting.onThere();
    return false;
  }

  async #exchange(body: Blob | null): Promise<TusResponse> {
    const { signal } = this.#stop;
    const waits = () => this.#stack.waits && isOffline() && !signal.aborted;
    if (waits()) await untilOnline(signal).catch(() => {});
    for (;;) {
      try {
        return await this.#attempt(body, signal);
      } catch (error) {
        // tus counts every failure, and would give up in a few minutes without a network. Some bytes of a PATCH may have arrived: tus asks.
        if (!waits() || this.#method === 'PATCH') throw error;
        await untilOnline(signal).catch(() => {});
        this.#xhr.open(this.#method, this.#url);
        for (const [name, value] of Object.entries(this.#headers)) this.#xhr.setRequestHeader(name, value);
      }
    }
  }

  #attempt(body: Blob | null, signal: AbortSignal): Promise<TusResponse> {
    const xhr = this.#xhr;
    return new Promise((resolve, reject) => {
      // As after an abort on the way, no callback is called any more. Without this, a request that is aborted before it is sent would be sent.
      if (signal.aborted) return;
      const policy = watchPolicy(this.#url);
      xhr.onload = () =>
        resolve({
          getStatus: () => xhr.status,
          getHeader: (name) => xhr.getResponseHeader(name) ?? undefined,
          getBody: () => xhr.responseText,
          getUnderlyingObject: () => xhr,
        });
      xhr.onerror = (event) => {
        const { forbidden } = policy;
        reject(forbidden ? new KmsealError('ERR_UPLOAD', forbidden) : event);
      };
      // Also after an abort.
      xhr.onloadend = () => policy.stop();
      xhr.send(body);
    });
  }

  async abort(): Promise<void> {
    this.#stop.abort();
    this.#xhr.abort();
  }

  getUnderlyingObject(): XMLHttpRequest {
    return this.#xhr;
  }
}

/**
 * After any answer but a good one tus-js-client creates the upload again, and all that has arrived is sent a second time. So only two answers may
 * reach it: the server has no such upload (tus 1.0, "HEAD"), or has locked it, and tus-js-client tries again. Any other may come from a server that
 * restarts, a session that has ended, or missing metadata (tuspyserver 4 answers 400 to uploads without a file name).
 */
function expectGone(status: number): void {
  if ([403, 404, 410, 423].includes(status)) return;
  const isPassing = status === 401 || passes(status);
  const remedy = isPassing ? 'start it again later, or after signing in' : 'see what it expects, such as metadata';
  const message = `the tus server did not say how far the upload is (status ${status}); ${remedy}`;
  throw new KmsealError('ERR_UPLOAD', message, { status });
}

/**
 * Whether the server refused these bytes for itself, although it may have all of them: a hook does not take them, or its store could not put
 * them together. By 409 and 423 (tus 1.0) it refuses the request. What may pass may be a proxy's, and the upload done, unless the answer is of tus; or
 * it is 500, which proxies do not say where a server is away or slow. A hook that fails may take the server's own header with it (tuspyserver 4).
 */
function isRefusal(response: TusResponse): boolean {
  const status = response.getStatus();
  if (isGood(response) || isRetried(status)) return false;
  return !passes(status) || status === 500 || response.getHeader('Tus-Resumable') !== undefined;
}

/** A conflict, or a lock: tus-js-client tries again by itself. */
const isRetried = (status: number) => status === 409 || status === 423;
const isGood = (response: TusResponse) => response.getStatus() >= 200 && response.getStatus() < 300;
const offsetOf = (response: TusResponse) => Number.parseInt(response.getHeader('Upload-Offset') ?? '', 10);
