const { fingerprint, maxFileSize } = document.body.dataset;

/** The key's fingerprint, as the page pins it. */
export const FINGERPRINT = fingerprint;

/** The largest file whose envelope the server takes, in bytes. */
export const MAX_FILE_SIZE = Number(maxFileSize);
