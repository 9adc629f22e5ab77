import { KmsPublicKey, Sealer } from 'kmseal';
import { uploadSealed } from 'kmseal/s3';
import { createUpload } from '/api.js';
import { uploadEach } from '/upload-list.js';

const response = await fetch('/kms-public-key.json');
const key = await KmsPublicKey.import(await response.json());
const sealer = new Sealer({ keys: key });

uploadEach(document.querySelector('#file'), async (file, { signal, onProgress }) => {
  const { id } = await createUpload('s3', signal);
  // The server signs a part when it is about to be sent, and sees none.
  const headers = { 'content-type': 'application/json' };
  const ask = (step) => (request, { signal }) =>
    fetch(`/uploads/${id}/${step}`, { method: 'POST', headers, body: JSON.stringify(request), signal });
  await uploadSealed(file, {
    sealer,
    encryptionContext: { purpose: 'kmseal-demo', upload: id },
    sign: {
      put: ask('put'), headObject: ask('headObject'),
      create: ask('create'), part: ask('part'), complete: ask('complete'), abort: ask('abort'),
    },
    signal,
    onProgress,
  });
});
