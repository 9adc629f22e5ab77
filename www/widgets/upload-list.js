import { createAnnouncer, voicesOf } from './announcer.js';
import { DemoError } from './api.js';
import { button, element, line, reveal } from './dom.js';
import { MAX_FILE_SIZE } from './facts.js';
import { formatRate, formatSize } from './format.js';
import { createPause } from './pause.js';
import { Step } from './step.js';

/**
 * The means to stop, pause and watch an upload.
 *
 * @typedef {object} UploadWork
 * @property {AbortSignal} signal
 * @property {(progress: { loaded: number, total: number }) => void} onProgress
 * @property {(retry: import('kmseal/s3').Retry) => void} onRetry says what failed and is retried
 * @property {() => Promise<void>} unpaused resolves at once, or when the reader continues
 * @property {(listener: (isPaused: boolean) => void) => void} onPause
 * @property {(error: Error) => Promise<boolean>} resume says what failed; true once the reader wants to continue, or the network is back
 */

/** @typedef {(file: File, work: UploadWork) => Promise<unknown>} Upload */

/**
 * Shows an upload for each chosen file: its progress, buttons that pause and cancel it, and errors.
 *
 * @param {HTMLInputElement} input
 * @param {Upload} upload
 * @returns {(file: File, upload: Upload) => Promise<void>} shows and runs one more; resolves at its end, whatever the outcome
 */
export function uploadEach(input, upload) {
  const announcer = createAnnouncer();
  const list = element('ol', { className: 'upload-list' });
  input.form.after(list);
  const take = () => {
    const files = [...input.files];
    // So that choosing the same file again is a change again.
    input.value = '';
    if (files.length === 0) return;
    const count = files.length;
    const finished = (done) => `${done} of ${count} files are sealed and uploaded`;
    const voices = voicesOf(announcer, { count, busy: `Sealing and uploading ${count} files`, finished });
    const rows = files.map((file) => createRow(file, { announcer, upload }));
    list.prepend(...rows.map((row) => row.element));
    rows.forEach((row, index) => row.run(voices[index]));
    reveal(rows[0].element, 'nearest');
  };
  input.addEventListener('change', take);
  // Files may have been chosen while this page was loading its key.
  take();
  return (file, upload) => {
    const row = createRow(file, { announcer, upload });
    list.prepend(row.element);
    reveal(row.element, 'nearest');
    return row.run();
  };
}

/** @param {File} file */
function createRow(file, { announcer, upload }) {
  const { name, size } = file;
  const pause = createPause({ name, announcer });
  const step = new Step({
    title: `${name}, ${formatSize(size)}`,
    level: 3,
    label: 'Seal and upload',
    again: 'Upload again',
    busy: `Sealing and uploading ${name}`,
    fileName: name,
    announcer,
    async work({ signal, onProgress, note }) {
      if (size > MAX_FILE_SIZE) {
        throw new DemoError('TOO_LARGE', `Too large: this demo takes files of up to ${formatSize(MAX_FILE_SIZE)}.`);
      }
      const start = performance.now();
      const run = pause.start({ signal, note });
      try {
        await upload(file, {
          ...run,
          signal,
          onProgress(progress) {
            if (pause.isPaused) return;
            onProgress(progress, formatRate(size, performance.now() - start, progress.loaded));
          },
        });
      } finally {
        run.end();
      }
      return { shown: [line('Sealed, and in the bucket.')], said: `${name} is sealed and uploaded.` };
    },
  });
  const remove = button(
    'Remove',
    () => {
      step.stop();
      row.remove();
      announcer.say(`${name} is removed from the list.`);
    },
    { className: 'link', about: name },
  );
  step.actions.append(pause.button, remove);
  const row = element('li', {}, step.element);
  return { element: row, run: (voice) => step.run(voice) };
}
