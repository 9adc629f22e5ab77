// Uploading in a page, through startS3()'s routes; served to it, not run in Node.
import { uploadSealed } from '/dist/s3.js';

/** Callbacks that ask the page's server, as a page would write them. */
export function signer(id, path = '/s3') {
  const post = (step) => (request, { signal }) => fetch(`${path}/${id}/${step}`, { method: 'POST', body: JSON.stringify(request), signal });
  return { put: post('put'), create: post('create'), part: post('part'), complete: post('complete'), abort: post('abort') };
}

/**
 * Uploads, and says how that went.
 * @param {object} options
 * @param {(name: string, abort: () => void) => void} [options.before] called before every callback, with the name that it has in Seen
 */
export async function upload(file, { id, sealer, path, before = () => {}, ...options }) {
  const controller = new AbortController();
  const abort = () => controller.abort('cancelled');
  const outcome = { id, progress: [], created: undefined };
  const sign = signer(id, path);
  for (const [step, ask] of Object.entries(sign)) {
    sign[step] = (request, asked) => {
      if (step === 'create') outcome.created = request;
      before([step, request.number].filter(Boolean).join(' '), abort);
      return ask(request, asked);
    };
  }
  const started = performance.now();
  try {
    const encryptionContext = { upload: id };
    const onProgress = ({ loaded, total }) => outcome.progress.push([loaded, total]);
    outcome.result = await uploadSealed(file, { sealer, sign, encryptionContext, signal: controller.signal, onProgress, ...options });
  } catch (error) {
    const { name, code, message, status, part, cause } = Object(error);
    outcome.error = error instanceof Error ? { name, code, message, status, part, cause: cause && String(cause) } : error;
  }
  return { ...outcome, milliseconds: performance.now() - started };
}
