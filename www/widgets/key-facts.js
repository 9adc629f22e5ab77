import { fact } from './dom.js';
import { drawKeyMark } from './key-mark.js';

/** @typedef {import('kmseal').KmsPublicKey | import('kmseal').RsaPublicKey} Key */

/** What an envelope calls a key. @param {Key} key */
export const nameOf = (key) => ('keyId' in key ? key.keyId : `${key.keyNamespace}, ${key.keyName}`);

/** Its kind, and what it is used with. @param {Key} key */
function specOf(key) {
  if (!('keyId' in key)) return `RSA, ${key.hash}`;
  return key.encryptionAlgorithm ? `${key.keySpec}, ${key.encryptionAlgorithm}` : key.keySpec;
}

/** Shows keys on the card, and the seal of the first on the envelope. @param {...Key} keys */
export function showKey(...keys) {
  document
    .getElementById('key-facts')
    .replaceChildren(
      ...keys.flatMap((key) => [
        ...fact('Key', nameOf(key)),
        ...fact('Spec', specOf(key)),
        ...fact('Fingerprint', key.fingerprint),
      ]),
    );
  drawKeyMark(
    /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.getElementById('key-mark'))),
    keys[0].fingerprint,
  );
}
