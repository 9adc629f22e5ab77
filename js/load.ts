import { createGlue, type Glue } from '#glue';
import { randomBytes } from '#random';
import { KmsealError } from './errors.js';
import { evenIfLeft } from './io/left.js';
import { compile, ownSource } from './wasm/compile.js';
import { faultOf } from './wasm/load-fault.js';
import type { WasmSource } from './wasm/source.js';

let compiledModule: WebAssembly.Module | undefined;
let loading: Promise<void> | undefined;
let current: Glue | undefined;

/**
 * Loads the WebAssembly module once. Calling it is optional; without a source the package knows where its `kmseal.wasm` is.
 * The answer of a URL is checked against the hash that the build pinned, so that a copy of another version, whose imports may have
 * the same names, is noticed; a Response, bytes and a module are used as they are. A load that failed, or that has not ended after
 * 30 seconds, is not cached: the next call tries again. Once it is loaded, further calls do nothing, whatever their argument.
 *
 * @throws KmsealError ERR_LOAD, whose sentence says why
 */
export async function load(source?: WasmSource): Promise<void> {
  if (compiledModule) return;
  const own = ownSource(source);
  loading ??= evenIfLeft(() => compile(own))
    .then((compiled) => {
      // A wrong module is noticed only now, and so is a policy in WebKit 2.50.
      current = instantiate(compiled);
      compiledModule = compiled;
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

/** @internal The glue of the live instance, which is a fresh one after a trap. */
export function instance(): Glue {
  if (!current) {
    if (!compiledModule) throw new KmsealError('ERR_LOAD', 'the WebAssembly module is not loaded; await load() first');
    current = instantiate(compiledModule);
  }
  return current;
}

/** @internal Whether what this glue gave can still be used. */
export function isLiving(wasm: Glue): boolean {
  return wasm === current;
}

/**
 * One instantiation of the .wasm, with its own glue. Every call into it is guarded: what unwinds through it, a trap, an exhausted stack
 * or anything else, leaves its memory as it was in the middle. The instance is then discarded, and all work in progress in it fails. What
 * the core refuses comes out as a return value, which the glue throws.
 */
function instantiate(compiled: WebAssembly.Module): Glue {
  const glue = createGlue({ KmsealError, randomBytes });
  const { exports } = new WebAssembly.Instance(compiled, glue.imports);
  const guarded: WebAssembly.Exports = {};

  /**
   * Nothing can be freed in it any more, so that what it holds, such as cached keys, would stay for as long as a handle of it does. It is
   * wiped, the views that the glue keeps are detached, and what frees, as the finalizers of handles do, does nothing from now on.
   */
  function discard(cause: unknown): unknown {
    // For a call within a call this is the second time.
    if (cause instanceof KmsealError) return cause;
    const memory = exports[glue.memory] as WebAssembly.Memory;
    new Uint8Array(memory.buffer).fill(0);
    memory.grow(0);
    const fail = () => {
      throw internalError();
    };
    for (const name of Object.keys(guarded)) guarded[name] = glue.frees.includes(name) ? () => {} : fail;
    if (current === glue) current = undefined;
    return internalError(cause);
  }

  const guard =
    (call: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) => {
      try {
        return call(...args);
      } catch (cause) {
        throw discard(cause);
      }
    };
  for (const [name, value] of Object.entries(exports)) {
    guarded[name] = typeof value === 'function' ? guard(value as () => unknown) : value;
  }
  glue.__wbg_set_wasm(guarded);
  // Another module has no such function.
  glue.Body.headLength();
  return glue;
}

function internalError(cause?: unknown): KmsealError {
  const message = 'the WebAssembly module failed and was discarded; try again, and report this if it happens twice';
  return new KmsealError('ERR_INTERNAL', message, { cause });
}
