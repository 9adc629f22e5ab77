import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { HTTPException } from 'hono/http-exception';
import { unknownUpload } from './guard.mjs';
import { refuseUnsealed } from './receiving.mjs';

/**
 * A tus server whose uploads wait in a temporary folder until they are whole, and then move to the bucket.
 *
 * @param {object} options
 * @param {import('./uploads.mjs').Uploads} options.uploads
 * @param {string} options.keyArn
 * @param {string[]} options.origins
 * @param {number} options.maxUploadSize
 */
export async function createTusReceiver({ uploads, keyArn, origins, maxUploadSize }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-tus-'));
  const store = new FileStore({ directory: folder });
  const server = new Server({
    path: '/tus',
    datastore: store,
    relativeLocation: true,
    allowedOrigins: origins,
    maxSize: maxUploadSize,
    onUploadCreate: answering(async (_request, { metadata }) => {
      // The one thing that the page tells about a file.
      if (!uploads.has(metadata?.upload)) throw unknownUpload();
      return {};
    }),
    onUploadFinish: answering(async (_request, { id, metadata, storage }) => {
      try {
        await refuseUnsealed(storage.path, { keyArn, context: uploads.get(metadata.upload).context });
        await uploads.store(metadata.upload, storage.path);
        return {};
      } finally {
        // Refused or not stored, too: a client that asks how far it came must not hear that all of it is here.
        await store.remove(id);
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
