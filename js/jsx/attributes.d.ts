import type { KmsealFileElement, KmsealFileEventMap } from '../element.js';

/** The attributes of `<kmseal-file>`, as HTML and templates write them. */
export interface KmsealFileAttributes {
  name?: string | undefined;
  'key-src'?: string | undefined;
  'key-id'?: string | undefined;
  /** An ECC key in PEM or DER needs `KEY_AGREEMENT`. */
  'key-usage'?: string | undefined;
  fingerprint?: string | undefined;
  /** Takes ML-KEM keys. */
  experimental?: boolean | undefined;
  'meta-name'?: string | undefined;
  /** JSON of a plain object of strings. */
  'encryption-context'?: string | undefined;
  accept?: string | undefined;
  capture?: boolean | 'user' | 'environment' | undefined;
  required?: boolean | undefined;
  multiple?: boolean | undefined;
  webkitdirectory?: boolean | undefined;
  'max-files'?: number | string | undefined;
  /** In bytes. */
  'max-size'?: number | string | undefined;
  disabled?: boolean | undefined;
  form?: string | undefined;
}

type Settable =
  | 'keySrc'
  | 'keyId'
  | 'keyUsage'
  | 'metaName'
  | 'sealer'
  | 'encryptionContext'
  | 'texts'
  | 'maxFiles'
  | 'maxSize';

/** Its properties that a template can set. */
export type KmsealFileProperties = { [Name in Settable]?: KmsealFileElement[Name] | undefined };

/** Its own events, each under a prefix and its name. */
export type KmsealFileHandlers<Prefix extends string> = {
  [Name in 'beforeseal' | 'seal' | 'sealerror' as `${Prefix}${Name}`]?:
    | ((event: KmsealFileEventMap[Name]) => void)
    | undefined;
};
