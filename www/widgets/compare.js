import { MAX_DIGEST_BYTES, sha256Of } from './digest.js';
import { element } from './dom.js';
import { formatSize } from './format.js';

/**
 * Compares a file on this machine with what the server found in envelopes.
 *
 * @param {import('./announcer.js').Announcer} announcer
 */
export function createComparison(announcer) {
  const input = /** @type {HTMLInputElement} */ (document.getElementById('compare-input'));
  const result = document.getElementById('compare-result');
  /** @type {{ name: string, sha256: string } | undefined} */
  let own;

  /** @param {HTMLElement} verdict @returns {boolean} whether it is the file */
  const judge = (verdict) => {
    const same = verdict.dataset.sha256 === own?.sha256;
    verdict.hidden = !same;
    verdict.textContent = same ? `This is ${own.name}.` : '';
    return same;
  };

  const compare = async (/** @type {File} */ file) => {
    own = undefined;
    const sha256 = await sha256Of(file);
    if (sha256 === undefined)
      return `The page hashes files of up to ${formatSize(MAX_DIGEST_BYTES)}: run sha256sum on this one.`;
    own = { name: file.name, sha256 };
    const verdicts = Array.from(document.querySelectorAll('#arrivals .verdict')).filter(judge);
    // One that was opened both ways is one.
    const same = new Set(verdicts.map((verdict) => verdict.closest('.arrival'))).size;
    return `${file.name} has SHA-256 ${sha256}: ${same} of the opened envelopes ${same === 1 ? 'holds' : 'hold'} it.`;
  };

  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (!file) return;
    const said = await compare(file).catch((error) => error.message);
    // So that choosing the same file again is a change again.
    input.value = '';
    result.textContent = said;
    announcer.say(said);
  });

  return {
    /** The verdict on an opened envelope, now and when a file is compared later. @param {string} sha256 of its content */
    verdict(sha256) {
      const verdict = element('p', { className: 'verdict same' });
      verdict.dataset.sha256 = sha256;
      judge(verdict);
      return verdict;
    },
  };
}
