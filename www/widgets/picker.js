const SALUTATION = 'Dear Dr. Meyer,\n\n';
const SENTENCE = 'This letter is for your eyes only. Anyone who carries it can see how long it is, and nothing else.\n';

/**
 * Gets files from the input, from a drop anywhere on the page, or makes one.
 *
 * @param {(files: File[]) => void} take
 * @param {{ sampleSize: number }} options in bytes
 */
export function watchPicker(take, { sampleSize }) {
  const picker = document.getElementById('picker');
  const input = /** @type {HTMLInputElement} */ (document.getElementById('file-input'));

  input.addEventListener('change', () => {
    take([...input.files]);
    // So that choosing the same file again is a change again.
    input.value = '';
  });

  const bringsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  // The whole window, because a file dropped outside a smaller target would replace the page.
  window.addEventListener('dragover', (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    picker.classList.add('over');
  });
  window.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) picker.classList.remove('over');
  });
  window.addEventListener('drop', (event) => {
    picker.classList.remove('over');
    if (!bringsFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  document.getElementById('sample').addEventListener('click', () => take([makeSample(sampleSize)]));
}

/** @param {number} size in bytes */
function makeSample(size) {
  const count = Math.ceil((size - SALUTATION.length) / SENTENCE.length);
  const page = SENTENCE.repeat(1000);
  const text = [SALUTATION, ...Array(Math.ceil(count / 1000)).fill(page)];
  return new File([new Blob(text).slice(0, size)], 'letter.txt', { type: 'text/plain' });
}
