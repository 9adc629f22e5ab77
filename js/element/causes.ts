import type { Entry } from './files.js';
import type { KmsealFileTexts } from './texts.js';
import type { KmsealError, KmsealErrorCode } from '../index.js';
import type { LoadFaultKind } from '../wasm/load-fault.js';

/** A sentence about what went wrong, by the name of its text. */
type Cause = Extract<
  keyof KmsealFileTexts,
  | 'failedOne'
  | 'unchecked'
  | 'unreadable'
  | 'noRoom'
  | 'noConnection'
  | 'keyUnreachable'
  | 'keyRefused'
  | 'reload'
  | 'unsupported'
  | 'notReady'
>;

const BY_CODE: Partial<Record<KmsealErrorCode, Cause>> = {
  ERR_READ: 'unreadable',
  ERR_SOURCE_CHANGED: 'unreadable',
  ERR_STORAGE: 'noRoom',
  ERR_KEY_INVALID: 'keyRefused',
  ERR_KEY_UNSUPPORTED: 'keyRefused',
  ERR_KEY_ID: 'keyRefused',
  ERR_KEY_FINGERPRINT: 'keyRefused',
  ERR_CONTEXT: 'notReady',
  ERR_INSECURE_CONTEXT: 'notReady',
  ERR_CLOSED: 'notReady',
};

/** What a person can do if the .wasm did not load; the rest is for the page's authors. */
const BY_FAULT: Partial<Record<LoadFaultKind, Cause>> = {
  'no connection': 'noConnection',
  'no answer': 'noConnection',
  // The server has a different version of the page than this window.
  refused: 'reload',
  'a page': 'reload',
  'another file': 'reload',
  'another version': 'reload',
  'not valid': 'reload',
  'no WebAssembly': 'unsupported',
};

/** The sentence for a failure; the page's sealer may come from another copy of the package, so the class does not show it. */
export function causeOf({ error, check }: Entry): Cause {
  const { code, cause } = (error ?? {}) as Partial<KmsealError>;
  if (check && code !== 'ERR_READ') return 'unchecked';
  if (code !== 'ERR_LOAD') return BY_CODE[code!] ?? 'failedOne';
  if (isLoadFault(cause)) return BY_FAULT[cause.kind] ?? 'notReady';
  // The rest is about the key: without a cause, its location was never given.
  if (cause === undefined) return 'notReady';
  return navigator.onLine ? 'keyUnreachable' : 'noConnection';
}

const isLoadFault = (cause: unknown): cause is { kind: LoadFaultKind } =>
  (cause as Partial<Error> | undefined)?.name === 'LoadFault';
