import { createAnnouncer, voicesOf } from '../widgets/announcer.js';
import { watchCopyButtons } from '../widgets/copy.js';
import { reveal } from '../widgets/dom.js';
import { recognize } from '../widgets/dropped.js';
import { createKeyDesk } from '../widgets/key-desk.js';
import { watchPicker } from '../widgets/picker.js';
import { createEnvelopeEntry, createFileEntry } from '../widgets/try-entry.js';

const announcer = createAnnouncer();
watchCopyButtons(announcer);
const desk = createKeyDesk(announcer);
const list = document.getElementById('files');

/** @param {string} [message] what is wrong, or nothing any more */
function complain(message = '') {
  document.getElementById('picker-alert').textContent = message;
  if (message !== '') announcer.alert(message);
}

/** @param {HTMLElement} entry */
function onRemove(entry) {
  entry.remove();
  announcer.say(`${entry.querySelector('h3').textContent} is removed.`);
  // The removed file had the focus.
  const next = /** @type {HTMLElement} */ (list.querySelector('.file-remove') ?? document.getElementById('file-input'));
  next.focus({ preventScroll: true });
}

const tools = { desk, announcer, onRemove };

/** Keys change whom files are sealed for, envelopes are inspected, anything else is sealed. @param {File[]} files */
async function take(files) {
  await ready;
  complain();
  const entries = [];
  for (const file of files) {
    try {
      const dropped = await recognize(file);
      if (dropped.kind === 'key') desk.own(dropped.key, file.name);
      else if (dropped.kind === 'nameless key') desk.ask(file, dropped.curve);
      else entries.push(dropped.kind === 'envelope' ? createEnvelopeEntry(file, tools) : createFileEntry(file, tools));
    } catch (error) {
      complain(`${file.name}: ${error.message}`);
    }
  }
  if (entries.length === 0) return;
  list.prepend(...entries.map(({ element }) => element));
  const count = entries.length;
  const voices = voicesOf(announcer, {
    count,
    busy: `Taking ${count} files`,
    finished: (done) => `${done} of ${count} files are done`,
  });
  entries.forEach((entry, index) => entry.run(voices[index]));
  reveal(entries[0].element);
}

const ready = desk.start().catch((error) => {
  complain(
    isSecureContext ? error.message : 'Browsers encrypt only in pages of https: or localhost: open this page so.',
  );
  throw error;
});
// Those who drop a file are told, too.
ready.catch(() => {});
watchPicker((files) => void take(files).catch(() => {}), { sampleSize: 1.3 * 2 ** 20 });
