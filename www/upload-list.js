import { createAnnouncer } from '/announcer.js';
import { element } from '/dom.js';
import { formatRate, formatSize } from '/format.js';
import { Step } from '/step.js';

/**
 * Shows an upload for each chosen file: how far it is, a button that cancels it, what went wrong.
 *
 * @param {HTMLInputElement} input
 * @param {(file: File, work: {
 *   signal: AbortSignal,
 *   onProgress: (progress: { loaded: number, total: number }) => void,
 * }) => Promise<void>} upload
 */
export function uploadEach(input, upload) {
  const announcer = createAnnouncer(document.getElementById('status'));
  const list = element('div', { className: 'upload-list' });
  input.form.after(list);
  input.addEventListener('change', () => {
    const steps = Array.from(input.files, (file) => createUploadStep(file, { announcer, upload }));
    list.prepend(...steps.map((step) => step.element));
    for (const step of steps) step.run();
    // So that choosing the same file again is a change again.
    input.value = '';
  });
}

/** @param {File} file */
function createUploadStep(file, { announcer, upload }) {
  return new Step({
    title: `${file.name}, ${formatSize(file.size)}`,
    label: 'Seal and upload',
    again: 'Upload again',
    busy: `Sealing and uploading ${file.name}`,
    fileName: file.name,
    announcer,
    async work({ signal, onProgress }) {
      const start = performance.now();
      await upload(file, {
        signal,
        onProgress: (progress) => onProgress(progress, formatRate(progress.loaded, performance.now() - start)),
      });
      return {
        shown: [element('p', { className: 'quiet', textContent: 'Sealed, and in the bucket.' })],
        said: `${file.name} is sealed and uploaded.`,
      };
    },
  });
}
