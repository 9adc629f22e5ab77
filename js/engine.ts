import { KmsealError } from './errors.js';
import { type Instance, call } from './load.js';
import type { Engine } from './types.js';

/** Bytes of frames that are started together. */
const TOGETHER = 256 * 1024;

/** How many frames are started together. */
export function framesTogether(frameLength: number): number {
  return Math.max(1, Math.floor(TOGETHER / frameLength));
}

/** Turns of the promises' queue within which an answer counts as given within the call: who watches a page's calls adds some. */
const SOON = 8;

/** Whether an answer, good or bad, was given within the call. */
export async function isThere(answer: PromiseLike<unknown>): Promise<boolean> {
  let there = false;
  const note = () => {
    there = true;
  };
  answer.then(note, note);
  for (let turn = 0; turn < SOON && !there; turn++) await undefined;
  return there;
}

/** Whether frames go through SubtleCrypto. */
export function usesSubtleCrypto(engine: Engine): boolean {
  if (!['auto', 'webcrypto', 'wasm'].includes(engine)) throw new TypeError("engine must be 'auto', 'webcrypto' or 'wasm'");
  return engine !== 'wasm';
}

/** SubtleCrypto is there, or the sentence that helps. */
export function requireSubtleCrypto(): void {
  if (globalThis.crypto?.subtle) return;
  throw new KmsealError(
    'ERR_INSECURE_CONTEXT',
    "this page is not a secure context, so whoever can alter it can take the files: serve it over https or from localhost (engine: 'wasm' goes on regardless)",
  );
}

/** What a failure of SubtleCrypto means where it should have done its work. */
export function subtleCryptoError(cause?: unknown): KmsealError {
  const message = 'SubtleCrypto of this page gave a wrong answer or none: another script replaced crypto.subtle, or this machine forbids '
    + "AES-256-GCM (a FIPS mode); restore the platform's own, or choose engine: 'wasm'";
  return new KmsealError('ERR_PLATFORM', message, { cause });
}

type Usage = 'encrypt' | 'decrypt';

/** SubtleCrypto and what we call of it, as it gave the right answers. */
const proven: { [usage in Usage]?: readonly unknown[] } = {};

/** Fails unless SubtleCrypto gives what the .wasm's own cipher gives: tried once, and again when a script has replaced it since. */
async function proveSubtleCrypto(on: Instance, usage: Usage): Promise<void> {
  const { subtle } = crypto;
  const parts = [subtle, subtle.importKey, subtle[usage]];
  if (parts.every((part, at) => part === proven[usage]?.[at])) return;
  if (!(await call(on, (wasm) => wasm.subtleCryptoWorks(usage)))) throw subtleCryptoError();
  proven[usage] = parts;
}

/** A content key as a CryptoKey for one use, of a SubtleCrypto that works. */
export async function importKey(on: Instance, source: { importKey(): Promise<CryptoKey> }, usage: Usage): Promise<CryptoKey> {
  try {
    const [key] = await Promise.all([call(on, () => source.importKey()), proveSubtleCrypto(on, usage)]);
    return key;
  } catch (cause) {
    throw cause instanceof KmsealError ? cause : subtleCryptoError(cause);
  }
}

/** Lets the event loop run. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    // What runs tests in a DOM of its own hides Node's.
    if (!globalThis.MessageChannel) return void setTimeout(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
