/** What a listener of `beforeseal` can do with the file. */
export interface BeforeSealDetail {
  /** The chosen file. */
  readonly file: File;
  /** Aborted when the file is removed during a waitUntil() promise. */
  readonly signal: AbortSignal;
  /** Refuses the file. The person reads the reason next to its name, or that it was not accepted. */
  reject(reason?: string): void;
  /**
   * Seals another file in its place, such as a smaller picture.
   *
   * @throws TypeError if it is not a File
   * @throws DOMException InvalidStateError if the file was taken already, and takes it off the list; call waitUntil() first
   */
  replace(file: File): void;
}

/**
 * Before a chosen file is sealed. A listener that throws leaves the file failed, with what it threw as the cause, as a promise of waitUntil()
 * does that rejects.
 */
export interface BeforeSealEvent extends CustomEvent<BeforeSealDetail> {
  /**
   * Keeps the file from being sealed, and the form from being sent, until the promise is fulfilled. One that rejects leaves the file
   * failed: the person can try again, which fires `beforeseal` again, or remove it. One that never settles leaves the form unsent. A value that
   * is not a promise counts as a promise that rejects with a TypeError.
   *
   * @throws DOMException InvalidStateError if the file was taken already, and takes it off the list; call it before anything is awaited
   */
  waitUntil(promise: PromiseLike<unknown>): void;
}

/** The events of a {@link KmsealFileElement}; all bubble, also out of the shadow trees that hold the element. */
export interface KmsealFileEventMap extends HTMLElementEventMap {
  /** Before a chosen file is accepted; the listener can refuse it, replace it, or hold it back until it knows more. */
  beforeseal: BeforeSealEvent;
  /**
   * A file is sealed. The name of `sealed` is `file-1.kmseal` and so on: no other file that was ever chosen in this element has the same one
   * in these events. In the form and in `files` the numbers are those of the places in the list.
   */
  seal: CustomEvent<{ file: File; sealed: File }>;
  /**
   * A file could not be sealed, and the form cannot be sent. The error is a KmsealError, or whatever the sealer threw; it is written to the
   * console, unless preventDefault() is called.
   */
  sealerror: CustomEvent<{ file: File; error: unknown }>;
}
