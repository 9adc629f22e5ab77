import { wasmSource } from '#wasm-source';
import { kindOf, viewOf } from '../bytes.js';
import { withDeadline } from '../deadline.js';
import { LoadFault } from './load-fault.js';
import type { WasmSource } from '../types.js';

/** SHA-384 of the .wasm, put in by the build. */
declare const KMSEAL_INTEGRITY: string;
const INTEGRITY = KMSEAL_INTEGRITY;

// Not by instanceof: test environments and other windows have classes of their own.
const isModule = (source: object): source is WebAssembly.Module => kindOf(source) === 'WebAssembly.Module';
const isResponse = (source: object): source is Response => 'arrayBuffer' in source && 'headers' in source;
const isUrl = (source: object): source is URL => 'href' in source;
const isView = (source: object): source is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(source);

/** What load() was given; bytes are copied at the call. */
export function ownSource(source: WasmSource | undefined): WasmSource | undefined {
  if (source === undefined || typeof source === 'string') return source;
  const known = typeof source === 'object' && source !== null && (isModule(source) || isResponse(source) || isUrl(source));
  return known ? source : viewOf(source, 'source').slice();
}

/** Compiles the .wasm. What comes from a URL, and the package's own bytes, must have the hash that the build pinned. */
export async function compile(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined') throw new LoadFault('no WebAssembly');
  if (source === undefined) return compileOwn();
  if (typeof source === 'string') return compileUrl(absolute(source));
  if (isModule(source)) return source;
  if (isResponse(source)) return compileResponse(source);
  return isView(source) ? compileBytes(source) : compileUrl(source as URL);
}

/** Handed on as it is: Next's edge runtime in development wraps every call of compile() in a function in which no await can stand. */
const compileBytes = (bytes: BufferSource): Promise<WebAssembly.Module> => WebAssembly.compile(bytes);

async function compileOwn(): Promise<WebAssembly.Module> {
  let source;
  try {
    // One of three, by the way the script was built.
    source = (wasmSource as () => URL | Uint8Array<ArrayBuffer> | WebAssembly.Module)();
  } catch (cause) {
    // A classic script has no import.meta.url that the address could be made of.
    throw new LoadFault('no address', { cause });
  }
  if (isView(source)) return genuine(source).then(compileBytes);
  return isModule(source) ? source : compileUrl(source);
}

/** A URL as text, in pages relative to theirs. */
function absolute(url: string): URL {
  try {
    return new URL(url, globalThis.location?.href);
  } catch (cause) {
    throw new LoadFault('not a URL', { url, cause });
  }
}

async function compileUrl(url: URL): Promise<WebAssembly.Module> {
  if (url.protocol === 'file:') return readFile(url).then(genuine).then(compileBytes);
  return withDeadline(async (signal) => {
    let response;
    try {
      response = await fetch(url, { credentials: 'same-origin', integrity: INTEGRITY, signal });
    } catch (cause) {
      // A hash that does not fit hides even the status.
      throw await whyNot(url, cause, signal);
    }
    return compileResponse(response);
  });
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const { url, status } = response;
  if (!response.ok) throw new LoadFault('refused', { url, status });
  // Exactly this: with a parameter behind it compileStreaming refuses.
  const streams = response.headers.get('content-type') === 'application/wasm' && 'compileStreaming' in WebAssembly;
  try {
    if (streams) return await WebAssembly.compileStreaming(response);
  } catch (error) {
    // The engine knows its own class only, and a polyfill may have put another in its place. Then nothing was read.
    if (response.bodyUsed) throw error;
  }
  return response.arrayBuffer().then(compileBytes);
}

/** The file as Node reads it, whose fetch reads none, or as a page of a file: URL may where its browser allows that (Electron, Cordova). */
async function readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  // getBuiltinModule leaves nothing for a bundler to resolve.
  const node = (globalThis.process as NodeJS.Process | undefined)?.getBuiltinModule?.('node:fs/promises');
  try {
    return (node ? await node.readFile(url) : new Uint8Array(await (await fetch(url)).arrayBuffer())) as Uint8Array<ArrayBuffer>;
  } catch (cause) {
    throw new LoadFault(node ? 'no file' : 'file page', { url: url.href, cause });
  }
}

/** The bytes, if they have the hash that the build pinned. Where nothing can hash, which no server lacks, they are taken as they are. */
async function genuine(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle && !(await hasPinnedHash(subtle, bytes))) throw new LoadFault('another version');
  return bytes;
}

async function hasPinnedHash(subtle: SubtleCrypto, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const hash = new Uint8Array(await subtle.digest('SHA-384', bytes));
  return INTEGRITY.endsWith(`-${btoa(String.fromCharCode(...hash))}`);
}

/** Asks again without the hash, to find out what came in the file's place. */
async function whyNot(url: URL, cause: unknown, signal: AbortSignal): Promise<LoadFault> {
  const { href } = url;
  let response;
  let bytes;
  try {
    response = await fetch(url, { credentials: 'same-origin', signal });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch {
    return new LoadFault('no connection', { url: href, cause });
  }
  const { ok, status } = response;
  if (!ok) return new LoadFault('refused', { url: href, status, cause });
  const start = new TextDecoder().decode(bytes.subarray(0, 1024)).trimStart();
  if (start.startsWith('<')) return new LoadFault('a page', { url: href, cause });
  return new LoadFault(start.startsWith('\0asm') ? 'another version' : 'another file', { url: href, cause });
}
