import { element } from '/dom.js';
import { drawKeyMark } from '/key-mark.js';

/**
 * Shows the key that files are sealed for.
 *
 * @param {import('kmseal').KmsPublicKey} key
 * @param {{ emulated: boolean }} demo
 */
export function showKey(key, { emulated }) {
  const region = key.keyId.split(':')[3];
  document.getElementById('key-service').textContent = emulated
    ? 'A key in an emulator of AWS KMS on this machine, made when the demo was started.'
    : `A key in AWS KMS, region ${region}.`;
  document.getElementById('key-facts').replaceChildren(
    ...fact('Key', key.keyId),
    ...fact('Spec', `${key.keySpec}, ${key.encryptionAlgorithm}`),
    ...fact('Fingerprint', key.fingerprint),
  );
  drawKeyMark(/** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.getElementById('key-mark'))), key.fingerprint);
}

/** @param {string} term @param {string} value */
const fact = (term, value) => [element('dt', { textContent: term }), element('dd', { textContent: value })];
