const SAMPLE_SIZE = 64 * 2 ** 20;
const RANDOM_LIMIT = 65536;

/**
 * Takes files from the input, from a drop anywhere on the page, or makes one.
 *
 * @param {(files: File[]) => void} take
 */
export function watchPicker(take) {
  const picker = document.getElementById('picker');
  const input = /** @type {HTMLInputElement} */ (document.getElementById('file-input'));

  input.addEventListener('change', () => {
    take([...input.files]);
    // So that choosing the same file again is a change again.
    input.value = '';
  });

  const bringsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  // The whole window, because a file dropped beside a smaller target would replace the page.
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

  document.getElementById('sample').addEventListener('click', () => take([makeSample()]));
}

function makeSample() {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_LIMIT));
  return new File(Array(SAMPLE_SIZE / RANDOM_LIMIT).fill(random), 'sample.bin');
}
