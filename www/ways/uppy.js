import '@uppy/core/css/style.min.css';
import '@uppy/dashboard/css/style.min.css';
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import XHRUpload from '@uppy/xhr-upload';
import { KmsPublicKey, Sealer } from 'kmseal';
import Seal from 'kmseal/uppy';
import { createUpload } from '/api.js';

const response = await fetch('/kms-public-key.json');
const key = await KmsPublicKey.import(await response.json());
const { id } = await createUpload('uppy');
const sealer = new Sealer({ keys: key, encryptionContext: { purpose: 'kmseal-demo', upload: id } });

new Uppy({ meta: { upload: id } })
  .use(Dashboard, { target: '#uppy', inline: true, width: '100%', height: 360, theme: 'auto', disableThumbnailGenerator: true })
  .use(Seal, { sealer })
  .use(XHRUpload, { endpoint: '/form', fieldName: 'doc', allowedMetaFields: ['upload'] });
