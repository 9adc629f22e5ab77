import type { EncryptionContext } from './index.js';

/** A copy of the pairs, so that later changes have no effect. */
export function copyOf(context: EncryptionContext): EncryptionContext {
  if (Object.prototype.toString.call(context) !== '[object Object]' || Object.values(context).some((value) => typeof value !== 'string')) {
    throw new TypeError('encryptionContext must be a plain object of strings');
  }
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string>, context));
}

/** Whether both have the same pairs. */
export function same(a: EncryptionContext | null, b: EncryptionContext | null): boolean {
  if (a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
