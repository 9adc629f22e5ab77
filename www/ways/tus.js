import { KmsPublicKey, Sealer } from 'kmseal';
import { tusOptions } from 'kmseal/tus';
import { Upload } from 'tus-js-client';
import { createUpload } from '/api.js';
import { uploadEach } from '/upload-list.js';

const response = await fetch('/kms-public-key.json');
const key = await KmsPublicKey.import(await response.json());
const sealer = new Sealer({ keys: key });
const running = new Set();

uploadEach(document.querySelector('#file'), async (file, { signal, onProgress }) => {
  const { id } = await createUpload('tus', signal);
  const { promise, resolve, reject } = Promise.withResolvers();
  const upload = new Upload(file, {
    ...tusOptions(sealer, { encryptionContext: { purpose: 'kmseal-demo', upload: id } }),
    endpoint: '/tus',
    metadata: { upload: id },
    onProgress: (loaded, total) => onProgress({ loaded, total }),
    onSuccess: resolve,
    onError: reject,
  });
  // Also on the server; should that fail, the upload has ended all the same.
  signal.addEventListener('abort', () => upload.abort(true).catch(() => {}).then(() => reject(signal.reason)));
  running.add(upload);
  if (!paused()) upload.start();
  await promise.finally(() => running.delete(upload));
});

// Each goes on where the server stands, with the same envelope.
const pause = document.querySelector('#pause');
const paused = () => pause.getAttribute('aria-pressed') === 'true';
pause.addEventListener('click', () => {
  pause.setAttribute('aria-pressed', String(!paused()));
  for (const upload of running) paused() ? upload.abort() : upload.start();
});
