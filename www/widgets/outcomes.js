import { element, line } from './dom.js';
import { formatBytes, formatDuration, formatRate } from './format.js';

/** How fast it went: a rate, or for the small the time. @param {number} bytes @param {number} milliseconds */
export function speed(bytes, milliseconds) {
  const [time, rate] = [formatDuration(milliseconds), formatRate(bytes, milliseconds)];
  const figure = element('p', { className: 'figure', textContent: rate || time });
  return [figure, line(rate ? `${formatBytes(bytes)} in ${time}` : formatBytes(bytes))];
}

/** @param {string} name @param {string} url @param {string} [text] */
export const saveLink = (name, url, text = 'Save the envelope') =>
  element('a', { href: url, download: name, textContent: text });

/**
 * The outcome of opening an envelope with one changed byte: a refusal, or else a failure.
 *
 * @param {Promise<unknown>} opening
 * @param {{ name: string, which: string }} about which: says which byte was changed
 * @returns {Promise<import('./step.js').Outcome>}
 */
export async function refused(opening, { name, which }) {
  const error = await opening.then(
    () => undefined,
    (reason) => reason,
  );
  if (!error) throw new Error(`${which}, and the envelope opened all the same.`);
  // A missing connection is not a refusal.
  if (!error.code?.startsWith('ERR_') || error.code === 'ERR_SERVER') throw error;
  return {
    shown: [
      element('p', { className: 'verdict refused', textContent: 'Refused.' }),
      line(`${which}: ${error.message} (`, element('code', { textContent: error.code }), ').'),
    ],
    said: `${name}: refused. ${which}.`,
  };
}
