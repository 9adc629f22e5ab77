import { Sealer } from '../kmseal/index.js';
import { createAnnouncer } from '../widgets/announcer.js';
import { watchCopyButtons } from '../widgets/copy.js';
import { createFileList } from '../widgets/file-list.js';
import { loadKey } from '../widgets/key-card.js';
import { watchKinds } from '../widgets/key-kinds.js';
import { watchPicker } from '../widgets/picker.js';

const announcer = createAnnouncer();
watchCopyButtons(announcer);

const sealerFor = (key) => new Sealer({ keys: [key], encryptionContext: { purpose: 'kmseal-demo' } });
const kinds = document.getElementById('kinds');
const key = kinds ? undefined : await loadKey();
// With a choice of keys, the one that is chosen when a file is.
const addressees = kinds ? watchKinds(kinds, sealerFor) : async () => [{ spec: key.keySpec, sealer: sealerFor(key) }];
if (kinds || key) watchPicker(createFileList({ addressees, announcer }), { sampleSize: 64 * 2 ** 20 });
