import { voicesOf } from './announcer.js';
import { reveal } from './dom.js';
import { createFileEntry } from './file-entry.js';

/**
 * The chosen files, the newest first, and the actions for all of them.
 *
 * @param {{ addressees: () => Promise<import('./key-kinds.js').Addressee[]>, announcer: import('./announcer.js').Announcer }} tools addressees:
 *   for whom files are sealed, each of them for each
 * @returns {(files: File[]) => Promise<void>} takes further ones
 */
export function createFileList({ addressees, announcer }) {
  const section = document.getElementById('chosen');
  const list = document.getElementById('files');
  const batch = document.getElementById('batch');
  const summary = document.getElementById('batch-summary');
  const uploadAll = /** @type {HTMLButtonElement} */ (document.getElementById('upload-all'));
  /** @type {Set<import('./file-entry.js').FileEntry>} */
  const entries = new Set();
  const waiting = () => [...entries].filter(({ isTooLarge, isUploaded }) => !isTooLarge && !isUploaded);
  let isUploading = false;

  const update = () => {
    section.hidden = entries.size === 0;
    batch.hidden = entries.size < 2;
    const [left, large] = [waiting().length, [...entries].filter(({ isTooLarge }) => isTooLarge).length];
    const uploaded = entries.size - left - large;
    const parts = [`${entries.size} files`, `${uploaded} uploaded`, ...(large > 0 ? [`${large} too large`] : [])];
    summary.textContent = `${parts.join(', ')}.`;
    uploadAll.disabled = left === 0 || isUploading;
  };

  const onRemove = (entry) => {
    entries.delete(entry);
    update();
    announcer.say(`${entry.name} is removed.`);
    // The removed file had the focus.
    const next = list.querySelector('.file-remove') ?? document.getElementById('file-input');
    /** @type {HTMLElement} */ (next).focus({ preventScroll: true });
  };

  /** @type {Map<import('./file-entry.js').FileEntry, Promise<void>>} */
  const sealing = new Map();

  uploadAll.addEventListener('click', async () => {
    const chosen = waiting();
    const count = chosen.length;
    const finished = (done) => `${done} of ${count} envelopes ${count === 1 ? 'is' : 'are'} uploaded`;
    const voices = voicesOf(announcer, { count, busy: `Uploading ${count} envelopes`, finished });
    isUploading = true;
    update();
    await Promise.all(chosen.map((entry, index) => sealing.get(entry).then(() => entry.upload(voices[index]))));
    isUploading = false;
    update();
  });

  document.getElementById('remove-all').addEventListener('click', () => {
    for (const entry of [...entries]) entry.remove();
    announcer.say('All files are removed.');
  });

  return async (files) => {
    const chosen = await addressees();
    if (files.length === 0 || chosen.length === 0) return;
    const tools = { announcer, onChange: update, onRemove };
    const added = files.flatMap((file) =>
      chosen.map(({ sealer, spec }) => createFileEntry(file, { ...tools, sealer, spec, alone: chosen.length === 1 })),
    );
    for (const entry of added) entries.add(entry);
    list.prepend(...added.map(({ element }) => element));
    update();
    const count = added.length;
    const voices = voicesOf(announcer, {
      count,
      busy: `Sealing ${count} files`,
      finished: (done) => `${done} of ${count} files are sealed`,
    });
    added.forEach((entry, index) => sealing.set(entry, entry.seal(voices[index])));
    reveal(entries.size > 1 ? batch : added[0].element);
  };
}
