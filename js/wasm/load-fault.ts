/** Why the .wasm is not there. */
export type LoadFaultKind = keyof typeof SENTENCES;

interface Details extends ErrorOptions {
  url?: string;
  status?: number;
}

/** What to do where the file is not: Vite's development server needs a line of configuration before version 8. */
const missing = (url = '') =>
  url.includes('/.vite/deps/')
    ? "Vite bundled kmseal for development and left the file out: set optimizeDeps: { exclude: ['kmseal'] } in vite.config"
    : 'let the build copy kmseal.wasm there, or give its URL to load()';

/** What is wrong, then what to do; docs/hosting.md says more of each. */
const SENTENCES = {
  'no WebAssembly': () => 'this browser has no WebAssembly, which the Lockdown Mode of iOS and macOS turns off; allow it for this site, or use another browser',
  'no address': () => "this bundle does not know where kmseal.wasm is, since classic scripts have no import.meta.url; give its URL or its bytes to load()",
  'not a URL': ({ url }: Details) => `"${url}" is not a URL, or is relative where nothing says to what; give load() an absolute URL, or nothing on a server`,
  refused: ({ url, status }: Details) => `${url} answered with status ${status}; ${missing(url)}`,
  'a page': ({ url }: Details) => `${url} is an HTML page and not kmseal.wasm; ${missing(url)}`,
  'another file': ({ url }: Details) => `${url} is not a WebAssembly file; serve kmseal.wasm there as it is in the package`,
  'another version': ({ url = 'kmseal.wasm' }: Details) =>
    `${url} is of another version than this script, or came cut short; reload the page, and after a deployment keep the old files or call load() when the page starts`,
  'no connection': ({ url }: Details) =>
    `${url} could not be fetched; check the connection, then the Content-Security-Policy (connect-src) and, for another origin, CORS`,
  'no answer': () => 'kmseal.wasm did not come within 30 seconds; check the connection, then try again',
  'no file': ({ url }: Details) => `${url} could not be read; give the right path to load(), or nothing`,
  'file page': ({ url }: Details) => `this page may not read ${url}, since its own URL is of file:; give the bytes of kmseal.wasm to load()`,
  policy: () => "the Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src",
  'not valid': () => 'kmseal.wasm came damaged or cut short; serve it as it is in the package, then try again',
} satisfies Record<string, (details: Details) => string>;

/** The cause of every ERR_LOAD. */
export class LoadFault extends Error {
  override readonly name = 'LoadFault';
  readonly kind: LoadFaultKind;
  readonly status: number | undefined;

  constructor(kind: LoadFaultKind, details: Details = {}) {
    super(SENTENCES[kind](details), details);
    this.kind = kind;
    this.status = details.status;
  }
}

/** What it means that something could not be compiled or instantiated. */
export function faultOf(cause: unknown): LoadFault {
  if (cause instanceof LoadFault) return cause;
  if ((cause as Partial<Error> | undefined)?.name === 'TimeoutError') return new LoadFault('no answer', { cause });
  // Chromium 156, Firefox 153 and WebKit 2.50 name the policy in three ways.
  const policy = /Content.Security.Policy|\bCSP\b|unsafe-eval/i.test(String((cause as Partial<Error> | undefined)?.message));
  return new LoadFault(policy ? 'policy' : 'not valid', { cause });
}
