import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import formidable, { errors } from 'formidable';
import { refusal, unknownUpload } from './guard.mjs';
import { refuseUnsealed } from './receiving.mjs';

/** The fields that may contain envelopes: of the files, and of their names, types and dates. */
const FIELDS = ['doc', 'doc-meta'];

const MAX_FILES = 40;

/**
 * Accepts a multipart form if all of its files are envelopes.
 *
 * @param {object} options
 * @param {import('./uploads.mjs').Uploads} options.uploads
 * @param {import('./unfinished.mjs').Unfinished} options.unfinished
 * @param {import('./keys.mjs').PublicKey} options.publicKey for which pages seal
 * @param {number} options.maxUploadSize of all files together
 * @returns {(incoming: import('node:http').IncomingMessage) => Promise<string[]>} resolves to the new uploads' ids
 */
export function createFormReceiver({ uploads, unfinished, publicKey, maxUploadSize }) {
  return async (incoming) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-form-'));
    try {
      let count = 0;
      const form = formidable({
        uploadDir: folder,
        // Files are listed in the order in which they end, and therefore named in the order in which they begin.
        filename: () => String(count++),
        maxFiles: MAX_FILES,
        maxFileSize: maxUploadSize,
        maxTotalFileSize: maxUploadSize,
        maxFields: 10,
        maxFieldsSize: 8192,
        // An empty file is not an envelope: it is refused below like one, with a sentence.
        allowEmptyFiles: true,
        minFileSize: 0,
      });
      // Its own lists are objects, which lose a field called __proto__.
      const received = [];
      let upload;
      let description;
      form.on('file', (name, { filepath, newFilename }) =>
        received.push({ name, filepath, order: Number(newFilename) }),
      );
      form.on('field', (name, value) => {
        if (name === 'upload') upload ??= value;
        // The description of the one file that Uppy sends in a form.
        if (name === 'kmseal-description') description ??= value;
      });
      await form.parse(incoming).catch((error) => {
        throw readable(error, maxUploadSize);
      });
      if (!uploads.has(upload)) throw unknownUpload();
      const fileCount = pathsOf(received, 'doc').length;
      if (fileCount === 0) {
        throw refusal(
          422,
          'MISSING',
          'The form came without a sealed file. With scripts off nothing is sealed, and nothing is sent.',
        );
      }
      if (pathsOf(received, 'doc-meta').length > fileCount || (description && fileCount > 1)) {
        throw refusal(422, 'UNPAIRED', 'The form came with more names than files.');
      }
      received.sort((a, b) => a.order - b.order);
      for (const { name, filepath } of received) {
        if (!FIELDS.includes(name)) throw refusal(422, 'UNKNOWN_FIELD', `This form has no file field “${name}”.`);
        await refuseUnsealed(filepath, { publicKey, context: uploads.get(upload).context });
      }
      // The element sends both lists in the order of the files.
      const files = pathsOf(received, 'doc').map((filepath) => ({ filepath, id: uploads.createBeside(upload) }));
      const abouts = pathsOf(received, 'doc-meta').map((filepath, index) => ({
        filepath,
        id: uploads.createBeside(upload, files[index].id),
      }));
      const stored = [...files, ...abouts];
      for (const { id, filepath } of stored)
        await uploads.store(id, filepath, id === files[0].id ? description : undefined);
      unfinished.finish(upload);
      return stored.map(({ id }) => id);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
}

/** @param {{ name: string, filepath: string }[]} received @param {string} field */
const pathsOf = (received, field) => received.filter(({ name }) => name === field).map(({ filepath }) => filepath);

/** @param {Error & { code?: number, httpCode?: number }} error of formidable @param {number} maxUploadSize */
function readable(error, maxUploadSize) {
  if ([errors.biggerThanMaxFileSize, errors.biggerThanTotalMaxFileSize].includes(error.code)) {
    return refusal(413, 'TOO_LARGE', `This demo takes up to ${Math.floor(maxUploadSize / 2 ** 20)} MiB in one form.`);
  }
  if (error.httpCode >= 500 || error.httpCode === undefined) return error;
  return refusal(400, 'BAD_FORM', 'This is not a multipart form that the server can read.');
}
