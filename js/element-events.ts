/** The events of a {@link KmsealFileElement}; all bubble. */
export interface KmsealFileEventMap extends HTMLElementEventMap {
  /** Before a chosen file is taken; preventDefault() drops it. */
  beforeseal: CustomEvent<{ file: File }>;
  /** A file is sealed. */
  seal: CustomEvent<{ file: File; sealed: File }>;
  /** A file could not be sealed, and the form cannot be sent. The error is a KmsealError, or whatever the sealer threw. */
  sealerror: CustomEvent<{ file: File; error: unknown }>;
}
