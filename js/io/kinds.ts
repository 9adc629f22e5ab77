import { KmsealError } from '../errors.js';

/**
 * Pages get the RSA and ECC keys of KMS, servers and those who ask for it every kind of key: with all of them the page's build is over its
 * 80 KiB (CONTRIBUTING.md, "What the 80 KiB hold"). The build drops what depends on `KMSEAL_EVERY_KIND`.
 */
export function notInPages(): never {
  const message =
    "this build has only RSA and ECC keys of KMS; bundle the page under the condition 'every-kind' (docs/own-keys.md)";
  throw new KmsealError('ERR_KEY_UNSUPPORTED', message);
}

/** What a page finds in place of the class in rsa-key.ts. */
// biome-ignore lint/complexity/noStaticOnlyClass: it is used as the class is.
export class RsaPublicKey {
  static async import(): Promise<never> {
    return notInPages();
  }
}
