import 'kmseal/define';
import { createUpload } from '/widgets/api.js';

// The server's id of this upload: a field of the form, and bound to each envelope.
const { id } = await createUpload('form');
document.querySelector('form').upload.value = id;
document.querySelector('kmseal-file').encryptionContext = { purpose: 'kmseal-demo', upload: id };
