/**
 * `<kmseal-file>` in templates of Vue 3: `import type {} from 'kmseal/vue'` once in a project.
 *
 * @module kmseal/vue
 */
import type { DefineComponent, HTMLAttributes } from 'vue';
import type { KmsealFileEventMap } from './element.js';
import type { KmsealFileAttributes, KmsealFileProperties } from './jsx/attributes.js';

type Handlers = {
  [Name in 'beforeseal' | 'seal' | 'sealerror' as `on${Capitalize<Name>}`]?:
    | ((event: KmsealFileEventMap[Name]) => void)
    | undefined;
};
type KmsealFile = DefineComponent<HTMLAttributes & KmsealFileAttributes & KmsealFileProperties & Handlers>;

declare module 'vue' {
  interface GlobalComponents {
    KmsealFile: KmsealFile;
    'kmseal-file': KmsealFile;
  }
}
