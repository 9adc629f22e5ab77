/** An error whose message is a sentence for the reader, with a code as KmsealError has one. */
export class DemoError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @param {(response: Response) => any} [read] what is good
 */
async function ask(path, init, read = (response) => response.json()) {
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    init?.signal?.throwIfAborted();
    throw new DemoError('OFFLINE', 'The server of this page does not answer. Is npm start still running?', {
      cause: error,
    });
  }
  if (response.ok) return read(response);
  const { error, message } = await response.json();
  throw new DemoError(error, message);
}

/** @param {string} path @param {AbortSignal} [signal] @param {unknown} [body] */
const post = (path, signal, body = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });

/**
 * Registers a new upload with the server.
 *
 * @param {string} way how it will arrive: the name of a page
 * @param {{ id?: string, signal?: AbortSignal }} [options] id: a random UUID; by default the server makes one
 * @returns {Promise<{ id: string }>}
 */
export const createUpload = (way, { id, signal } = {}) => post('/uploads', signal, { way, id });

/**
 * @typedef {object} Stored an object in the bucket
 * @property {string} id of its upload
 * @property {string} key
 * @property {number} size in bytes
 * @property {string} arrived when, ISO 8601
 */

/**
 * @typedef {Stored & { via: string, name?: string, about?: Stored }} Arrival the envelope of a file; via: how it came, in words; name: the
 *   file's, which the server read in its sealed description; about: the object of that, if it is one of its own
 */

/** @param {string} [way] @returns {Promise<Arrival[]>} the newest first */
export const getArrivals = (way) => ask(way === undefined ? '/arrivals.json' : `/arrivals.json?way=${way}`);

/**
 * Asks the server to fetch the envelope and open it through KMS.
 *
 * @param {string} id
 * @param {{ signal: AbortSignal, changedByte?: number }} options changedByte: is changed on its way from S3
 * @returns {Promise<{ sha256: string }>}
 */
export const openUpload = (id, { signal, changedByte }) =>
  post(`/uploads/${id}/open${changedByte === undefined ? '' : `?changedByte=${changedByte}`}`, signal);

/**
 * Asks the server to have KMS unwrap the data key of an envelope, and to unlock its header.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<import('kmseal').UnlockedHeader>}
 */
export const unlockUpload = (id, signal) => post(`/uploads/${id}/unlock`, signal);

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<ReadableStream<Uint8Array<ArrayBuffer>>>} the envelope
 */
export const readEnvelope = (id, signal) => ask(`/uploads/${id}/envelope`, { signal }, (response) => response.body);

/**
 * Reads some bytes of an envelope as S3 has them.
 *
 * @param {string} id
 * @param {{ start: number, end: number }} range
 * @param {AbortSignal} signal
 * @returns {Promise<Blob>}
 */
export const readStored = (id, { start, end }, signal) =>
  ask(`/uploads/${id}/stored?start=${start}&end=${end}`, { signal }, (response) => response.blob());

/**
 * Uploads an envelope by presigned PUT. The server never sees these bytes pass.
 *
 * @param {string} id
 * @param {Blob} envelope
 * @param {{ signal: AbortSignal, onProgress: (progress: { loaded: number, total: number }) => void }} options
 */
export async function putEnvelope(id, envelope, { signal, onProgress }) {
  const { url, headers } = await post(`/uploads/${id}/signPut`, signal, { size: envelope.size });
  // XMLHttpRequest, because fetch does not report an upload's progress.
  await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress({ loaded, total: envelope.size });
    request.onload = () => {
      // S3's own answer, and not one of a portal or a proxy.
      if (request.status === 200 && request.responseText === '' && request.getResponseHeader('etag'))
        return resolve(undefined);
      const reason = /<Code>(\w+)<\/Code>/.exec(request.responseText)?.[1] ?? 'no reason given';
      reject(new DemoError('UPLOAD_REFUSED', `S3 refused the envelope with status ${request.status} (${reason}).`));
    };
    request.onerror = () => {
      const message = 'The upload did not reach S3: no connection, or the bucket has no CORS rule for this page.';
      reject(new DemoError('UPLOAD_FAILED', message));
    };
    request.onabort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(envelope);
  });
}
