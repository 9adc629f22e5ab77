/**
 * Experimental: what encapsulates for ML-KEM keys. The main entry loads it with the first such key.
 *
 * @module kmseal/ml-kem
 */
import { KmsealError } from './errors.js';
import type { Chunk } from './io/bytes.js';
import { type Encapsulated, encapsulateBy } from './ml-kem/crate.js';
import { encapsulateBits, hasMlKem } from './ml-kem/subtle.js';
import { compile, ownSource } from './wasm/compile.js';
import { faultOf } from './wasm/load-fault.js';
import type { WasmSource } from './wasm/source.js';

let loading: Promise<WebAssembly.Module> | undefined;

/**
 * Loads `ml-kem.wasm`, as `load` of the main entry loads `kmseal.wasm`: for bundles that do not know where it is. It is not needed where
 * SubtleCrypto has ML-KEM. Once it is loaded, further calls do nothing.
 *
 * @throws KmsealError ERR_LOAD, whose sentence says why
 */
export async function load(source?: WasmSource): Promise<void> {
  await loaded(source);
}

async function loaded(source?: WasmSource): Promise<WebAssembly.Module> {
  const own = ownSource(source);
  loading ??= compiled(own);
  return loading.catch((cause: unknown) => {
    // The next call tries again.
    loading = undefined;
    throw cause;
  });
}

async function compiled(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  try {
    const module = await compile(source);
    // A wrong module is noticed only now.
    new WebAssembly.Instance(module);
    return module;
  } catch (cause) {
    const fault = faultOf(cause);
    throw new KmsealError('ERR_LOAD', fault.message, { cause: fault });
  }
}

/** @internal Makes ready what encapsulates for keys of a spec. */
export async function ready(keySpec: string): Promise<void> {
  if (!(await hasMlKem(keySpec))) await loaded();
}

/**
 * @internal A secret for an encapsulation key, by SubtleCrypto if it can, else by the crate.
 *
 * @throws KmsealError ERR_LOAD, ERR_PLATFORM, ERR_INTERNAL
 */
export async function encapsulate(
  keySpec: string,
  publicKey: Chunk,
  randomBytes: (length: number) => Chunk,
): Promise<Encapsulated> {
  if (await hasMlKem(keySpec)) return encapsulateBits(keySpec, publicKey);
  return encapsulateBy(await loaded(), publicKey, randomBytes);
}
