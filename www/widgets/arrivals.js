import { getArrivals, openUpload } from './api.js';
import { createComparison } from './compare.js';
import { element, fact, fromTemplate } from './dom.js';
import { formatSize, formatTime } from './format.js';
import { createOpenHere } from './open-here.js';
import { Step } from './step.js';

/** How often the bucket is polled while the page is visible. */
const EVERY_MS = 2000;

/**
 * Lists what is in the bucket, the newest first, and keeps the list up to date.
 *
 * @param {import('./announcer.js').Announcer} announcer
 * @param {{ way?: string }} [options] way: only what arrived by this one
 */
export async function watchArrivals(announcer, { way } = {}) {
  const list = document.getElementById('arrivals');
  const alert = document.getElementById('arrivals-alert');
  const comparison = createComparison(announcer);
  /** @type {Map<string, string>} upload id to its state */
  let shown;

  const update = async () => {
    const arrivals = await getArrivals(way);
    const fresh = arrivals.filter((arrival) => shown?.get(arrival.id) !== stateOf(arrival));
    // A file uploaded again is a new one: the opened one is no longer there.
    for (const { id } of fresh) document.getElementById(`arrival-${id}`)?.remove();
    list.prepend(...fresh.map((arrival) => createArrival(arrival, { announcer, comparison })));
    document.getElementById('arrivals-none').hidden = arrivals.length > 0;
    document.getElementById('compare').hidden = arrivals.length === 0;
    if (shown && fresh.length > 0) announcer.say(`In the bucket: ${fresh.map(nameOf).join(', ')}.`);
    shown = new Map(arrivals.map((arrival) => [arrival.id, stateOf(arrival)]));
  };

  for (;;) {
    if (!document.hidden) {
      const problem = await update().then(
        () => '',
        (error) => error.message,
      );
      if (alert.textContent !== problem) {
        alert.textContent = problem;
        announcer.alert(problem);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** @param {import('./api.js').Arrival} arrival */
const stateOf = ({ arrived, about }) => `${arrived} ${about?.arrived}`;

/** @param {import('./api.js').Arrival} arrival */
const nameOf = ({ key, name }) => name ?? `File ${key.slice(-6)}`;

/** @param {import('./api.js').Arrival} arrival */
function createArrival(arrival, { announcer, comparison }) {
  const { id, key, size, arrived, via, about } = arrival;
  const name = nameOf(arrival);
  const entry = fromTemplate('arrival-template');
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (entry.querySelector(selector));
  entry.id = `arrival-${id}`;
  find('h3').textContent = name;
  find('.file-size').textContent = `${formatSize(size)}, ${formatTime(new Date(arrived))}, by: ${via}`;
  find('.object-key').textContent = key;
  if (about) {
    find('.about').hidden = false;
    find('.about').append(
      `With its name and type, ${formatSize(about.size)}`,
      element('span', { className: 'object-key', textContent: about.key }),
    );
  }
  const open = new Step({
    label: 'Ask the server to open it',
    again: 'Open again',
    busy: `The server opens ${name}`,
    fileName: name,
    announcer,
    async work({ signal }) {
      const { sha256 } = await openUpload(id, { signal });
      const found = element('dl', { className: 'digests' }, ...fact('SHA-256 of the file', sha256));
      return { shown: [comparison.verdict(sha256), found], said: `${name} is opened.` };
    },
  });
  const here = createOpenHere(arrival, { name, saveAs: arrival.name ?? `${name}.bin`, announcer, comparison });
  entry.append(open.element, here.element);
  return entry;
}
