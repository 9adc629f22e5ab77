import { checkedContext } from '../io/context.js';
import type { EncryptionContext } from '../index.js';

/**
 * A frozen copy of the page's pairs: a plain object of strings, or its JSON, as attributes and some frameworks have it.
 *
 * @throws TypeError
 */
export function contextFrom(given: unknown): EncryptionContext {
  return Object.freeze(checkedContext(typeof given === 'string' ? parsed(given) : given)!);
}

function parsed(json: string): unknown {
  if (json === String({})) {
    const remedy =
      'set the property encryptionContext in its place (in Vue, :encryptionContext.prop), or give it as JSON';
    throw new TypeError(`encryption-context is "${json}": an object was set as an attribute; ${remedy}`);
  }
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    throw new TypeError('encryption-context must be the JSON of a plain object of strings, such as {"user":"4711"}', {
      cause,
    });
  }
}

/** Whether both have the same pairs. */
export function same(a: EncryptionContext | null, b: EncryptionContext | null): boolean {
  if (a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
