import '@uppy/core/css/style.min.css';
import '@uppy/dashboard/css/style.min.css';
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import XHRUpload from '@uppy/xhr-upload';
import { KmsPublicKey, Sealer } from 'kmseal';
import Seal from 'kmseal/uppy';
import { createUpload } from '/widgets/api.js';

const key = await KmsPublicKey.fetch('/kms-public-key.json', { fingerprint: 'FINGERPRINT' });
const { id } = await createUpload('uppy');
const sealer = new Sealer({ keys: [key], encryptionContext: { purpose: 'kmseal-demo', upload: id } });

new Uppy({ meta: { upload: id }, restrictions: { maxTotalFileSize: MAX_FILE_SIZE } })
  .use(Dashboard, {
    target: '#uppy',
    inline: true,
    width: '100%',
    height: 360,
    theme: 'auto',
    disableThumbnailGenerator: true,
  })
  .use(Seal, { sealer, describe: true })
  .use(XHRUpload, { endpoint: '/form', fieldName: 'doc', allowedMetaFields: ['upload', 'kmseal-description'] });
