/**
 * `<kmseal-file>` in JSX of Preact: `import type {} from 'kmseal/preact'` once in a project.
 *
 * @module kmseal/preact
 */
import type { HTMLAttributes } from 'preact';
import type { KmsealFileElement } from './element.js';
import type { KmsealFileAttributes, KmsealFileHandlers, KmsealFileProperties } from './jsx/attributes.js';

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'kmseal-file': HTMLAttributes<KmsealFileElement> &
        KmsealFileAttributes &
        KmsealFileProperties &
        KmsealFileHandlers<'on'>;
    }
  }
}
