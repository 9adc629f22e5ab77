import { shown } from '../io/shown-url.js';

/** Why the .wasm could not be loaded. */
export type LoadFaultKind = keyof typeof SENTENCES;

interface Details extends ErrorOptions {
  url?: string;
  status?: number;
}

/** What to do if the file is missing: with bundlers that need a line, the line (docs/hosting.md). Two of them can be recognized from the page. */
function missing({ url = '', status }: Details): string {
  if (url.includes('/.angular/') || globalThis.document?.querySelector?.('[ng-version]')) {
    return `in angular.json add to "assets" { "glob": "${KMSEAL_WASM}", "input": "node_modules/kmseal/dist", "output": "/" }`;
  }
  if (url.includes('/.vite/deps/')) {
    return "Vite bundled kmseal for development and left the file out: set optimizeDeps: { exclude: ['kmseal'] } in vite.config";
  }
  if (status === 403 && url.includes('/@fs/'))
    return 'Vite shows no file from there: add the folder of node_modules to server.fs.allow in vite.config';
  return (
    `let the build copy ${KMSEAL_WASM} there (with Rollup: @web/rollup-plugin-import-meta-assets; with esbuild: ` +
    `--loader:.wasm=file, import url from 'kmseal/${KMSEAL_WASM}' and load(url)), or give its URL to ${KMSEAL_LOAD}`
  );
}

/** What to do about a fetch that failed: its own error does not say why. */
export const UNREACHED =
  '; check the connection, then the Content-Security-Policy (connect-src) and, for another origin, CORS';

/** Bundles for servers hold the .wasm, unless they were built as for a page. */
const FOR_SERVERS = 'for a server bundle with the condition node (esbuild: --platform=node)';

/** What is wrong, then what to do; docs/hosting.md says more of each. */
const SENTENCES = {
  'no WebAssembly': () =>
    'WebAssembly is off here; allow it for this site (Lockdown Mode), or start Node without --jitless',
  'no address': () =>
    `this bundle does not know where ${KMSEAL_WASM} is, since classic scripts have no import.meta.url; give its URL or its bytes to ${KMSEAL_LOAD} ` +
    `(with esbuild: --loader:.wasm=binary, import bytes from 'kmseal/${KMSEAL_WASM}' and load(bytes)), or build an ES module; ${FOR_SERVERS}`,
  'not a URL': ({ url }: Details) =>
    `"${url}" is not a URL, or is a relative one and has no base here; give ${KMSEAL_LOAD} an absolute URL, or nothing on a server`,
  refused: (details: Details) => `${details.url} answered with status ${details.status}; ${missing(details)}`,
  'a page': (details: Details) => `${details.url} is an HTML page and not ${KMSEAL_WASM}; ${missing(details)}`,
  'another file': ({ url }: Details) =>
    `${url} is not a WebAssembly file; serve ${KMSEAL_WASM} there as it is in the package`,
  'another version': ({ url = KMSEAL_WASM }: Details) =>
    `${url} is of another version, or came cut short; reload the page, and after a deployment keep the old files or call ${KMSEAL_LOAD} when the page starts`,
  'no connection': ({ url }: Details) => `${url} could not be fetched${UNREACHED}`,
  'no answer': () => `${KMSEAL_WASM} did not come within 30 seconds; check the connection, then try again`,
  'no file': ({ url }: Details) =>
    `${url} could not be read; give the right path to ${KMSEAL_LOAD}, or nothing; ${FOR_SERVERS}`,
  'file page': ({ url }: Details) =>
    `this page may not read ${url}, since its own URL begins with file:; give the bytes of ${KMSEAL_WASM} to ${KMSEAL_LOAD}`,
  policy: () => "the Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src",
  'not valid': () => `${KMSEAL_WASM} came damaged or cut short; serve it as it is in the package, then try again`,
} satisfies Record<string, (details: Details) => string>;

/** The cause of every ERR_LOAD. */
export class LoadFault extends Error {
  override readonly name = 'LoadFault';
  readonly kind: LoadFaultKind;
  readonly status: number | undefined;

  constructor(kind: LoadFaultKind, details: Details = {}) {
    const { url } = details;
    super(SENTENCES[kind](url === undefined ? details : { ...details, url: shown(url) }), details);
    this.kind = kind;
    this.status = details.status;
  }
}

/** The error if something could not be compiled or instantiated. */
export function faultOf(cause: unknown): LoadFault {
  if (cause instanceof LoadFault) return cause;
  if ((cause as Partial<Error> | undefined)?.name === 'TimeoutError') return new LoadFault('no answer', { cause });
  // Chromium 156, Firefox 153 and WebKit 2.50 name the policy in three ways.
  const policy = /Content.Security.Policy|\bCSP\b|unsafe-eval/i.test(
    String((cause as Partial<Error> | undefined)?.message),
  );
  return new LoadFault(policy ? 'policy' : 'not valid', { cause });
}
