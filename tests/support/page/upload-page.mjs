// Uploading in a page, through startS3()'s routes; served to it, not run in Node.
import { resumeSealed, uploadSealed } from '/dist/s3.js';
import { holdTimers } from './held-timers.mjs';

export const timers = holdTimers();

/** Asks the page's server, as most pages do. */
const fetched = (url, body, signal) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal });

/** Callbacks that ask the page's server, as a page would write them. */
function serverOf(id, { path = '/s3', looksUp = false, lists = false, ask = fetched }) {
  const post =
    (step) =>
    (request, { signal }) =>
      ask(`${path}/${id}/${step}`, request, signal);
  const steps = ['createMultipartUpload', 'signPart', 'completeMultipartUpload', 'abortMultipartUpload', 'signPut'];
  if (looksUp) steps.push('headObject');
  if (lists) steps.push('listParts');
  return Object.fromEntries(steps.map((step) => [step, post(step)]));
}

/**
 * Starts an upload. `settled` resolves to the outcome: `result`, `error` as JSON, or any other rejection; and the arguments of
 * `createMultipartUpload`, the errors passed to `resume`, the retries, and the progress. `callbacks` replace the server's, and `alter`
 * alters the answers of `signPart`. With `resumes` it is an upload of another life, in `store`, that continues.
 */
export function begin(file, { id, path, resume, looksUp, lists, ask, callbacks, alter, resumes, ...options }) {
  const controller = new AbortController();
  const outcome = { id, progress: [], created: undefined, told: [], retries: [] };
  const server = { ...serverOf(id, { path, looksUp, lists, ask }), ...callbacks };
  const { createMultipartUpload, signPart } = server;
  server.createMultipartUpload = (request, asked) => createMultipartUpload((outcome.created = request), asked);
  if (alter) server.signPart = async (...asked) => alter(await (await signPart(...asked)).json());
  const uploading = (resumes ? resumeSealed : uploadSealed)(file, {
    server,
    ...(options.store ? { id } : {}),
    ...(!resumes && { encryptionContext: { upload: id } }),
    signal: controller.signal,
    onProgress: ({ loaded, total }) => outcome.progress.push([loaded, total]),
    onRetry: ({ error, ...retry }) => outcome.retries.push({ ...retry, error: plain(error) }),
    resume: resume && ((error, asked) => (outcome.told.push(plain(error)), resume(error, asked))),
    ...options,
  });
  const settled = uploading.then(
    (result) => ({ ...outcome, result }),
    (error) => ({ ...outcome, error: plain(error) }),
  );
  return { settled, outcome, abort: () => controller.abort('cancelled') };
}

function plain(error) {
  if (!(error instanceof Error)) return error;
  const { name, code, message, status, part, cause } = error;
  return { name, code, message, status, part, cause: cause && String(cause) };
}
