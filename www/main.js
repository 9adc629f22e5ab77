import { KmsPublicKey, Sealer } from '/kmseal/index.js';
import { createAnnouncer } from '/announcer.js';
import { getDemo, getPublicKey } from '/api.js';
import { createFileEntry } from '/file-entry.js';
import { showKey } from '/key-card.js';
import { watchPicker } from '/picker.js';

const announcer = createAnnouncer(document.getElementById('status'));
const files = document.getElementById('files');

try {
  const [publicKey, demo] = await Promise.all([getPublicKey(), getDemo()]);
  const key = await KmsPublicKey.import(publicKey);
  showKey(key, demo);
  const sealer = new Sealer({ keys: key, encryptionContext: { purpose: 'kmseal-demo' } });
  watchPicker((chosen) => {
    files.prepend(...chosen.map((file) => createFileEntry(file, { sealer, announcer })));
  });
} catch (error) {
  document.getElementById('key-service').textContent = 'There is no key to seal for.';
  document.getElementById('key-alert').textContent = error.message;
}
