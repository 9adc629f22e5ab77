import { KmsPublicKey } from '../kmseal/index.js';
import { nameOf, showKey } from './key-facts.js';
import { makeStandIn } from './stand-in.js';

const STAND_IN = 'A stand-in for AWS KMS: a key that this tab made, cannot export, and forgets when you close it.';

/**
 * The key that files are sealed for: at first the stand-in of this tab, then one that the reader brings.
 *
 * @typedef {object} Addressee
 * @property {import('./key-facts.js').Key} key
 * @property {import('kmseal').Opener} [opener] of the stand-in, which alone can be opened here
 */

/** @param {import('./announcer.js').Announcer} announcer */
export function createKeyDesk(announcer) {
  const find = (/** @type {string} */ id) => document.getElementById(id);
  const form = /** @type {HTMLFormElement} */ (find('key-form'));
  const arn = /** @type {HTMLInputElement} */ (find('key-arn'));
  const usage = /** @type {HTMLInputElement} */ (find('key-agrees'));
  const back = find('key-back');
  /** @type {Addressee} */
  let current;
  /** @type {Addressee} */
  let standIn;
  /** A key file that waits for its ARN. @type {File | undefined} */
  let nameless;

  /** @param {Addressee} addressee @param {string} service what is said of it */
  const use = (addressee, service) => {
    current = addressee;
    showKey(addressee.key);
    find('key-service').textContent = service;
    back.hidden = addressee === standIn;
    ask(undefined, undefined);
    announcer.say(`Files are now sealed for ${nameOf(addressee.key)}.`);
  };

  const ask = (/** @type {File | undefined} */ file, /** @type {string | undefined} */ curve) => {
    nameless = file;
    form.hidden = file === undefined;
    find('key-alert').textContent = '';
    arn.value = '';
    find('key-usage').hidden = curve === undefined;
    find('key-curve').textContent = curve ?? '';
    usage.required = curve !== undefined;
    usage.checked = false;
    if (!file) return;
    find('key-form-file').textContent = file.name;
    arn.focus();
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const file = nameless;
    try {
      const keyUsage = usage.checked ? 'KEY_AGREEMENT' : undefined;
      const key = await KmsPublicKey.import(file, { keyId: arn.value.trim(), keyUsage });
      // Another file has been dropped meanwhile.
      if (file !== nameless) return;
      own(key, file.name);
      // The form that had the focus is gone.
      back.querySelector('button').focus({ preventScroll: true });
    } catch (error) {
      find('key-alert').textContent = error.message;
      announcer.alert(error.message);
      arn.focus();
    }
  });
  find('key-form-cancel').addEventListener('click', () => {
    ask(undefined, undefined);
    find('file-input').focus();
  });
  back.addEventListener('click', () => {
    use(standIn, STAND_IN);
    // The button that had the focus is gone.
    find('file-input').focus({ preventScroll: true });
  });

  /** Seals for a key of the reader's from now on. @param {import('./key-facts.js').Key} key @param {string} fileName */
  const own = (key, fileName) => {
    const opens =
      'keyId' in key
        ? 'Its private half is in your KMS: only there is opened what you seal now.'
        : 'It is not one of KMS: only where its private half is kept is opened what you seal now.';
    use({ key }, `Your key, from ${fileName}. ${opens}`);
  };

  return {
    /** Makes the stand-in. @throws where the platform cannot */
    async start() {
      const { publicKey, opener } = await makeStandIn();
      standIn = { key: await KmsPublicKey.import(publicKey), opener };
      // One that was dropped meanwhile stays.
      if (!current) use(standIn, STAND_IN);
    },
    own,
    /** Asks for the ARN of a key that does not say it, and for the usage of one on a curve. */
    ask,
    get current() {
      return current;
    },
    /** What opens an envelope for these keys here. @param {string[]} keyIds */
    openerFor: (keyIds) => (standIn && keyIds.includes(nameOf(standIn.key)) ? standIn.opener : undefined),
  };
}
