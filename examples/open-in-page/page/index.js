// The page of one file: ?id=ID. Show, save, close.
import { openHere } from './open-here.js';
import { save } from './save.js';
import { canShow, show } from './show.js';

const element = (id) => /** @type {any} */ (document.getElementById(id));
const say = (text) => void (element('status').textContent = text);
const id = new URLSearchParams(location.search).get('id');

let file;
let shown;
let stop;

/** Removes what is shown, ends what is being opened, and wipes the key. */
function close() {
  stop?.abort();
  shown?.close();
  file?.close();
  file = shown = stop = undefined;
  for (const name of ['show', 'save', 'close']) element(name).disabled = true;
}

async function run(work, done) {
  stop?.abort();
  const { signal } = (stop = new AbortController());
  const onProgress = ({ loaded, total }) => Object.assign(element('progress'), { value: loaded, max: total });
  try {
    const result = await work({ signal, onProgress });
    if (!signal.aborted) say(done(result));
  } catch (error) {
    if (!signal.aborted) say(error.message);
  }
}

element('show').onclick = () =>
  run(
    async (options) => {
      shown?.close();
      shown = await show(file, element('place'), options);
    },
    () => 'This is the file. It was opened in this page.',
  );
element('save').onclick = () =>
  run(
    (options) => save(file, options),
    (how) => ({ saved: 'Saved.', downloading: 'It is among your downloads.' })[how] ?? '',
  );
element('close').onclick = () => {
  close();
  say('Closed. The file is no longer in this page.');
};
// A page that is left and shown again must not have the key either.
addEventListener('pagehide', close);

await run(
  async (options) => {
    const opened = await openHere(id, options);
    if (options.signal.aborted) return opened.close(); // the page was left meanwhile
    file = opened;
    element('name').textContent = file.name;
    element('show').disabled = !canShow(file);
    for (const name of ['save', 'close']) element(name).disabled = false;
  },
  () => 'The server has unlocked this file for you.',
);
