// What tus-js-client calls, as far as kmseal implements it.

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

/** What tus-js-client reads a file through. */
export interface TusSource {
  /** The envelope's length in bytes. */
  readonly size: number;
  slice(start: number, end: number): Promise<{ value: Blob; done: boolean }>;
  close(): void;
}
