import { KmsealError } from './errors.js';
import type { Engine } from './types.js';

/** Bytes of frames that are started together. */
const TOGETHER = 256 * 1024;
/** A hostile envelope has frames of one byte, each of which takes its time. */
const MOST_FRAMES = 256;

/** How many frames are started together. */
export function framesTogether(frameLength: number): number {
  return Math.max(1, Math.min(MOST_FRAMES, Math.floor(TOGETHER / frameLength)));
}

/** Turns of the promises' queue within which an answer counts as given within the call: who watches a page's calls adds some. */
const SOON = 8;

/** Whether an answer, good or bad, was given within the call. */
export async function isThere(answer: Promise<unknown>): Promise<boolean> {
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

/** Lets the event loop run. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
