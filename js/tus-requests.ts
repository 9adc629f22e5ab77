import { KmsealError } from './index.js';
import { declaredLength, expectLength, expectOwn, noteCreated, noteSent } from './tus-reached.js';

/** tus-js-client's HttpResponse. */
export interface TusResponse {
  getStatus(): number;
  getHeader(name: string): string | undefined;
  getBody(): string;
  getUnderlyingObject(): XMLHttpRequest;
}

/** tus-js-client's HttpRequest. */
export interface TusRequest {
  getMethod(): string;
  getURL(): string;
  setHeader(name: string, value: string): void;
  getHeader(name: string): string | undefined;
  setProgressHandler(handler: (bytesSent: number) => void): void;
  send(body?: Blob | null): Promise<TusResponse>;
  abort(): Promise<void>;
  getUnderlyingObject(): XMLHttpRequest;
}

/** What uploads ask to be sent: the envelope of which it is, and where in it. */
export interface SealedChunk {
  envelope: symbol;
  /** The envelope's length in bytes. */
  length: number;
  start: number;
}

/** All that was handed out, of all readers. */
const sealedChunks = new WeakMap<Blob, SealedChunk>();

export const noteChunk = (value: Blob, chunk: SealedChunk): void => void sealedChunks.set(value, chunk);
export const isSealedChunk = (value: Blob): boolean => sealedChunks.has(value);

/** An upload that starts or resumes. */
export interface Starting {
  envelope: symbol;
  /** The envelope's length in bytes. */
  length: number;
  /** Called if its requests are not sent from here. */
  onBypass(): void;
}

/**
 * Sends tus-js-client's requests as its own stack does. Here alone meet what is sent, where to, and what the server says that it has:
 * what a source is asked for names no URL.
 */
export class SealingStack {
  #starting: Starting | undefined;

  /** tus-js-client reads the size of what it uploads and opens the request that starts or resumes the upload in one go. */
  expect(starting: Starting): void {
    this.#starting = starting;
    queueMicrotask(() => {
      if (this.#starting !== starting) return;
      this.#starting = undefined;
      starting.onBypass();
    });
  }

  createRequest(method: string, url: string): TusRequest {
    const starting = this.#starting;
    this.#starting = undefined;
    return new SealingRequest(method, url, starting);
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
  readonly #headers: Record<string, string> = {};
  #aborted = false;

  constructor(method: string, url: string, starting: Starting | undefined) {
    [this.#method, this.#url, this.#starting] = [method, url, starting];
    this.#xhr.open(method, url);
  }

  getMethod(): string {
    return this.#method;
  }

  getURL(): string {
    return this.#url;
  }

  setHeader(name: string, value: string): void {
    this.#xhr.setRequestHeader(name, value);
    this.#headers[name] = value;
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
    if (body) return this.#sendChunk(body);
    // tus-js-client would call it done as soon as it is created.
    if (this.#declared() === 0) throw new KmsealError('ERR_UPLOAD', 'an envelope is never empty; leave uploadSize alone');
    const response = await this.#exchange(null);
    if (this.#method === 'HEAD' && isGood(response)) this.#expectResumable(response);
    if (this.#method === 'POST' && isGood(response)) this.#noteCreated(response);
    return response;
  }

  /** The length that is declared for the upload, which may come later. */
  #declared(): number | undefined {
    const length = this.#headers['Upload-Length'];
    return length === undefined ? undefined : Number(length);
  }

  #noteCreated(response: TusResponse, sent?: { envelope: symbol; end: number; offset: number }): void {
    const location = response.getHeader('Location');
    const length = this.#declared();
    if (location) noteCreated({ location, endpoint: this.#url, length }, sent);
  }

  async #sendChunk(body: Blob): Promise<TusResponse> {
    const chunk = sealedChunks.get(body);
    const offset = this.#headers['Upload-Offset'];
    if (!chunk || Number(offset ?? 0) !== chunk.start) {
      throw new KmsealError('ERR_UPLOAD', 'tus sends other bytes than were sealed for it; use the options of tusOptions as they are');
    }
    const { envelope, start, length } = chunk;
    const end = start + body.size;
    expectLength(offset === undefined ? this.#declared() : declaredLength(this.#url), length);
    if (offset === undefined) {
      const response = await this.#exchange(body);
      if (isGood(response)) this.#noteCreated(response, { envelope, end, offset: offsetOf(response) });
      return response;
    }
    const answered = noteSent(this.#url, envelope, start, end);
    const response = await this.#exchange(body);
    // Conflict: tus 1.0, "PATCH".
    answered(isGood(response) ? offsetOf(response) : NaN, response.getStatus() === 409);
    return response;
  }

  /** If the server has all of it, tus-js-client ends the upload here, and asks for no byte. */
  #expectResumable(response: TusResponse): void {
    if (!this.#starting) throw new KmsealError('ERR_UPLOAD', 'the envelope has its own size; leave uploadSize and uploadLengthDeferred alone');
    const { envelope, length } = this.#starting;
    const theirs = Number(response.getHeader('Upload-Length') ?? length);
    if (theirs !== length) {
      const message = `this URL is of an upload of ${theirs} bytes, and the envelope has ${length}; forget the URL and start a new upload`;
      throw new KmsealError('ERR_UPLOAD', message);
    }
    expectOwn(this.#url, envelope, offsetOf(response) || 0);
  }

  #exchange(body: Blob | null): Promise<TusResponse> {
    const xhr = this.#xhr;
    return new Promise((resolve, reject) => {
      // As after an abort on the way, nobody is told any more. Without this a request that is aborted before it is sent would be sent.
      if (this.#aborted) return;
      xhr.onload = () => resolve({
        getStatus: () => xhr.status,
        getHeader: (name) => xhr.getResponseHeader(name) ?? undefined,
        getBody: () => xhr.responseText,
        getUnderlyingObject: () => xhr,
      });
      xhr.onerror = reject;
      xhr.send(body);
    });
  }

  async abort(): Promise<void> {
    this.#aborted = true;
    this.#xhr.abort();
  }

  getUnderlyingObject(): XMLHttpRequest {
    return this.#xhr;
  }
}

const isGood = (response: TusResponse) => response.getStatus() >= 200 && response.getStatus() < 300;
const offsetOf = (response: TusResponse) => Number.parseInt(response.getHeader('Upload-Offset') ?? '', 10);
