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
 * @param {string} options.keyArn
 * @param {string[]} options.origins
 * @param {number} options.maxUploadSize
 */
export async function createTusReceiver({ uploads, unfinished, keyArn, origins, maxUploadSize }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-tus-'));
  const store = new FileStore({ directory: folder });
  /** Ids of the tus server by those of the uploads, of which each has one: a further one takes its place. @type {Map<string, string>} */
  const files = new Map();
  const remove = async (upload) => {
    const id = files.get(upload);
    files.delete(upload);
    // It may not have been written yet, or be gone already.
    if (id !== undefined) await store.remove(id).catch(() => {});
  };
  const server = new Server({
    path: '/tus',
    datastore: store,
    relativeLocation: true,
    allowedOrigins: origins,
    maxSize: maxUploadSize,
    onUploadCreate: answering(async (_request, { id, size, metadata }) => {
      // The one thing that the page tells about a file.
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
        await refuseUnsealed(storage.path, { keyArn, context: uploads.get(metadata.upload).context });
        await uploads.store(metadata.upload, storage.path);
        return {};
      } finally {
        // Refused or not stored, too: a client that asks how far it came must not hear that all of it is here.
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
