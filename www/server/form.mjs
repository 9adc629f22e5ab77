import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import formidable, { errors } from 'formidable';
import { refusal, unknownUpload } from './guard.mjs';
import { refuseUnsealed } from './receiving.mjs';

/** The fields that may bring envelopes, and what is in those. */
const FIELDS = { doc: 'file', 'doc-meta': 'about' };

const MAX_FILES = 40;

/**
 * Takes a multipart form whose files are envelopes, all of them or none.
 *
 * @param {object} options
 * @param {import('./uploads.mjs').Uploads} options.uploads
 * @param {import('./unfinished.mjs').Unfinished} options.unfinished
 * @param {string} options.keyArn
 * @param {number} options.maxUploadSize of all files together
 * @returns {(incoming: import('node:http').IncomingMessage) => Promise<string[]>} resolves to the new uploads' ids
 */
export function createFormReceiver({ uploads, unfinished, keyArn, maxUploadSize }) {
  return async (incoming) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-form-'));
    try {
      let count = 0;
      const form = formidable({
        uploadDir: folder,
        // Files are listed in the order in which they end, and so named in the one in which they begin.
        filename: () => String(count++),
        maxFiles: MAX_FILES,
        maxFileSize: maxUploadSize,
        maxTotalFileSize: maxUploadSize,
        maxFields: 10,
        maxFieldsSize: 1024,
        // An empty file is no envelope: it is refused as one below, with a sentence.
        allowEmptyFiles: true,
        minFileSize: 0,
      });
      // Its own lists are objects, which lose a field that is called __proto__.
      const received = [];
      let upload;
      form.on('file', (name, { filepath, newFilename }) => received.push({ name, filepath, order: Number(newFilename) }));
      form.on('field', (name, value) => {
        if (name === 'upload') upload ??= value;
      });
      await form.parse(incoming).catch((error) => {
        throw readable(error, maxUploadSize);
      });
      if (!uploads.has(upload)) throw unknownUpload();
      if (!received.some(({ name }) => name === 'doc')) {
        throw refusal(422, 'MISSING', 'The form came without a sealed file. With scripts off nothing is sealed, and nothing is sent.');
      }
      received.sort((a, b) => a.order - b.order);
      for (const { name, filepath } of received) {
        if (!Object.hasOwn(FIELDS, name)) throw refusal(422, 'UNKNOWN_FIELD', `This form has no file field “${name}”.`);
        await refuseUnsealed(filepath, { keyArn, context: uploads.get(upload).context });
      }
      const stored = [];
      for (const { name, filepath } of received) {
        const id = uploads.createBeside(upload, FIELDS[name]);
        await uploads.store(id, filepath);
        stored.push(id);
      }
      unfinished.finish(upload);
      return stored;
    } finally {
      await rm(folder, { recursive: true });
    }
  };
}

/** @param {Error & { code?: number, httpCode?: number }} error of formidable @param {number} maxUploadSize */
function readable(error, maxUploadSize) {
  if ([errors.biggerThanMaxFileSize, errors.biggerThanTotalMaxFileSize].includes(error.code)) {
    return refusal(413, 'TOO_LARGE', `This demo takes up to ${Math.floor(maxUploadSize / 2 ** 20)} MiB in one form.`);
  }
  if (error.httpCode >= 500 || error.httpCode === undefined) return error;
  return refusal(400, 'BAD_FORM', 'This is not a multipart form that the server can read.');
}
