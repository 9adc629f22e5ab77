import { KmsPublicKey } from '../kmseal/index.js';
import { FINGERPRINT } from './facts.js';
import { showKey } from './key-facts.js';

/**
 * Fetches the key for which files are sealed, and shows it.
 *
 * @returns {Promise<KmsPublicKey | undefined>} undefined if there is no key, which the card says
 */
export async function loadKey() {
  try {
    const key = await KmsPublicKey.fetch('/kms-public-key.json', { fingerprint: FINGERPRINT, experimental: true });
    showKey(key);
    return key;
  } catch (error) {
    sayNoKey(error);
    return undefined;
  }
}

/** @param {Error} error why there is no key */
export function sayNoKey({ message }) {
  document.getElementById('key-service').textContent = 'There is no key to seal for.';
  document.getElementById('key-alert').textContent = message;
  document.getElementById('alert').textContent = message;
}
