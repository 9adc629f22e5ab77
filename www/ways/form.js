import 'kmseal/define';
import { createUpload } from '/api.js';

// What the server knows this upload by: a field of the form, and bound to each envelope.
const { id } = await createUpload('form');
document.querySelector('[name=upload]').value = id;
document.querySelector('kmseal-file').encryptionContext = { purpose: 'kmseal-demo', upload: id };
