import { readStored } from './api.js';
import { element } from './dom.js';
import { EXCERPT, contentPlace, createExcerpt, show } from './excerpt.js';

/**
 * How the file begins, next to the bytes that S3 gets in their place.
 *
 * @param {File} file
 */
export function createProof(file) {
  const own = createExcerpt('Your file begins');
  const sealed = createExcerpt('What S3 will hold');
  const proof = element('div', { className: 'proof' }, own.element, sealed.element);
  // An empty file has nothing to show.
  proof.hidden = file.size === 0;
  show(own, file.slice(0, EXCERPT));
  /** @type {{ start: number, end: number }} */
  let place;
  return {
    element: proof,

    /** @param {Blob} envelope @param {import('kmseal').Inspection} info */
    async seal(envelope, info) {
      place = contentPlace(info);
      sealed.title.textContent = 'What S3 will hold';
      await show(sealed, envelope.slice(place.start, place.end));
    },

    unseal() {
      sealed.title.textContent = 'What S3 will hold';
      sealed.clear();
    },

    /** Shows what is now in the bucket, as S3 returns it. @param {string} id @param {AbortSignal} signal */
    async store(id, signal) {
      if (file.size === 0) return;
      await show(sealed, await readStored(id, place, signal));
      sealed.title.textContent = 'What S3 holds';
    },
  };
}
