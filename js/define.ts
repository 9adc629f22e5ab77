/**
 * Registers {@link KmsealFileElement} as `<kmseal-file>`; on a server it does nothing.
 *
 * @module kmseal/define
 */
import { KmsealFileElement } from './element.js';

declare global {
  interface HTMLElementTagNameMap {
    'kmseal-file': KmsealFileElement;
  }
}

if (globalThis.customElements && !customElements.get('kmseal-file')) customElements.define('kmseal-file', KmsealFileElement);
