import type { Chunk } from './bytes.js';

/** Not by `userAgentData`, which insecure pages do not have. */
export const isChromium = /Chrom(e|ium)\//.test(globalThis.navigator?.userAgent);

/** What is shorter, as frames' heads are, waits for the garbage collector: freeing it would take longer than it spares. */
const SMALL = 4096;

let sink: MessagePort | undefined;

/**
 * Frees the memory of bytes that nobody looks at any more. Garbage collection comes much later, so that at the speed of sealing
 * they would pile up, each in fresh memory that the system has to find and clear.
 */
export function letGo({ buffer }: Chunk): void {
  if (buffer.byteLength < SMALL) return;
  // What runs tests in a DOM of its own may call itself Chrome and hide Node's MessageChannel.
  if (!isChromium || !globalThis.MessageChannel) {
    (buffer as { transfer?: (length: number) => ArrayBuffer }).transfer?.(0); // ES2024
    return;
  }
  // Chromium keeps the memory of buffers that it made itself (a file's, SubtleCrypto's) even when they are transferred, unless they
  // are posted; what is posted to a port whose other end is closed is dropped at once.
  if (!sink) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    sink = port1;
  }
  sink.postMessage(undefined, [buffer]);
}

/** Bytes that may leave before the collector is called again. */
const LEFT_BEFORE_CALL = 1024 * 1024;

/**
 * Keeps what readers drop from piling up. Chromium collects young buffers when there are 64 MiB of them, and ten times the wasted
 * pages at the speed of sealing; it counts a buffer's length, touched or not. So one that is never touched, which costs no memory,
 * calls for the collector at every fifth of that.
 *
 * @param left bytes that have left since the last call
 * @returns the bytes to go on counting from
 */
export function callCollector(left: number): number {
  if (left < LEFT_BEFORE_CALL || !isChromium) return left;
  try {
    new ArrayBuffer(4 * left);
  } catch {
    // There is no room for it even after collecting.
  }
  return 0;
}
