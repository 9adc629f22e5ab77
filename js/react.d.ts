/**
 * `<kmseal-file>` in JSX of React 19: `import type {} from 'kmseal/react'` once in a project.
 *
 * @module kmseal/react
 */
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { KmsealFileElement } from './element.js';
import type { KmsealFileAttributes, KmsealFileHandlers, KmsealFileProperties } from './jsx/attributes.js';

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'kmseal-file': DetailedHTMLProps<HTMLAttributes<KmsealFileElement>, KmsealFileElement> &
        KmsealFileAttributes &
        KmsealFileProperties &
        KmsealFileHandlers<'on'>;
    }
  }
}
