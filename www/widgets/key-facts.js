import { fact } from './dom.js';
import { drawKeyMark } from './key-mark.js';

/** Shows keys on the card, and the seal of the first on the envelope. @param {...import('kmseal').KmsPublicKey} keys */
export function showKey(...keys) {
  document
    .getElementById('key-facts')
    .replaceChildren(
      ...keys.flatMap(({ keyId, keySpec, encryptionAlgorithm, fingerprint }) => [
        ...fact('Key', keyId),
        ...fact('Spec', encryptionAlgorithm ? `${keySpec}, ${encryptionAlgorithm}` : keySpec),
        ...fact('Fingerprint', fingerprint),
      ]),
    );
  drawKeyMark(
    /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.getElementById('key-mark'))),
    keys[0].fingerprint,
  );
}
