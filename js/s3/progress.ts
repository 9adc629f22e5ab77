/** How far the upload of a stream is, in bytes of the envelope. */
export interface StreamUploadProgress {
  /** Bytes that were sent; those that are sent again count once. */
  readonly loaded: number;
  /** The envelope's length. For a stream it is missing until that has ended. */
  readonly total?: number;
}

/** How far an upload is, in bytes of the envelope. */
export interface UploadProgress extends StreamUploadProgress {
  /** The envelope's length. */
  readonly total: number;
}

/** Milliseconds between two reports: WebKit 2.50 fires one for every 8 KiB. */
const REPORT_EVERY_MS = 50;

/** Adds up the bytes of several requests, and reports increases. */
export class Meter {
  /** The envelope's length, once it is known. */
  total: number | undefined;
  readonly #report: ((progress: StreamUploadProgress) => void) | undefined;
  /** Bytes that have arrived. */
  sent = 0;
  /** Bytes by part. */
  readonly #moving = new Map<number, number>();
  #reported = 0;
  #reportedAt = 0;

  constructor(total: number | undefined, report: ((progress: StreamUploadProgress) => void) | undefined) {
    [this.total, this.#report] = [total, report];
  }

  /** This many bytes of a part are on their way. */
  moved(part: number, loaded: number): void {
    this.#moving.set(part, loaded);
    this.#tell();
  }

  /** A part of that size has arrived. */
  arrived(part: number, size: number): void {
    this.#moving.delete(part);
    this.sent += size;
    // At once: nothing else may be reported for long, as in a pause of a recording.
    this.#tell(0);
  }

  #tell(every = REPORT_EVERY_MS): void {
    let loaded = this.sent;
    for (const moving of this.#moving.values()) loaded += moving;
    const now = performance.now();
    const { total } = this;
    if (loaded <= this.#reported || (loaded !== total && now < this.#reportedAt + every)) return;
    this.#reported = loaded;
    this.#reportedAt = now;
    this.#report?.({ loaded, ...(total !== undefined && { total }) });
  }
}
