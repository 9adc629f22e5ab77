// What is handed in and is not what it seems, for Node and, served to them, pages: each case throws if it ends otherwise than it must.

/** @typedef {{ sealer: (options?: object) => any, opener: (options?: object) => any, inspect: Function, reseal: Function }} Kit */

const ENGINES = ['webcrypto', 'wasm'];
const COPIED = 32 * 2 ** 20;

const all = async (data) => {
  if (!(data instanceof ReadableStream)) return new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data);
  const pieces = [];
  const reader = data.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) pieces.push(value);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
};

const fail = (what) => {
  throw new Error(what);
};

function same(found, expected, what = 'bytes') {
  if (found.length !== expected.length) fail(`${what}: ${found.length} bytes in place of ${expected.length}`);
  for (let at = 0; at < found.length; at++) {
    if (found[at] !== expected[at]) fail(`${what}: byte ${at} is ${found[at]} in place of ${expected[at]}`);
  }
}

/** That it fails with this name or code, in these words. */
async function fails(work, error, words, what = '') {
  let result;
  try {
    result = await work();
    if (result instanceof ReadableStream) await all(result);
    if (result?.plaintext instanceof ReadableStream) await all(result.plaintext);
  } catch (thrown) {
    if ((thrown.code?.startsWith?.('ERR_') ? thrown.code : thrown.name) !== error || !words.test(thrown.message)) fail(`${what} failed as ${thrown}`);
    return thrown;
  }
  return fail(`${what} did not fail`);
}

/** What is in an envelope. */
const opened = async (kit, sealed) => (await kit.opener().open(await all(sealed))).plaintext;

/** Forms of a producer that fills one buffer again and again: `count` chunks of `length` bytes, which say which one they are. */
const PRODUCERS = {
  async *generator(buffer, fill) {
    while (fill()) yield buffer;
  },
  iterator: (buffer, fill) => ({ [Symbol.asyncIterator]: () => ({ next: async () => (fill() ? { value: buffer } : { done: true }) }) }),
  // It asks ahead, as streams do by default: the buffer is filled again a moment after a chunk was given.
  streamAhead: (buffer, fill) =>
    new ReadableStream({ async pull(controller) {
      for (let turn = 0; turn < 30; turn++) await undefined;
      if (fill()) controller.enqueue(buffer);
      else controller.close();
    } }),
  stream: (buffer, fill) =>
    new ReadableStream({ pull: (controller) => (fill() ? controller.enqueue(buffer) : controller.close()) }, { highWaterMark: 0 }),
};

/** A source whose reads all lie in one buffer. */
function oneBuffer(bytes) {
  const buffer = new Uint8Array(bytes.length);
  return {
    size: bytes.length,
    read: async (start, end) => {
      buffer.fill(0xee);
      buffer.set(bytes.subarray(start, end));
      return buffer.subarray(0, end - start);
    },
  };
}

/** Bytes of which none is like the one 256 before it. */
function sample(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 7 + (at >> 8);
  return bytes;
}

class Lying extends Uint8Array {
  get length() {
    return 3;
  }
  get byteLength() {
    return 3;
  }
  get byteOffset() {
    return 1;
  }
  get buffer() {
    return new ArrayBuffer(3);
  }
}

/** A Blob by its looks, of another realm or a polyfill. */
const blobLike = (size) => ({ [Symbol.toStringTag]: 'Blob', size, slice: () => blobLike(size), arrayBuffer: async () => new ArrayBuffer(5) });

/** How streams are touched before they are handed in; each gives the stream. */
const TOUCHED = {
  'read to its end': async (make) => {
    const stream = make();
    await all(stream);
    return stream;
  },
  peeked: async (make) => {
    const stream = make();
    const reader = stream.getReader();
    await reader.read();
    reader.releaseLock();
    return stream;
  },
  cancelled: async (make) => {
    const stream = make();
    await stream.cancel();
    return stream;
  },
  locked: async (make) => {
    const stream = make();
    stream.getReader();
    return stream;
  },
  'given to two readers': async (make) => {
    const stream = make();
    stream.tee();
    return stream;
  },
  'sealed before': async (make, kit) => {
    const stream = make();
    await all(await kit.sealer().seal(stream));
    return stream;
  },
  'sealed before, and the upload failed': async (make, kit) => {
    const stream = make();
    const sealed = await kit.sealer().seal(stream);
    const reader = sealed.getReader();
    await reader.read();
    await reader.cancel();
    return stream;
  },
};

/** Streams that nothing has touched. */
const FRESH = {
  'of an array': () => new ReadableStream({ start: (c) => (c.enqueue(sample(10)), c.enqueue(sample(10)), c.close()) }),
  'of a Blob': () => new Blob([sample(20)]).stream(),
  "a Response's body": () => new Response(sample(20)).body,
  'through a TransformStream': () => new Blob([sample(20)]).stream().pipeThrough(new TransformStream()),
};

try {
  const ofBytes = () => new ReadableStream({ type: 'bytes', start: (c) => (c.enqueue(sample(10)), c.enqueue(sample(10)), c.close()) });
  ofBytes();
  FRESH['of bytes'] = ofBytes;
} catch {
  // WebKitGTK 2.50 has none.
}

/** @type {Record<string, (kit: Kit) => Promise<unknown>>} */
export const CASES = {
  async 'chunks in one buffer are sealed as they were'(kit) {
    for (const engine of ENGINES) {
      for (const [form, produce] of Object.entries(PRODUCERS)) {
        for (const length of engine === 'wasm' ? [4096, 65_536] : [1, 4095, 4096, 65_536, 600_000]) {
          const buffer = new Uint8Array(length);
          const sent = [];
          const fill = () => {
            if (sent.length === 5) return false;
            buffer.fill(sent.length + 1);
            sent.push(buffer.slice());
            return true;
          };
          const sealed = await kit.sealer({ engine, frameLength: 8192 }).seal(produce(buffer, fill));
          const plain = await opened(kit, sealed);
          same(plain, await all(new Blob(sent)), `${engine}, ${form} of ${length}`);
        }
      }
    }
  },

  async 'an envelope whose chunks come in one buffer is opened'(kit) {
    const sealer = kit.sealer({ frameLength: 10_000 });
    const plain = sample(400_000 - (sealer.sealedSize(400_000) - 400_000));
    const envelope = await sealer.seal(plain);
    // Of one length, whose factors are lengths of chunks.
    const lengths = [5000, 50_000].filter((length) => envelope.length % length === 0);
    if (lengths.length !== 2) fail(`${envelope.length} bytes`);
    for (const engine of ENGINES) {
      for (const [form, produce] of Object.entries(PRODUCERS)) {
        for (const length of lengths) {
          const buffer = new Uint8Array(length);
          let at = 0;
          const fill = () => {
            if (at === envelope.length) return false;
            buffer.set(envelope.subarray(at, at + length));
            at += length;
            return true;
          };
          const { plaintext } = await kit.opener({ engine }).open(produce(buffer, fill));
          same(await all(plaintext), plain, `${engine}, ${form} of ${length}`);
        }
      }
    }
  },

  async 'chunks of all lengths, in one buffer, while SubtleCrypto is late'(kit) {
    const { encrypt } = crypto.subtle;
    const late = [() => Promise.resolve(), () => new Promise((resolve) => { setTimeout(resolve); })];
    const lengths = [600_000, 10, 1_300_000, 262_144, 700_000, 524_288, 524_289, 1, 2_000_000, 64, 65_536, 1_048_576];
    for (const wait of [undefined, ...late]) {
      if (wait) crypto.subtle.encrypt = async (...args) => { await wait(); return encrypt.apply(crypto.subtle, args); };
      try {
        for (const frameLength of [65_536, 262_144, 1_000_000]) {
          const buffer = new Uint8Array(2_000_000);
          const sent = [];
          async function* produce() {
            for (const [index, length] of lengths.entries()) {
              buffer.fill(index + 1);
              sent.push(buffer.slice(0, length));
              yield buffer.subarray(0, length);
            }
          }
          const sealed = await all(await kit.sealer({ frameLength }).seal(produce()));
          same(await opened(kit, sealed), await all(new Blob(sent)), `frames of ${frameLength}`);
        }
      } finally {
        delete crypto.subtle.encrypt;
      }
    }
  },

  async 'a source may read into one buffer'(kit) {
    for (const engine of ENGINES) {
      // In several reads, of which one frame each.
      const plain = sample(engine === 'wasm' ? 50_000 : 9 * 2 ** 20);
      const sealer = kit.sealer({ engine });
      const sealed = await sealer.seal(oneBuffer(plain));
      const envelope = await all(sealed);
      if (envelope.length !== sealer.sealedSize(plain.length)) fail(`${envelope.length} bytes`);
      same(await opened(kit, envelope), plain);
      const prepared = await sealer.prepare(oneBuffer(plain));
      same(await opened(kit, prepared.stream()), plain, 'prepared');
      const halves = [await prepared.slice(0, 30_001), await prepared.slice(30_001)];
      same(await opened(kit, new Blob(halves)), plain, 'in two slices');
      if (prepared.size !== sealer.sealedSize(plain.length)) fail(`${prepared.size} bytes`);
      prepared.close();
      const opener = kit.opener({ engine });
      const whole = await opener.open(oneBuffer(envelope));
      if (!(whole.plaintext instanceof ReadableStream)) fail('no stream');
      same(await all(whole.plaintext), plain, 'opened');
      same(await all((await opener.openRange(oneBuffer(envelope), 5, -5)).plaintext), plain.subarray(5, -5), 'a range');
      const moved = await kit.reseal(oneBuffer(envelope), { opener, sealer });
      same(await opened(kit, moved), plain, 'sealed anew');
      if ((await kit.inspect(oneBuffer(envelope))).plaintextSize !== plain.length) fail('another size');
    }
  },

  async 'a source of no bytes'(kit) {
    const sealed = await all(await kit.sealer().seal(oneBuffer(new Uint8Array())));
    same(await opened(kit, sealed), new Uint8Array());
    const prepared = await kit.sealer().prepare(oneBuffer(new Uint8Array()));
    same(await opened(kit, await prepared.slice()), new Uint8Array());
    await fails(() => kit.opener().open(oneBuffer(new Uint8Array())), 'ERR_TRUNCATED', /cut off/);
  },

  async 'a source that gives other lengths'(kit) {
    const plain = sample(1000);
    for (const alter of [(part) => part.subarray(1), (part) => new Uint8Array([...part, 0]), () => new Uint8Array()]) {
      const source = { size: 1000, read: async (start, end) => alter(plain.subarray(start, end)) };
      await fails(() => kit.sealer().seal(source), 'ERR_SOURCE_CHANGED', /another length/);
      const prepared = await kit.sealer().prepare(source);
      await fails(() => prepared.slice(), 'ERR_SOURCE_CHANGED', /another length/);
      await fails(() => prepared.stream(), 'ERR_SOURCE_CHANGED', /another length/);
    }
    const cause = new Error('reset');
    for (const read of [async () => { throw cause; }, () => { throw cause; }]) {
      const error = await fails(() => kit.sealer().seal({ size: 9, read }), 'ERR_READ', /the source failed/);
      if (error.cause !== cause) fail('no cause');
    }
  },

  async 'sizes that are none'(kit) {
    const envelope = await kit.sealer().seal(new Uint8Array(5));
    for (const size of [undefined, null, NaN, Infinity, -1, 1.5, '5', 2 ** 60, 5n]) {
      const name = typeof size === 'number' ? 'RangeError' : 'TypeError';
      for (const source of [blobLike(size), { size, read: async () => envelope }]) {
        const calls = {
          seal: () => kit.sealer().seal(source),
          prepare: () => kit.sealer().prepare(source),
          open: () => kit.opener().open(source),
          openRange: () => kit.opener().openRange(source),
          inspect: () => kit.inspect(source),
          reseal: () => kit.reseal(source, { opener: kit.opener(), sealer: kit.sealer() }),
        };
        for (const [call, use] of Object.entries(calls)) await fails(use, name, /size must be a/, `${call} of ${String(size)}`);
      }
    }
  },

  async 'bytes are what they were at the call'(kit) {
    for (const engine of ENGINES) {
      for (const length of engine === 'wasm' ? [32, 5000] : [32, 5000, 700_000, COPIED]) {
        const plain = new Uint8Array(length).fill(7);
        const roomy = new Uint8Array(length + 20).fill(7);
        const forms = { array: plain, buffer: plain.slice().buffer, part: roomy.subarray(10, 10 + length), view: new DataView(roomy.buffer, 10, length) };
        for (const [form, given] of length === COPIED ? [['array', plain]] : Object.entries(forms)) {
          const expected = new Uint8Array(length).fill(7);
          const sealing = kit.sealer({ engine }).seal(given);
          new Uint8Array(given.buffer ?? given).fill(0);
          const envelope = await sealing;
          same(await opened(kit, envelope), expected, `${form} of ${length}`);
          new Uint8Array(given.buffer ?? given).fill(7);
          if (envelope.length > COPIED) continue;
          const opening = kit.opener({ engine }).open(envelope);
          const described = kit.inspect(envelope);
          const moving = kit.reseal(envelope, { opener: kit.opener({ engine }), sealer: kit.sealer({ engine }) });
          envelope.fill(0);
          same((await opening).plaintext, expected, `opened, ${form} of ${length}`);
          if ((await described).plaintextSize !== length) fail('another size');
          same(await opened(kit, await moving), expected, `sealed anew, ${form} of ${length}`);
        }
      }
    }
  },

  async 'bytes that are transferred or resized after the call'(kit) {
    const plain = sample(10_000);
    const given = plain.slice();
    const sealing = kit.sealer().seal(given);
    structuredClone(given.buffer, { transfer: [given.buffer] });
    same(await opened(kit, await sealing), plain, 'transferred');
    const buffer = new ArrayBuffer(10_000, { maxByteLength: 20_000 });
    new Uint8Array(buffer).set(plain);
    for (const view of [new Uint8Array(buffer), new Uint8Array(buffer, 0, 10_000), new DataView(buffer), buffer]) {
      const resized = kit.sealer().seal(view);
      buffer.resize(10);
      same(await opened(kit, await resized), plain, 'resized');
      buffer.resize(10_000);
      new Uint8Array(buffer).set(plain);
    }
  },

  async 'a long array that is transferred while it is read fails, one that is resized does not'(kit) {
    const given = new Uint8Array(COPIED + 1);
    const expected = kit.sealer().sealedSize(given.length);
    const failing = kit.sealer().seal(given);
    structuredClone(given.buffer, { transfer: [given.buffer] });
    await fails(() => failing, 'ERR_SOURCE_CHANGED', /transferred while it was read/);
    const buffer = new ArrayBuffer(COPIED + 1, { maxByteLength: COPIED + 2 ** 20 });
    const sealing = kit.sealer().seal(buffer);
    buffer.resize(100);
    const { length } = await sealing;
    if (length !== expected) fail(`${length} bytes in place of ${expected}`);
  },

  async 'views out of bounds, and of buffers that are gone'(kit) {
    const words = /outside of its buffer/;
    const sealed = await kit.sealer().seal(new Uint8Array(9));
    const buffer = new ArrayBuffer(1000, { maxByteLength: 1000 });
    const views = [new Uint8Array(buffer, 0, 1000), new Uint8Array(buffer, 999), new Uint16Array(buffer, 500, 250), new DataView(buffer, 500, 500)];
    buffer.resize(998);
    const gone = new Uint8Array(10);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const empty = new Uint8Array();
    structuredClone(empty.buffer, { transfer: [empty.buffer] });
    for (const bad of [...views, gone, gone.buffer, empty]) {
      await fails(() => kit.sealer().seal(bad), 'TypeError', words, 'seal');
      await fails(() => kit.opener().open(bad), 'TypeError', words, 'open');
      await fails(() => kit.inspect(bad), 'TypeError', words, 'inspect');
      await fails(() => kit.keys[0].encrypt(bad), 'TypeError', words, 'encrypt');
      await fails(() => kit.sealer().seal((async function* () { yield bad; })()), 'TypeError', words, 'a chunk');
      await fails(() => kit.sealer().seal({ size: 10, read: async () => bad }), 'ERR_READ', /the source failed/, 'a read');
    }
    // It ends where its buffer does.
    same(await opened(kit, await kit.sealer().seal(new Uint8Array(buffer))), new Uint8Array(998), 'of no length of its own');
    same((await kit.opener().open(sealed)).plaintext, new Uint8Array(9));
  },

  async 'chunks that are resized or transferred when the next one is asked for'(kit) {
    const plain = sample(9000);
    async function* resizing() {
      for (let index = 0; index < 3; index++) {
        const buffer = new ArrayBuffer(9000, { maxByteLength: 9000 });
        new Uint8Array(buffer).set(plain);
        yield new Uint8Array(buffer, 0, 9000);
        buffer.resize(0);
      }
    }
    async function* transferring() {
      for (let index = 0; index < 3; index++) {
        const chunk = plain.slice();
        yield chunk;
        structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
      }
    }
    const expected = await all(new Blob([plain, plain, plain]));
    for (const chunks of [resizing(), transferring()]) same(await opened(kit, await kit.sealer().seal(chunks)), expected);
  },

  async 'a subclass that lies about its length and place'(kit) {
    const plain = sample(5000);
    const lying = () => new Lying(plain);
    same(await opened(kit, await kit.sealer().seal(lying())), plain, 'sealed');
    same(await opened(kit, await kit.sealer().seal((async function* () { yield lying(); })())), plain, 'a chunk');
    const own = Object.defineProperties(plain.slice(), { byteLength: { value: 1 }, length: { value: 1 } });
    same(await opened(kit, await kit.sealer().seal(own)), plain, 'properties of its own');
    const envelope = new Lying(await kit.sealer().seal(plain));
    same((await kit.opener().open(envelope)).plaintext, plain, 'opened');
  },

  async 'streams that were touched before are refused'(kit) {
    const envelope = await kit.sealer().seal(sample(20));
    for (const [how, touch] of Object.entries(TOUCHED)) {
      for (const [what, make] of Object.entries(FRESH)) {
        const words = /bytes of it may be missing; hand in one that nothing else reads/;
        const given = await touch(make, kit);
        await fails(() => kit.sealer().seal(given), 'TypeError', words, `${what}, ${how}`);
      }
      const given = await touch(() => new Blob([envelope]).stream(), kit);
      await fails(() => kit.opener().open(given), 'TypeError', /bytes of it may be missing/, `open, ${how}`);
      await fails(() => kit.reseal(given, { opener: kit.opener(), sealer: kit.sealer() }), 'TypeError', /may be missing/, `reseal, ${how}`);
    }
  },

  async 'streams that nothing has touched are taken at the call'(kit) {
    for (const [what, make] of Object.entries(FRESH)) {
      const given = make();
      const sealing = kit.sealer().seal(given);
      if (!given.locked) fail(`${what} is not taken`);
      const plain = await opened(kit, await sealing);
      if (plain.length !== 20) fail(`${what}: ${plain.length} bytes`);
    }
    const empty = new ReadableStream({ start: (controller) => controller.close() });
    same(await opened(kit, await kit.sealer().seal(empty)), new Uint8Array(), 'an empty one');
    const envelope = new Blob([await kit.sealer().seal(sample(9))]).stream();
    const opening = kit.opener().open(envelope);
    if (!envelope.locked) fail('not taken');
    same(await all((await opening).plaintext), sample(9));
  },

  async 'a stream that could not be sealed stays as it was'(kit) {
    const given = new Blob([sample(9)]).stream();
    await fails(() => kit.sealer().seal(given, { encryptionContext: { 'aws-crypto-x': '' } }), 'ERR_CONTEXT', /reserved/);
    await fails(() => kit.sealer().seal(given, { signal: AbortSignal.abort(new RangeError('no more')) }), 'RangeError', /no more/);
    const stop = new AbortController();
    const sealing = kit.sealer().seal(given, { signal: stop.signal });
    stop.abort(new RangeError('no more'));
    await fails(() => sealing, 'RangeError', /no more/);
    if (given.locked) fail('it is locked');
    same(await opened(kit, await kit.sealer().seal(given)), sample(9));
  },

  async 'a generator is sealed once, what gives iterators as often as asked'(kit) {
    const source = { async *[Symbol.asyncIterator]() { yield sample(9); } };
    for (let time = 0; time < 2; time++) same(await opened(kit, await kit.sealer().seal(source)), sample(9));
    const generator = source[Symbol.asyncIterator]();
    same(await opened(kit, await kit.sealer().seal(generator)), sample(9));
    await fails(() => kit.sealer().seal(generator), 'TypeError', /sealed or opened before/);
  },

  async 'a stream that fails is a source that failed, and a file that fails a file'(kit) {
    const cause = new Error('ECONNRESET');
    const failing = () => new ReadableStream({ pull: (controller) => controller.error(cause) });
    const words = /^the source failed and could not be read to its end/;
    for (const use of [() => kit.sealer().seal(failing()), () => kit.opener().open(failing()), () => kit.inspect(failing())]) {
      const error = await fails(use, 'ERR_READ', words);
      if (error.cause !== cause) fail('no cause');
    }
    const file = Object.assign(blobLike(5), { arrayBuffer: async () => { throw cause; } });
    file.slice = () => file;
    await fails(() => kit.opener().open(file), 'ERR_READ', /moved, changed or locked/);
  },
};
