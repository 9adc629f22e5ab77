import { Opener } from '../kmseal/index.js';
import { readEnvelope, unlockUpload } from './api.js';
import { sha256Of } from './digest.js';
import { element, fact, line } from './dom.js';
import { Step } from './step.js';

/**
 * Opens an envelope in this page: the server has KMS unwrap one data key and unlocks the header, and never has the plaintext.
 *
 * @param {import('./api.js').Arrival} arrival
 * @param {object} options
 * @param {string} options.name what it is called here
 * @param {string} options.saveAs the name of the saved file
 * @param {import('./announcer.js').Announcer} options.announcer
 * @param {ReturnType<typeof import('./compare.js').createComparison>} options.comparison
 */
export function createOpenHere({ id }, { name, saveAs, announcer, comparison }) {
  /** @type {string | undefined} */
  let shown;
  return new Step({
    label: 'Open it here',
    again: 'Open it here again',
    busy: `This page opens ${name}`,
    fileName: name,
    look: 'button',
    announcer,
    async work({ signal }) {
      const opener = new Opener({ unlocked: await unlockUpload(id, signal) });
      try {
        const { plaintext } = await opener.open(await readEnvelope(id, signal), { signal });
        const file = await new Response(plaintext).blob();
        const sha256 = await sha256Of(file);
        if (shown) URL.revokeObjectURL(shown);
        shown = URL.createObjectURL(file);
        const save = element('a', { href: shown, download: saveAs, textContent: `Save ${saveAs}` });
        const found = element('dl', { className: 'digests' }, ...(sha256 ? fact('SHA-256, in this page', sha256) : []));
        const verdict = sha256 ? [comparison.verdict(sha256)] : [];
        return { shown: [...verdict, found, line(save)], said: `${name} is opened in this page.` };
      } finally {
        opener.close();
      }
    },
  });
}
