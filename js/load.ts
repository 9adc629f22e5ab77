import { createGlue, type Glue } from '#glue';
import { viewOf } from './bytes.js';
import { KmsealError, type KmsealErrorCode } from './errors.js';
import type { Bytes } from './types.js';

/** SHA-384 of the .wasm, put in by the build. */
declare const KMSEAL_INTEGRITY: string;

/** @internal One instantiation of the .wasm, with the glue that belongs to it. */
export interface Instance {
  readonly wasm: Glue;
  /** It trapped: its memory can no longer be trusted. */
  dead: boolean;
}

let module: WebAssembly.Module | undefined;
let loading: Promise<void> | undefined;
let current: Instance | undefined;

/**
 * Loads the WebAssembly module, once for all. Calling it is optional; without a source it is `kmseal.wasm` beside this
 * module. What comes from a URL is checked against the hash that the build pinned, so that a copy of another version, whose
 * imports may bear the same names, is noticed; a Response, bytes and a module are taken as they are. A failed load is not
 * kept: the next call tries again. Once it is loaded, further calls do nothing, whatever they are given.
 *
 * @throws KmsealError ERR_LOAD
 */
export async function load(source?: string | URL | Response | Bytes | WebAssembly.Module): Promise<void> {
  if (module) return;
  const checked = source === undefined || typeof source === 'string' || isSource(source) ? source : viewOf(source, 'source');
  loading ??= compile(checked)
    .then((compiled) => {
      // Another module, or a page whose policy forbids WebAssembly, shows only now.
      current = instantiate(compiled);
      module = compiled;
    })
    .catch((cause: unknown) => {
      const hint = 'check that kmseal.wasm is served beside the script and that the Content-Security-Policy allows wasm-unsafe-eval';
      throw new KmsealError('ERR_LOAD', `the WebAssembly module could not be loaded; ${hint}`, { cause });
    })
    .finally(() => {
      loading = undefined;
    });
  return loading;
}

function isSource(source: object): source is URL | Response | WebAssembly.Module {
  return source instanceof URL || source instanceof Response || source instanceof WebAssembly.Module;
}

async function compile(source: string | URL | Response | Uint8Array<ArrayBuffer> | WebAssembly.Module | undefined) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof Response) return compileResponse(source);
  // Named in one expression, so that bundlers see it and emit the file.
  if (source === undefined) return compileUrl(new URL('./kmseal.wasm', import.meta.url));
  if (typeof source === 'string' || source instanceof URL) return compileUrl(new URL(source, globalThis.location?.href));
  return WebAssembly.compile(source);
}

async function compileUrl(url: URL): Promise<WebAssembly.Module> {
  if (url.protocol === 'file:') {
    // Node's fetch reads no files; getBuiltinModule leaves nothing for a bundler to resolve.
    const { readFile } = globalThis.process.getBuiltinModule('node:fs/promises');
    return WebAssembly.compile(await readFile(url));
  }
  return compileResponse(await fetch(url, { credentials: 'same-origin', integrity: KMSEAL_INTEGRITY }));
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  // Exactly this: with a parameter behind it compileStreaming refuses.
  const streams = response.headers.get('content-type') === 'application/wasm';
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
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
  wasm.initSync({ module: compiled });
  return { wasm, dead: false };
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
  if (isCoreError(thrown)) return new KmsealError(thrown.code, thrown.message);
  if (thrown instanceof TypeError || thrown instanceof KmsealError) return thrown;
  // A trap, an exhausted stack or anything else that unwound through wasm left its memory as it was in the middle.
  on.dead = true;
  return internalError(thrown);
}

/** @internal What the edge throws: `{ code, message }`. */
export function isCoreError(thrown: unknown): thrown is { code: KmsealErrorCode; message: string } {
  return typeof thrown === 'object' && thrown !== null && !(thrown instanceof Error) && 'code' in thrown;
}

function internalError(cause: unknown): KmsealError {
  const message = 'the WebAssembly module failed and was discarded; try again, and report this if it happens twice';
  return new KmsealError('ERR_INTERNAL', message, { cause });
}
