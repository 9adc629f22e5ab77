// Counts what kmseal asks of the browser, and knows which buffers are still referenced.
const made = [];

/** How often so far. */
export const counts = { reads: 0, encryptions: 0, decryptions: 0 };

const hooks = { reads: {}, encryptions: {}, decryptions: {} };
function on(counted, hook) {
  hooks[counted] = { hook, since: 0 };
}
/** Called before every read of a file, with its number since this was set; the read waits for what it returns. */
export const whenReading = (hook) => on('reads', hook);
/** Called after every encryption, likewise. */
export const whenEncrypted = (hook) => on('encryptions', hook);

/** Makes `held` watch this buffer too. */
export function track(view) {
  made.push(new WeakRef(view.buffer));
  return view;
}

function watch(prototype, method, counted, bufferOf = (made) => made) {
  const original = prototype[method];
  prototype[method] = async function watched(...args) {
    counts[counted]++;
    const { hook } = hooks[counted];
    const held = hook?.(++hooks[counted].since);
    if (counted === 'reads') await held;
    const result = await original.apply(this, args);
    const buffer = bufferOf(result);
    if (buffer) made.push(new WeakRef(buffer));
    await held;
    return result;
  };
}
watch(Blob.prototype, 'arrayBuffer', 'reads');
// This is how files are read in Chromium.
if (globalThis.ReadableStreamBYOBReader)
  watch(ReadableStreamBYOBReader.prototype, 'read', 'reads', ({ value }) => value?.buffer);
// On an insecure page there is none.
if (globalThis.SubtleCrypto) {
  watch(SubtleCrypto.prototype, 'encrypt', 'encryptions');
  watch(SubtleCrypto.prototype, 'decrypt', 'decryptions');
}

/** What happens while nothing should happen. */
export async function doneIn(milliseconds) {
  const before = { ...counts };
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return Object.keys(counts).filter((name) => counts[name] !== before[name]);
}

/** How many buffers were made, and how many are still there. */
export const held = () => ({ made: made.length, held: made.filter((ref) => ref.deref() !== undefined).length });

/** An endless source that counts its pulls; from pull number `stall` on it has nothing more to give. */
export function endless({ chunk = 100_000, stall = Infinity } = {}) {
  const seen = { pulls: 0, cancelled: [] };
  const stream = new ReadableStream(
    {
      pull(controller) {
        seen.pulls++;
        if (seen.pulls >= stall) return new Promise(() => {});
        controller.enqueue(track(new Uint8Array(chunk)));
      },
      cancel: (reason) => void seen.cancelled.push(reason),
    },
    { highWaterMark: 0 },
  );
  return { seen, stream };
}

/** Reads to the end; returns the number of bytes. */
export async function drain(stream) {
  let length = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return length;
    length += value.length;
  }
}
