import { Sealer } from '/kmseal/index.js';
import { createAnnouncer } from '/announcer.js';
import { createFileEntry } from '/file-entry.js';
import { loadKey } from '/key-card.js';
import { watchPicker } from '/picker.js';

const announcer = createAnnouncer(document.getElementById('status'));
const files = document.getElementById('files');

const key = await loadKey();
if (key) {
  const sealer = new Sealer({ keys: key, encryptionContext: { purpose: 'kmseal-demo' } });
  watchPicker((chosen) => {
    files.prepend(...chosen.map((file) => createFileEntry(file, { sealer, announcer })));
  });
}
