import { KmsPublicKey } from '/kmseal/index.js';
import { getDemo, getPublicKey } from '/api.js';
import { fact } from '/dom.js';
import { drawKeyMark } from '/key-mark.js';

/**
 * Fetches the key that files are sealed for and shows it.
 *
 * @returns {Promise<KmsPublicKey | undefined>} undefined where there is none, which is said on the card
 */
export async function loadKey() {
  try {
    const [publicKey, demo] = await Promise.all([getPublicKey(), getDemo()]);
    const key = await KmsPublicKey.import(publicKey);
    showKey(key, demo);
    return key;
  } catch (error) {
    document.getElementById('key-service').textContent = 'There is no key to seal for.';
    document.getElementById('key-alert').textContent = error.message;
    return undefined;
  }
}

/** @param {KmsPublicKey} key @param {{ emulated: boolean }} demo */
function showKey(key, { emulated }) {
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
