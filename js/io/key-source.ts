import type { Glue, PublicKey } from '#glue';
import { instance } from '../load.js';
import { isBlob, isBytes, viewOf } from './bytes.js';

/** A key as it was given, to import again, should the wasm instance be lost. */
export type KeySource = string | Uint8Array<ArrayBuffer>;

/** Read once, so that no getter runs inside wasm and later changes have no effect. An object is read as its JSON is. */
export function copyOf(source: unknown): KeySource | Promise<KeySource> {
  if (typeof source === 'string') return source;
  if (isBytes(source)) return viewOf(source, 'source').slice();
  if (isBlob(source)) return source.arrayBuffer().then((bytes) => new Uint8Array(bytes));
  const json =
    typeof source === 'object'
      ? JSON.stringify(source, (_, value: unknown) => (isBytes(value) ? [...viewOf(value, 'PublicKey')] : value))
      : '';
  // Promises and other values that are not data are {} there, and null is null.
  if (json.length > 4) return json;
  throw new TypeError("source must be GetPublicKey's answer, a string, bytes or a Blob");
}

/** What pins a key, as a list. */
export function listOf(given: unknown, name: string): string[] {
  if (given === undefined) return [];
  const list: unknown[] = Array.isArray(given) ? [...given] : [given];
  // An empty list would pin nothing.
  if (list.length > 0 && list.every((item) => typeof item === 'string')) return list;
  throw new TypeError(`${name} must be a string, or a list of at least one`);
}

/** A key in the living instance: imported again where that is another one. */
export class KeyHandle {
  readonly #make: (wasm: Glue) => PublicKey;
  #made: { wasm: Glue; key: PublicKey } | undefined;

  constructor(make: (wasm: Glue) => PublicKey) {
    this.#make = make;
  }

  get(): PublicKey {
    const wasm = instance();
    if (this.#made?.wasm !== wasm) this.#made = { wasm, key: this.#make(wasm) };
    return this.#made.key;
  }
}
