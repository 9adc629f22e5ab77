// Uploading in a page, through startS3()'s routes; served to it, not run in Node.
import { uploadSealed } from '/dist/s3.js';

/** Callbacks that ask the page's server, as a page would write them. */
export function signer(id, path = '/s3', looksUp = false) {
  const headers = { 'content-type': 'application/json' };
  const post = (step) => (request, { signal }) =>
    fetch(`${path}/${id}/${step}`, { method: 'POST', headers, body: JSON.stringify(request), signal });
  const sign = { put: post('put'), create: post('create'), part: post('part'), complete: post('complete'), abort: post('abort') };
  return looksUp ? { ...sign, headObject: post('headObject') } : sign;
}

/**
 * Starts an upload. `settled` says how it went: with `result`, `error` as JSON, or what else it rejected with; and what `create` was
 * asked, of which errors `resume` was told, and the progress.
 */
export function begin(file, { id, path, resume, looksUp, signer: own = {}, ...options }) {
  const controller = new AbortController();
  const outcome = { id, progress: [], created: undefined, told: [] };
  const sign = { ...signer(id, path, looksUp), ...own };
  const { create } = sign;
  sign.create = (request, asked) => create((outcome.created = request), asked);
  const uploading = uploadSealed(file, {
    sign,
    encryptionContext: { upload: id },
    signal: controller.signal,
    onProgress: ({ loaded, total }) => outcome.progress.push([loaded, total]),
    resume: resume && ((error, asked) => (outcome.told.push(plain(error)), resume(error, asked))),
    ...options,
  });
  const settled = uploading.then(
    (result) => ({ ...outcome, result }),
    (error) => ({ ...outcome, error: plain(error) }),
  );
  return { settled, abort: () => controller.abort('cancelled') };
}

function plain(error) {
  if (!(error instanceof Error)) return error;
  const { name, code, message, status, part, cause } = error;
  return { name, code, message, status, part, cause: cause && String(cause) };
}
