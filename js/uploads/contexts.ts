import type { ContextOptions } from '../index.js';
import type { SealedUploadOptions } from './options.js';

type ContextsOf<F> = Pick<SealedUploadOptions<F>, 'encryptionContext' | 'requiredEncryptionContext'>;

/** The contexts of one file. */
export function contextsOf<F>(
  { encryptionContext, requiredEncryptionContext }: ContextsOf<F>,
  file: F,
): ContextOptions {
  const of = (context: typeof encryptionContext) => (typeof context === 'function' ? context(file) : context);
  return { encryptionContext: of(encryptionContext), requiredEncryptionContext: of(requiredEncryptionContext) };
}

/** Equal for equal contexts, whatever the order of their keys. */
export function canonical({ encryptionContext, requiredEncryptionContext }: ContextOptions): string {
  const entries = (context: ContextOptions['encryptionContext']) =>
    Object.entries(context ?? {})
      .map((entry) => entry.map(String))
      .sort();
  return JSON.stringify([entries(encryptionContext), entries(requiredEncryptionContext)]);
}
