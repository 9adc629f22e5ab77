import { wasmSource } from '#wasm-source';
import { tagOf, viewOf } from '../io/bytes.js';
import { withDeadline } from '../io/deadline.js';
import { LoadFault } from './load-fault.js';
import type { WasmSource } from './source.js';

/** SHA-384 of the .wasm, and its name, put in by the build. */
declare const KMSEAL_INTEGRITY: string;
const INTEGRITY = KMSEAL_INTEGRITY;

// Not by instanceof: test environments and other windows have classes of their own.
const isModule = (source: object): source is WebAssembly.Module => tagOf(source) === 'WebAssembly.Module';
const isResponse = (source: object): source is Response => 'arrayBuffer' in source && 'headers' in source;
const isUrl = (source: object): source is URL => 'href' in source;
const isView = (source: object): source is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(source);

/** The argument of load(); bytes are copied at the call. */
export function ownSource(source: WasmSource | undefined): WasmSource | undefined {
  if (source === undefined || typeof source === 'string') return source;
  const known =
    typeof source === 'object' && source !== null && (isModule(source) || isResponse(source) || isUrl(source));
  return known ? source : viewOf(source, 'source').slice();
}

/** Compiles the .wasm. A URL's answer, and the package's own bytes, must have the hash that the build pinned. */
export async function compile(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined') throw new LoadFault('no WebAssembly');
  if (source === undefined) return compileOwn();
  if (typeof source === 'string') return compileUrl(absolute(source));
  if (isModule(source)) return source;
  if (isResponse(source)) return compileResponse(source);
  return isView(source) ? compileBytes(source) : compileUrl(source as URL);
}

/** Handed on as it is: Next's edge runtime in development wraps every call of compile() in a function that cannot await. */
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
  return isModule(source) ? source : compileAt(source);
}

/**
 * From beside the script; or from beside the page, where a bundler gave the script an address that the server does not have: webpack, told
 * to leave URLs alone, writes the build machine's path. The CLI of Angular bundles dependencies for development into `vite/deps/` and,
 * with Vite before version 8, leaves the file out.
 */
async function compileAt(url: URL): Promise<WebAssembly.Module> {
  const page = globalThis.document?.baseURI;
  if (!page?.startsWith('http')) return compileUrl(url);
  const besidePage = new URL(KMSEAL_WASM, page);
  if (url.protocol === 'file:' && !nodeFiles()) return compileUrl(besidePage);
  if (!url.pathname.includes('vite/deps/')) return compileUrl(url);
  return compileUrl(url).catch((fault: unknown) =>
    compileUrl(besidePage).catch(() => {
      throw fault;
    }),
  );
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
      // A wrong hash hides even the status.
      return compileBytes(await fetchAgain(url, cause, signal));
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
    // The engine knows its own class only, and a polyfill may have replaced it. Then nothing was read.
    if (response.bodyUsed) throw error;
  }
  return response.arrayBuffer().then(compileBytes);
}

/** Node's files; getBuiltinModule leaves nothing for a bundler to resolve. */
const nodeFiles = () => (globalThis.process as NodeJS.Process | undefined)?.getBuiltinModule?.('node:fs/promises');

/** The file as Node reads it, whose fetch reads none, or as a page of a file: URL may where its browser allows that (Electron, Cordova). */
async function readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const node = nodeFiles();
  try {
    return (
      node ? await node.readFile(url) : new Uint8Array(await (await fetch(url)).arrayBuffer())
    ) as Uint8Array<ArrayBuffer>;
  } catch (cause) {
    throw new LoadFault(node ? 'no file' : 'file page', { url: url.href, cause });
  }
}

/** The bytes, if they have the hash that the build pinned. Without SubtleCrypto, which every server has, they are accepted as they are. */
async function genuine(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if ((await hasPinnedHash(bytes)) === false) throw new LoadFault('another version');
  return bytes;
}

/** Undefined without SubtleCrypto. */
async function hasPinnedHash(bytes: Uint8Array<ArrayBuffer>): Promise<boolean | undefined> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) return undefined;
  const hash = new Uint8Array(await subtle.digest('SHA-384', bytes));
  return INTEGRITY.endsWith(`-${btoa(String.fromCharCode(...hash))}`);
}

/**
 * Requests it again, past the HTTP cache, which may have kept the file of an older version under the same name: a reload of the page would leave it
 * there. The request is without the hash, to find out what arrives instead of the file.
 */
async function fetchAgain(url: URL, cause: unknown, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const { href } = url;
  let response;
  let bytes;
  try {
    response = await fetch(url, { credentials: 'same-origin', cache: 'reload', signal });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new LoadFault('no connection', { url: href, cause });
  }
  const { ok, status } = response;
  if (!ok) throw new LoadFault('refused', { url: href, status, cause });
  if (await hasPinnedHash(bytes)) return bytes;
  const start = new TextDecoder().decode(bytes.subarray(0, 1024)).trimStart();
  if (start.startsWith('<')) throw new LoadFault('a page', { url: href, cause });
  throw new LoadFault(start.startsWith('\0asm') ? 'another version' : 'another file', { url: href, cause });
}
