import { createGlue, type Glue } from '#glue';
import { kindOf } from './bytes.js';
import { KmsealError, type KmsealErrorCode } from './errors.js';
import type { WasmSource } from './types.js';
import { compile, ownSource } from './wasm/compile.js';
import { faultOf } from './wasm/load-fault.js';

/** @internal One instantiation of the .wasm, with the glue that belongs to it. */
export interface Instance {
  readonly wasm: Glue;
  readonly memory: WebAssembly.Memory;
  /** It trapped: its memory can no longer be trusted. */
  dead: boolean;
}

let module: WebAssembly.Module | undefined;
let loading: Promise<void> | undefined;
let current: Instance | undefined;

/**
 * Loads the WebAssembly module, once for all. Calling it is optional; without a source the package knows where its `kmseal.wasm` is.
 * What comes from a URL is checked against the hash that the build pinned, so that a copy of another version, whose imports may have
 * the same names, is noticed; a Response, bytes and a module are taken as they are. A load that failed, or that has not ended after
 * 30 seconds, is not kept: the next call tries again. Once it is loaded, further calls do nothing, whatever they are given.
 *
 * @throws KmsealError ERR_LOAD, whose sentence says why
 */
export async function load(source?: WasmSource): Promise<void> {
  if (module) return;
  const own = ownSource(source);
  loading ??= compile(own)
    .then((compiled) => {
      // A module of another kind shows only now, and so does a policy in WebKit.
      current = instantiate(compiled);
      module = compiled;
    })
    .catch((cause: unknown) => {
      const fault = faultOf(cause);
      throw new KmsealError('ERR_LOAD', fault.message, { cause: fault });
    })
    .finally(() => {
      loading = undefined;
    });
  return loading;
}

/** @internal The living instance, made anew after a trap. */
export function instance(): Instance {
  if (!current || current.dead) {
    if (!module) throw new KmsealError('ERR_LOAD', 'the WebAssembly module is not loaded; await load() first');
    current = instantiate(module);
  }
  return current;
}

function instantiate(compiled: WebAssembly.Module): Instance {
  const wasm = createGlue();
  const exports = Object.values(wasm.initSync({ module: compiled }) as object) as unknown[];
  const memory = exports.find((one) => kindOf(one) === 'WebAssembly.Memory') as WebAssembly.Memory;
  return { wasm, memory, dead: false };
}

/** @internal Runs a call into wasm. After a trap the instance is discarded, and whatever was under way in it fails. */
export function call<T>(on: Instance, work: (wasm: Glue) => T): T {
  if (on.dead) throw internalError(undefined);
  try {
    return work(on.wasm);
  } catch (thrown) {
    throw translate(on, thrown);
  }
}

/** @internal Frees what lives in an instance; with a discarded one it is gone already. */
export function free(on: Instance, handle: { free(): void } | undefined): void {
  if (!on.dead) handle?.free();
}

function translate(on: Instance, thrown: unknown): unknown {
  if (isCoreError(thrown)) return kmsealError(thrown);
  if ((thrown as Partial<Error> | undefined)?.name === 'TypeError' || thrown instanceof KmsealError) return thrown;
  // A trap, an exhausted stack or anything else that unwound through wasm left its memory as it was in the middle.
  discard(on);
  return internalError(thrown);
}

/**
 * Nothing can be freed in it any more, so that what it holds, such as cached keys, would stay for as long as a handle of it does. The
 * handles' finalizers find nothing then.
 */
function discard(on: Instance): void {
  on.dead = true;
  new Uint8Array(on.memory.buffer).fill(0);
  on.wasm.discard();
}

/** @internal What the edge throws: `{ code, message }`. */
export function isCoreError(thrown: unknown): thrown is { code: KmsealErrorCode; message: string } {
  return kindOf(thrown) === 'Object' && 'code' in (thrown as object);
}

/** @internal What the edge threw, as users see it. */
export function kmsealError(thrown: unknown): unknown {
  return isCoreError(thrown) ? new KmsealError(thrown.code, thrown.message) : thrown;
}

function internalError(cause: unknown): KmsealError {
  const message = 'the WebAssembly module failed and was discarded; try again, and report this if it happens twice';
  return new KmsealError('ERR_INTERNAL', message, { cause });
}
