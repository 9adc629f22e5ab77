import type { Glue } from '#glue';
import { KmsealError } from '../errors.js';
import { openChannel } from '../io/browser.js';

/** Bytes of frames that are started together. */
const TOGETHER_BYTES = 262_144; // 256 KiB

/** How many frames are started together. */
export function framesTogether(frameLength: number): number {
  return Math.max(1, Math.floor(TOGETHER_BYTES / frameLength));
}

/** Whether frames go through SubtleCrypto. */
export function usesSubtleCrypto(engine: 'webcrypto' | 'wasm'): boolean {
  if (!['webcrypto', 'wasm'].includes(engine)) throw new TypeError("engine must be 'webcrypto' or 'wasm'");
  return engine !== 'wasm';
}

/** The line that gives a test environment SubtleCrypto; docs/hosting.md has it, too. */
const SET_UP =
  "Object.defineProperty(globalThis, 'crypto', { value: process.getBuiltinModule('node:crypto').webcrypto })";

/** Throws, with a remedy, unless there is a SubtleCrypto. */
export function requireSubtleCrypto(): void {
  if (globalThis.crypto?.subtle) return;
  // Every browser sets this for a page. Test environments do not have the property.
  const insecure = globalThis.isSecureContext === false;
  throw new KmsealError(
    'ERR_INSECURE_CONTEXT',
    insecure
      ? "this page is not a secure context, so anyone who can alter it can take the files; serve it over https or from localhost (engine: 'wasm' works regardless)"
      : `there is no SubtleCrypto here, as in jsdom: add to the set-up file of your tests ${SET_UP} (engine: 'wasm' does not need it)`,
  );
}

/** The error for an ECC key where SubtleCrypto is not to be used. */
export function agreementError(keySpec: string): KmsealError {
  const message = `engine 'wasm' cannot seal for a key of ${keySpec}: the key agreement is SubtleCrypto's; use the engine 'webcrypto' on a page served over https, or an RSA key`;
  return new KmsealError('ERR_KEY_UNSUPPORTED', message);
}

/** The error for a failure of SubtleCrypto where it should have worked. */
export function subtleCryptoError(cause?: unknown): KmsealError {
  const message =
    'SubtleCrypto of this page gave a wrong answer or none: another script replaced crypto.subtle, or this machine forbids ' +
    "AES-256-GCM (a FIPS mode); restore the platform's own, or choose engine: 'wasm'";
  return new KmsealError('ERR_PLATFORM', message, { cause });
}

type Usage = 'encrypt' | 'decrypt';

/** SubtleCrypto and the functions that we call, as they gave the right answers. */
const proven: { [usage in Usage]?: readonly unknown[] } = {};

/** Fails unless SubtleCrypto gives the same as the .wasm's own cipher: tried once, and again when a script has replaced it since. */
async function proveSubtleCrypto(wasm: Glue, usage: Usage): Promise<void> {
  const { subtle } = crypto;
  const parts = [subtle, subtle.importKey, subtle[usage]];
  if (parts.every((part, at) => part === proven[usage]?.[at])) return;
  if (!(await wasm.subtleCryptoWorks(usage))) throw subtleCryptoError();
  proven[usage] = parts;
}

/** A content key as a CryptoKey for one use, of a working SubtleCrypto. */
export async function importKey(
  wasm: Glue,
  source: { importKey(): Promise<CryptoKey> },
  usage: Usage,
): Promise<CryptoKey> {
  try {
    const [key] = await Promise.all([source.importKey(), proveSubtleCrypto(wasm, usage)]);
    return key;
  } catch (cause) {
    throw cause instanceof KmsealError ? cause : subtleCryptoError(cause);
  }
}

/** Lets the event loop run. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const channel = openChannel();
    if (!channel) return void setTimeout(resolve);
    const { port1, port2 } = channel;
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
