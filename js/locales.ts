/**
 * The texts of `<kmseal-file>` in languages other than English, for its property `texts`. Bundlers keep those that a page imports.
 *
 * @module kmseal/locales
 */
export { ar } from './locales/ar.js';
export { de } from './locales/de.js';
export { es } from './locales/es.js';
export { fr } from './locales/fr.js';
export { it } from './locales/it.js';
export { ja } from './locales/ja.js';
export { pl } from './locales/pl.js';
export { pt } from './locales/pt.js';
