/**
 * `<kmseal-file>` in templates of Svelte 4 and 5: `import type {} from 'kmseal/svelte'` once in a project.
 *
 * @module kmseal/svelte
 */
import type { HTMLAttributes } from 'svelte/elements';
import type { KmsealFileElement } from './element.js';
import type { KmsealFileAttributes, KmsealFileHandlers, KmsealFileProperties } from './jsx/attributes.js';

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'kmseal-file': HTMLAttributes<KmsealFileElement> &
      KmsealFileAttributes &
      KmsealFileProperties &
      KmsealFileHandlers<'on'> &
      KmsealFileHandlers<'on:'>;
  }
}
