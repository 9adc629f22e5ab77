// Every entry point in one page: the form element, which must exist before this runs, seals a file, and the others can be called.
import { Sealer } from 'kmseal';
import 'kmseal/define';
import { KmsealFileElement } from 'kmseal/element';
import { uploadSealed } from 'kmseal/s3';
import { tusOptions } from 'kmseal/tus';
import Seal from 'kmseal/uppy';
import { content, send, tell } from './seal.js';

const EXPORTS = { KmsealFileElement, Seal, Sealer, tusOptions, uploadSealed };

export function sealInForm() {
  const missing = Object.keys(EXPORTS).filter((name) => typeof EXPORTS[name] !== 'function');
  const element = document.querySelector('kmseal-file');
  if (missing.length > 0 || !(element instanceof KmsealFileElement))
    return tell(`missing: ${missing.join(' ')}; the element: ${element?.constructor.name}`);
  element.encryptionContext = { from: 'form' };
  element.addEventListener('seal', () => send(new FormData(element.form).get('file')));
  element.addEventListener('sealerror', ({ detail }) => tell(detail.error));
  const chosen = new DataTransfer();
  chosen.items.add(new File(content('form'), 'paper.txt'));
  const input = element.shadowRoot.querySelector('input');
  input.files = chosen.files;
  input.dispatchEvent(new Event('change'));
}
