import { getArrivals, openUpload } from '/api.js';
import { createComparison } from '/compare.js';
import { element, fact, fromTemplate } from '/dom.js';
import { formatSize, formatTime } from '/format.js';
import { Step } from '/step.js';

/** How often the bucket is asked while somebody looks at the page. */
const EVERY_MS = 2000;

/**
 * Lists what is in the bucket, the newest first, and keeps the list up to date.
 *
 * @param {ReturnType<typeof import('/announcer.js').createAnnouncer>} announcer
 * @param {{ way?: string }} [options] way: only what came by this one
 */
export async function watchArrivals(announcer, { way } = {}) {
  const list = document.getElementById('arrivals');
  const alert = document.getElementById('arrivals-alert');
  const comparison = createComparison(announcer);
  /** @type {Map<string, string>} upload id to when it arrived */
  let shown;

  const update = async () => {
    const arrivals = await getArrivals(way);
    const fresh = arrivals.filter(({ id, arrived }) => shown?.get(id) !== arrived);
    // One that was uploaded again is a new one: what was opened before is no longer there.
    for (const { id } of fresh) document.getElementById(`arrival-${id}`)?.remove();
    list.prepend(...fresh.map((arrival) => createArrival(arrival, { announcer, comparison })));
    document.getElementById('arrivals-none').hidden = arrivals.length > 0;
    if (shown && fresh.length > 0) announcer.say(`In the bucket: ${fresh.map(nameOf).join(', ')}.`);
    shown = new Map(arrivals.map(({ id, arrived }) => [id, arrived]));
  };

  for (;;) {
    if (!document.hidden) {
      const problem = await update().then(() => '', (error) => error.message);
      // An alert that is written again is spoken again.
      if (alert.textContent !== problem) alert.textContent = problem;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** @param {import('/api.js').Arrival} arrival */
const nameOf = ({ key, holds }) => `${holds === 'file' ? 'Envelope' : 'Name and type'} ${key.slice(-6)}`;

/** @param {import('/api.js').Arrival} arrival */
function createArrival(arrival, { announcer, comparison }) {
  const { id, key, size, arrived, via } = arrival;
  const name = nameOf(arrival);
  const entry = fromTemplate('arrival-template');
  entry.id = `arrival-${id}`;
  entry.querySelector('h3').textContent = name;
  entry.querySelector('.file-size').textContent = `${formatSize(size)}, ${formatTime(new Date(arrived))}, by: ${via}`;
  entry.querySelector('.object-key').textContent = key;
  const open = new Step({
    title: 'Through KMS',
    label: 'Ask the server to open it',
    again: 'Open again',
    busy: `The server opens ${name}`,
    fileName: name,
    announcer,
    async work({ signal }) {
      const { sha256 } = await openUpload(id, signal);
      const found = element('dl', { className: 'digests' }, ...fact('SHA-256', sha256));
      return { shown: [comparison.verdict(sha256), found], said: `${name} is opened.` };
    },
  });
  entry.append(open.element);
  return entry;
}
