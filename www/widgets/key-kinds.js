import { KmsPublicKey, Sealer } from '../kmseal/index.js';
import { sayNoKey } from './key-card.js';
import { showKey } from './key-facts.js';

/**
 * @typedef {object} Addressee
 * @property {string} spec of its key, such as ECC_NIST_P384
 * @property {Sealer} sealer
 */

/**
 * The kinds of key among which the reader chooses, each loaded when it is chosen.
 *
 * @param {HTMLElement} kinds the group of radio buttons
 * @param {(key: KmsPublicKey) => Sealer} sealerFor
 * @returns {() => Promise<Addressee[]>} for whom files are sealed now: one, or each; nobody if there is no key, which the card says
 */
export function watchKinds(kinds, sealerFor) {
  const inputs = /** @type {HTMLInputElement[]} */ ([...kinds.querySelectorAll('input')]);
  const load = async (/** @type {HTMLInputElement} */ { value, dataset }) => {
    const key = await KmsPublicKey.fetch(value, { fingerprint: dataset.fingerprint, experimental: true });
    return { key, addressee: { spec: key.keySpec, sealer: sealerFor(key) } };
  };
  const choose = async () => {
    const chosen = inputs.find(({ checked }) => checked);
    const asked = chosen.value ? [chosen] : inputs.filter(({ value }) => value);
    try {
      const loaded = await Promise.all(asked.map(load));
      showKey(...loaded.map(({ key }) => key));
      return loaded.map(({ addressee }) => addressee);
    } catch (error) {
      sayNoKey(error);
      return [];
    }
  };
  let current = choose();
  kinds.addEventListener('change', () => {
    current = choose();
  });
  return () => current;
}
