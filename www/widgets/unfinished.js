import { button, element } from './dom.js';
import { formatDay, formatSize } from './format.js';

/**
 * Offers the uploads that ended with an earlier page: each continues once its file is chosen again.
 *
 * @param {HTMLInputElement} input after whose form they are listed
 * @param {import('kmseal/store').UploadStore} store
 * @param {(id: string, file: File) => Promise<unknown>} resume resolves at the end, whatever the outcome
 */
export async function offerUnfinished(input, store, resume) {
  const list = element('ul', { className: 'unfinished-list' });
  const strip = element('section', { className: 'unfinished', hidden: true }, element('h3', {}, 'Not finished'), list);
  input.form.after(strip);

  const show = async () => {
    // A private window may have no store, and then nothing in it.
    const kept = await store.list().catch(() => []);
    const waiting = kept.filter(({ isRunning }) => !isRunning);
    list.replaceChildren(...waiting.map(createRow));
    strip.hidden = waiting.length === 0;
  };

  const createRow = (/** @type {import('kmseal/store').KeptUpload} */ upload) => {
    const { id, size, loaded, total, createdAt, lastModified } = upload;
    const what = `A file of ${formatSize(size)}, changed ${formatDay(new Date(lastModified))}`;
    const share = Math.floor((100 * loaded) / total);
    const choice = element('input', { type: 'file', className: 'visually-hidden', id: `resume-${id}` });
    choice.addEventListener('change', async () => {
      const [file] = choice.files;
      if (!file) return;
      row.remove();
      strip.hidden = list.children.length === 0;
      await resume(id, file);
      await show();
    });
    const forget = button('Forget it', () => store.forget(id).then(show), { className: 'link', about: what });
    const row = element(
      'li',
      {},
      element(
        'p',
        {},
        `${what}: ${share} % had arrived when its page ended. The upload began on ${formatDay(new Date(createdAt))}.`,
      ),
      element(
        'p',
        {},
        choice,
        element('label', { className: 'button', htmlFor: choice.id }, 'Choose it again'),
        forget,
      ),
    );
    return row;
  };

  await show();
}
