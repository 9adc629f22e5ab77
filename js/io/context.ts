import { refuseStrays } from './strays.js';
import type { ContextOptions, EncryptionContext } from '../types.js';

/** Own pairs of a plain object, read once, so that no getter or proxy runs inside wasm and later changes have no effect. */
export function checkedContext(context: unknown, name = 'encryptionContext'): EncryptionContext | undefined {
  if (context === undefined) return undefined;
  const fail = (why: string): never => {
    throw new TypeError(`${name} must be a plain object of strings: ${why}`);
  };
  if (typeof context !== 'object' || context === null)
    return fail(`it is ${context === null ? 'null' : `a ${typeof context}`}`);
  const prototype: unknown = Object.getPrototypeOf(context);
  if (!isRoot(prototype)) return fail(whatIs(context));
  const pairs = Object.create(null) as Record<string, string>;
  for (const key of Reflect.ownKeys(context)) {
    const value: unknown = (context as Record<string | symbol, unknown>)[key];
    const isText = typeof value === 'string';
    const isHidden = !Object.prototype.propertyIsEnumerable.call(context, key);
    // The values that frameworks hide in an object that they watch are not text.
    if (isHidden && !isText) continue;
    if (typeof key === 'symbol') return fail(`the key ${String(key)} is a symbol`);
    if (isHidden) return fail(`"${key}" is not enumerable`);
    if (!isText) return fail(`the value of "${key}" is not a string`);
    pairs[key] = value;
  }
  return pairs;
}

/** Those of one envelope, or of a sealer, which takes `more` options. */
export function checkedContexts(options: ContextOptions, more: readonly string[] = []) {
  const { encryptionContext, requiredEncryptionContext } = options;
  refuseOthers(options, ['requiredEncryptionContext', ...more]);
  return {
    stored: checkedContext(encryptionContext),
    required: checkedContext(requiredEncryptionContext, 'requiredEncryptionContext'),
  };
}

/** That which the opener of an envelope expects. It has required pairs, too: by another name nobody would miss those that an envelope does not have. */
export function expectedContext(options: ContextOptions): EncryptionContext | undefined {
  refuseOthers(options);
  return checkedContext(options.encryptionContext);
}

/** All that calls with a context take besides. */
const OPTIONS = ['encryptionContext', 'signal', 'onProgress', 'idleTimeout', 'size', 'start', 'end'];

/**
 * Without a context nothing is bound, and every envelope opens. So an option that no call has is a mistake: the pairs themselves in place of the
 * options, the name that the AWS SDK has for them, or required pairs by another name beside the stored ones.
 */
function refuseOthers(options: ContextOptions, more: readonly string[] = []): void {
  refuseStrays(options, [...OPTIONS, ...more], 'give the pairs as { encryptionContext }');
}

/** Whether a plain object may have this prototype: none, or some realm's Object.prototype. */
function isRoot(prototype: unknown): boolean {
  if (prototype === null) return true;
  // Not Object.create(pairs), where the pairs themselves have no prototype.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}

/** Describes an object that is not plain, with a key whose pair would be lost. */
function whatIs(context: object): string {
  for (let from: unknown = context; !isRoot(from); from = Object.getPrototypeOf(from)) {
    const key = from === context ? undefined : Reflect.ownKeys(from as object).find((one) => one !== 'constructor');
    if (key !== undefined) return `it is not one, and inherits "${String(key)}"`;
  }
  return 'it has a prototype of its own';
}
