// Looks for secrets in the memory of the package's WebAssembly instances, in Node and, served to them, in pages. The package
// helps with nothing: this is called where an instance is made, where randomness is drawn and where a content key is handed over.

/** Bytes of a secret to look for: enough that they occur nowhere by chance. */
const WINDOW = 8;

/**
 * What a secret may look like in memory: as it is, as the big-endian words that SHA-256 and SHA-512 read, which WebAssembly
 * keeps the other way round, and backwards, as big numbers and GHASH have it.
 */
function shapes(secret) {
  const swapped = (size) => Uint8Array.from(secret, (_, at) => secret[at - (at % size) + size - 1 - (at % size)]);
  return [secret, swapped(4), swapped(8), secret.slice().reverse()];
}

/**
 * Which of the secrets stand in `memory`: how many times any 8 bytes in a row of each, in any shape.
 * @param {Uint8Array} memory
 * @param {Record<string, Uint8Array>} secrets
 */
export function search(memory, secrets) {
  const windows = new Map();
  for (const [name, secret] of Object.entries(secrets)) {
    for (const shape of shapes(secret)) {
      const view = new DataView(shape.buffer, shape.byteOffset, shape.length);
      for (let at = 0; at + WINDOW <= shape.length; at += 1) {
        const first = view.getUint32(at, true);
        windows.set(first, [...(windows.get(first) ?? []), { second: view.getUint32(at + 4, true), name }]);
      }
    }
  }
  // Memory that was never touched is all zeros, and so is some padding.
  windows.delete(0);
  const found = {};
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  for (let at = 0; at + WINDOW <= memory.length; at += 1) {
    const candidates = windows.get(view.getUint32(at, true));
    if (!candidates) continue;
    const second = view.getUint32(at + 4, true);
    for (const candidate of candidates)
      if (candidate.second === second) found[candidate.name] = (found[candidate.name] ?? 0) + 1;
  }
  return found;
}

/** Watches every instance that is made from now on. */
export function watchMemory() {
  const memories = [];
  const watch = {
    /** What getRandomValues gave for use, and the memory just before. */
    draws: [],
    /** What importKey was given of AES-GCM, and the memory just before. */
    imports: [],
    /** The memory as it is now. */
    memory() {
      const parts = memories.map(({ buffer }) => new Uint8Array(buffer));
      const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
      parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
      return whole;
    },
  };

  WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(module, imports) {
      super(module, imports);
      memories.push(Object.values(this.exports).find((value) => value instanceof WebAssembly.Memory));
    }
  };

  const { getRandomValues } = crypto;
  // The package draws everything twice, and uses the second draw.
  let compared = false;
  crypto.getRandomValues = (bytes) => {
    const memory = watch.memory();
    getRandomValues.call(crypto, bytes);
    if (compared) watch.draws.push({ memory, bytes: bytes.slice() });
    compared = !compared;
    return bytes;
  };

  const { importKey } = crypto.subtle;
  crypto.subtle.importKey = (format, source, algorithm, extractable, usages) => {
    // The package imports no other keys, but tests do.
    if (algorithm !== 'AES-GCM') return importKey.call(crypto.subtle, format, source, algorithm, extractable, usages);
    const memory = watch.memory();
    const bytes = source.slice();
    // Not of the known answer that SubtleCrypto must give first, which is not a secret: its key is 0, 1, 2, ...
    if (bytes.every((byte, at) => byte === at))
      return importKey.call(crypto.subtle, format, source, algorithm, extractable, usages);
    const promise = importKey.call(crypto.subtle, format, source, algorithm, extractable, usages);
    watch.imports.push({ memory, bytes, source, extractable, usages: [...usages] });
    return promise;
  };
  return watch;
}
