import { KmsPublicKey, Sealer } from 'kmseal';
import { resumeSealed, uploadSealed } from 'kmseal/s3';
import { UploadStore } from 'kmseal/store';
import { createUpload } from '/widgets/api.js';
import { offerUnfinished } from '/widgets/unfinished.js';
import { uploadEach } from '/widgets/upload-list.js';

const key = await KmsPublicKey.fetch('/kms-public-key.json', { fingerprint: 'FINGERPRINT' });
const sealer = new Sealer({ keys: [key] });
// What has left is kept in IndexedDB, so that an upload outlives its page.
const store = new UploadStore();

/** What an upload needs, begun here or in an earlier page. */
const options = (id, { signal, onProgress, onRetry, resume, unpaused }) => {
  // The server signs a part when it is about to be sent, and never sees it. While the upload is paused, it signs nothing.
  const headers = { 'content-type': 'application/json' };
  const ask =
    (step) =>
    async (request, { signal }) => {
      await unpaused();
      return fetch(`/uploads/${id}/${step}`, { method: 'POST', headers, body: JSON.stringify(request), signal });
    };
  return {
    sealer,
    store,
    id,
    server: {
      createMultipartUpload: ask('createMultipartUpload'),
      signPart: ask('signPart'),
      listParts: ask('listParts'),
      completeMultipartUpload: ask('completeMultipartUpload'),
      abortMultipartUpload: ask('abortMultipartUpload'),
      signPut: ask('signPut'),
      headObject: ask('headObject'),
    },
    keepAwake: true,
    signal,
    onProgress,
    onRetry,
    // Called when retries have not helped: finished parts are kept, and the others are sealed with the same keys.
    resume,
  };
};

/** @type {HTMLInputElement} */
const input = document.querySelector('#file');
const add = uploadEach(input, async (file, work) => {
  const { id } = await createUpload('s3', work);
  await uploadSealed(file, {
    ...options(id, work),
    encryptionContext: { purpose: 'kmseal-demo', upload: id },
    // The file's name and type, sealed beside it.
    describe: true,
  });
});
// After a reload, a crash, or tomorrow: the same file, chosen again, continues the same envelope.
await offerUnfinished(input, store, (id, file) => add(file, (file, work) => resumeSealed(file, options(id, work))));
