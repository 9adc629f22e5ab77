import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { HTTPException } from 'hono/http-exception';
import { refusal, unknownUpload } from './guard.mjs';
import { refuseUnsealed } from './receiving.mjs';

/**
 * A tus server whose uploads wait in a temporary folder until they are whole, and then move to the bucket.
 *
 * @param {object} options
 * @param {import('./uploads.mjs').Uploads} options.uploads
 * @param {import('./unfinished.mjs').Unfinished} options.unfinished
 * @param {import('./keys.mjs').PublicKey} options.publicKey for which pages seal
 * @param {string[]} options.origins
 * @param {number} options.maxUploadSize
 */
export async function createTusReceiver({ uploads, unfinished, publicKey, origins, maxUploadSize }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-tus-'));
  const store = new FileStore({ directory: folder });
  /** The tus server's ids by upload id, one for each: a further one replaces it. @type {Map<string, string>} */
  const files = new Map();
  const remove = async (upload) => {
    const id = files.get(upload);
    files.delete(upload);
    // The file may not exist yet, or no longer.
    if (id !== undefined) await store.remove(id).catch(() => {});
  };
  const server = new Server({
    path: '/tus',
    datastore: store,
    relativeLocation: true,
    allowedOrigins: origins,
    maxSize: maxUploadSize,
    onUploadCreate: answering(async (_request, { id, size, metadata }) => {
      // All that the page reveals about a file; its description is sealed.
      const upload = metadata?.upload;
      if (!uploads.has(upload)) throw unknownUpload();
      if (size === undefined) throw refusal(400, 'BAD_SIZE', 'Send the size of the envelope in bytes.');
      unfinished.hear(upload, size);
      await remove(upload);
      files.set(upload, id);
      unfinished.onExpiry(upload, 'tus', () => remove(upload));
      return {};
    }),
    async onIncomingRequest(_request, id) {
      for (const [upload, file] of files) if (file === id) unfinished.hear(upload);
    },
    onUploadFinish: answering(async (_request, { id, metadata, storage }) => {
      try {
        await refuseUnsealed(storage.path, { publicKey, context: uploads.get(metadata.upload).context });
        await uploads.store(metadata.upload, storage.path, metadata['kmseal-description']);
        return {};
      } finally {
        // Also if it was refused or not stored: a client that asks for the offset must not learn that everything has arrived.
        await store.remove(id);
        files.delete(metadata.upload);
      }
    }),
  });
  return {
    handle: (request) => server.handleWeb(request),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Turns a refusal into what a hook of the tus server throws. */
function answering(hook) {
  return (...args) =>
    hook(...args).catch(async (error) => {
      if (!(error instanceof HTTPException)) throw error;
      throw { status_code: error.status, body: await error.getResponse().text() };
    });
}
