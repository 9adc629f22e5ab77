// What we do differently in Chromium, Firefox and WebKit, and why: each with the version in which it was seen, so that it can be looked at
// again. Where a browser is recognized by its name and not by what it can do, that is here alone. What takes no more than a line of other
// code stays beside it:
// - js/element/explainer.ts asks in an older way what is visible: checkVisibility() is of Chromium 105, Firefox 106, Safari 17.4;
// - js/element/files.ts seals again in a page that was left and is shown again: what was running there never ends in Firefox 153;
// - js/element/folders.ts lists a folder in several steps, which Chromium 156 needs from 101 entries on;
// - js/element/form.ts shows states only where `:state()` is known: Chromium 125, Firefox 126, Safari 17.4;
// - js/element/guard.ts holds form.submit() back by a navigate event, which names its form in Chromium 135, Firefox 147, Safari 26.2;
// - js/element/view.ts gives a list its role, which Safari, since 2015, takes from lists without bullets;
// - js/io/bytes.ts asks a view by indexOf(): keys() does not always throw in WebKit 2.50;
// - js/io/chunks.ts falls back where a Blob has no byte stream, as in a Chromium of 100;
// - js/io/left.ts loads key and .wasm again in a page that was left and is shown again: in Firefox 153 they may never come;
// - js/load.ts instantiates before it calls a load done: WebKit 2.50 tells of a policy only then;
// - js/s3/ask.ts knows how Chromium 156, Firefox 153 and WebKit 2.50 word JSON that ended early;
// - js/s3/exchange.ts caps progress: WebKit 2.50 counts on where it repeats a request;
// - js/s3/progress.ts reports more rarely than WebKit 2.50 does;
// - js/sealed-file.ts says which changes of a file Chromium 156 and Firefox 153 do not notice;
// - js/uploads/keeper.ts gives uploads up when a page is left: Chromium 156 would keep its locks, and WebKit 2.50 takes them;
// - js/wasm/load-fault.ts knows how Chromium 156, Firefox 153 and WebKit 2.50 word a refused WebAssembly;
// - wasm/src/engine.rs keeps empty frames from SubtleCrypto, on which Safari's failed in 2020.
import type { Chunk } from './bytes.js';

/** Not by `userAgentData`, which insecure pages do not have. */
const saysChromium = () => /Chrom(e|ium)\//.test(globalThis.navigator?.userAgent);
const isChromium = /* @__PURE__ */ saysChromium();

/**
 * Blobs are read through a byte stream in Chromium, which is faster there (156). Elsewhere that is no faster (Firefox 153), slower (Node), or
 * not there (WebKit 2.50). It needs two things:
 * - its readers must be held while they read: Chromium 156 collects them otherwise, and the read never ends;
 * - it keeps reading a file that was deleted or rewritten, which a fresh slice of the file does not.
 *
 * (An empty file is read whole in every browser: one that was deleted before anybody looked at it has 0 bytes in Chromium 156,
 * and its slices can be read.)
 */
export const STREAMS_BLOBS = isChromium;

/**
 * Empty files that could not be read, which nobody reads again. WebKitGTK 2.50 asks for a file's size when somebody wants it. If the file is away
 * then, it has 0 bytes for good, and once the file is back, it is read as empty without an error.
 */
export const UNREADABLE = /* @__PURE__ */ new WeakSet<Blob>();

/**
 * The same bytes as a Blob of this window. One of another window stops working with that: in Chromium 156 nothing that is asked of a File
 * ends any more once the frame that it was chosen in is gone.
 */
export function adopted(blob: Blob): Blob {
  // Its own window's methods are the ones that stop.
  if (blob.slice === Blob.prototype.slice) return blob;
  // From a Blob that the platform does not know, such as that of a test's DOM, `new Blob` takes the text "[object Blob]".
  if (typeof blob.slice !== 'function' || new Blob([blob.slice(0, 0)]).size !== 0) return blob;
  return new Blob([blob]);
}

/**
 * A Blob of up to this many bytes (32 MiB) is made of pieces in memory, which spares the way through a Response. Firefox 153 dies of that way,
 * too ("IPDL protocol error: unexpected null value"): some pages after one that went it and was left by sending a form. A longer one goes
 * it, so that the browser keeps it on disk: an array handed to `new Blob` looks right in Chromium 156 from 512 MiB on and then fails to read.
 */
export const BLOB_IN_MEMORY_BYTES = 33_554_432;

/**
 * Bytes that become a Blob together (2 MiB), as soon as they are there; a longer Blob is made of such ones. Chromium 156 copies a Blob's bytes to
 * another process while the next frames are sealed, and these get the memory of the frames before. Made of 8 MiB at once, the parts of an upload
 * come later and cost more CPU time. WebKitGTK 2.50 is faster this way, too, and Firefox 153 is as fast.
 */
export const BLOB_TOGETHER_BYTES = 2_097_152;

/** Turns of the promises' queue within which an answer counts as given within the call: who watches a page's calls adds some. */
const SOON_TURNS = 8;

/** Whether an answer, good or bad, was given within the call, as the wasm engine and Chromium 156's SubtleCrypto do. */
export async function answersWithinCall(answer: PromiseLike<unknown>): Promise<boolean> {
  let isGiven = false;
  const note = () => {
    isGiven = true;
  };
  answer.then(note, note);
  for (let turn = 0; turn < SOON_TURNS && !isGiven; turn++) await undefined;
  return isGiven;
}

/**
 * What SubtleCrypto decrypted, as long as it was when it was encrypted. WebKitGTK 2.50 leaves out the zeros with which the plaintext of RSA-OAEP
 * begins, as one data key in 256 does. The bytes that are handed in are wiped.
 */
export function withLeadingZeros(decrypted: Chunk, length: number): Chunk {
  const whole = new Uint8Array(Math.max(length, decrypted.length));
  whole.set(decrypted, whole.length - decrypted.length);
  decrypted.fill(0);
  return whole;
}

/** What is shorter, as frames' heads are, waits for the garbage collector: freeing it would take longer than it spares. */
const SMALL_BYTES = 4096;

/**
 * A channel, where there is one: test runners with a DOM of their own may call themselves Chrome and hide Node's MessageChannel, and that of
 * Next.js's edge runtime throws.
 */
export function openChannel(): MessageChannel | undefined {
  try {
    return new MessageChannel();
  } catch {
    return undefined;
  }
}

let sink: MessagePort | null | undefined;

/**
 * Frees the memory of bytes that nobody looks at any more. Garbage collection comes much later, so that at the speed of sealing
 * they would pile up, each in fresh memory that the system has to find and clear.
 */
export function letGo({ buffer }: Chunk): void {
  if (buffer.byteLength < SMALL_BYTES) return;
  const { transfer } = buffer as { transfer?: (length: number) => ArrayBuffer }; // ES2024, and so not in Node 20
  // Chromium 156 keeps the memory of buffers that it made itself (a file's, SubtleCrypto's) even when they are transferred, unless they
  // are posted; what is posted to a port whose other end is closed is dropped at once.
  const isPosted = isChromium || (!transfer && globalThis.process);
  if (isPosted && sink === undefined) {
    const channel = openChannel();
    channel?.port2.close();
    sink = channel?.port1 ?? null;
  }
  if (isPosted && sink) sink.postMessage(undefined, [buffer]);
  else transfer?.call(buffer, 0);
}

/** Bytes that may be given out before the collector is called again. */
const UNCOLLECTED_BYTES = 1_048_576; // 1 MiB

/**
 * Keeps what readers drop from piling up. Chromium 156 collects young buffers when there are 64 MiB of them, and ten times the wasted
 * pages at the speed of sealing; it counts a buffer's length, touched or not. So one that is never touched, which costs no memory,
 * calls for the collector at every fifth of that. A Blob's bytes it does not count at all, and keeps them until it happens to collect the
 * Blob: where it has no disk for them (headless), sending one fails at 500 MiB.
 *
 * @param given bytes since the last call
 * @returns the bytes from which to continue counting
 */
export function callCollector(given: number): number {
  if (given < UNCOLLECTED_BYTES || !isChromium) return given;
  try {
    new ArrayBuffer(4 * given);
  } catch {
    // There is no room for it even after collecting.
  }
  return 0;
}
