/**
 * Registers {@link KmsealFileElement} as `<kmseal-file>`; on a server it does nothing.
 *
 * @module kmseal/define
 */
// The element imports this, too: named here, pages without a bundler fetch both at the same time.
import './index.js';
import { KmsealFileElement, type KmsealFileEventMap } from './element.js';

declare global {
  /** A listener on the document also hears elements that come later. */
  interface DocumentEventMap extends Pick<KmsealFileEventMap, 'beforeseal' | 'seal' | 'sealerror'> {}
  interface HTMLElementTagNameMap {
    'kmseal-file': KmsealFileElement;
  }
}

if (globalThis.customElements && !customElements.get('kmseal-file'))
  customElements.define('kmseal-file', KmsealFileElement);
