/**
 * `<kmseal-file>` in JSX of Solid: `import type {} from 'kmseal/solid'` once in a project.
 *
 * @module kmseal/solid
 */
import type { JSX } from 'solid-js';
import type { KmsealFileElement } from './element.js';
import type { KmsealFileAttributes, KmsealFileHandlers, KmsealFileProperties } from './jsx/attributes.js';

type Prefixed = { [Name in keyof KmsealFileProperties as `prop:${Name}`]?: KmsealFileProperties[Name] };

declare module 'solid-js' {
  namespace JSX {
    interface IntrinsicElements {
      'kmseal-file': JSX.HTMLAttributes<KmsealFileElement> &
        KmsealFileAttributes &
        KmsealFileProperties &
        Prefixed &
        KmsealFileHandlers<'on:'>;
    }
  }
}
