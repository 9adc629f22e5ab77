import { KmsPublicKey, Sealer } from 'kmseal';
import { tusOptions } from 'kmseal/tus';
import { Upload } from 'tus-js-client';
import { createUpload } from '/widgets/api.js';
import { uploadEach } from '/widgets/upload-list.js';

const key = await KmsPublicKey.fetch('/kms-public-key.json', { fingerprint: 'FINGERPRINT' });
const sealer = new Sealer({ keys: [key] });

uploadEach(document.querySelector('#file'), async (file, { signal, onProgress, onPause, onRetry, resume }) => {
  const { id } = await createUpload('tus', { signal });
  let resolve, reject;
  const uploaded = new Promise((...settle) => ([resolve, reject] = settle));
  const upload = new Upload(file, {
    ...tusOptions({ sealer, describe: true, encryptionContext: { purpose: 'kmseal-demo', upload: id }, onRetry }),
    endpoint: '/tus',
    metadata: { upload: id },
    onProgress: (loaded, total) => onProgress({ loaded, total }),
    onSuccess: resolve,
    // As long as the page lives, the file keeps its envelope: a restarted upload continues where the server is.
    onError: (error) => resume(error).then(() => upload.start(), reject),
  });
  onPause((isPaused) => (isPaused ? upload.abort() : upload.start()));
  // Also on the server; if that fails, the upload has ended all the same.
  signal.addEventListener('abort', () =>
    upload
      .abort(true)
      .catch(() => {})
      .then(() => reject(signal.reason)),
  );
  upload.start();
  await uploaded;
});
