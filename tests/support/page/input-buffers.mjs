// Cases of bytes whose buffer is filled, resized, transferred or shared meanwhile, or that say they are others.
import { Lying, PRODUCERS, all, sample } from './input-forms.mjs';
import { COPIED, ENGINES, fail, fails, opened, same } from './input-checks.mjs';

/** @type {Record<string, (kit: import('./input-cases.mjs').Kit) => Promise<unknown>>} */
export const BUFFERS = {
  async 'seal takes chunks as they were when a producer fills one buffer again and again'(kit) {
    for (const engine of ENGINES) {
      for (const [form, produce] of Object.entries(PRODUCERS)) {
        for (const length of engine === 'wasm' ? [4096, 65_536] : [1, 4095, 4096, 65_536, 300_000]) {
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

  async 'open accepts an envelope whose chunks share one buffer'(kit) {
    const sealer = kit.sealer({ frameLength: 10_000 });
    const plain = sample(400_000 - (sealer.sealedSize(400_000) - 400_000));
    const envelope = await sealer.seal(plain);
    // All have one length, whose factors are lengths of chunks.
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

  async 'chunks of all lengths in one buffer are sealed correctly while SubtleCrypto is slow'(kit) {
    const { encrypt } = crypto.subtle;
    const later = () =>
      new Promise((resolve) => {
        setTimeout(resolve);
      });
    const lengths = [600_000, 10, 1_300_000, 262_144, 700_000, 524_288, 524_289, 1, 2_000_000, 64, 65_536, 1_048_576];
    for (const wait of [undefined, later]) {
      if (wait)
        crypto.subtle.encrypt = async (...args) => {
          await wait();
          return encrypt.apply(crypto.subtle, args);
        };
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

  async 'bytes are sealed and opened as they were at the call'(kit) {
    for (const engine of ENGINES) {
      for (const length of engine === 'wasm' ? [32, 5000] : [32, 5000, 700_000, COPIED]) {
        const plain = new Uint8Array(length).fill(7);
        const roomy = new Uint8Array(length + 20).fill(7);
        const forms = {
          array: plain,
          buffer: plain.slice().buffer,
          part: roomy.subarray(10, 10 + length),
          view: new DataView(roomy.buffer, 10, length),
        };
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
          same(await opened(kit, await moving), expected, `sealed again, ${form} of ${length}`);
        }
      }
    }
  },

  async 'bytes that are transferred or resized after the call are sealed as they were'(kit) {
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

  async 'a long array fails if it is transferred while it is read, and works if it is resized'(kit) {
    const given = new Uint8Array(COPIED + 1);
    const expected = kit.sealer().sealedSize(given.length);
    const failing = kit.sealer().seal(given);
    structuredClone(given.buffer, { transfer: [given.buffer] });
    await fails(() => failing, 'ERR_SOURCE_CHANGED', /transferred while it was read; keep it/);
    const buffer = new ArrayBuffer(COPIED + 1, { maxByteLength: COPIED + 2 ** 20 });
    const sealing = kit.sealer().seal(buffer);
    buffer.resize(100);
    const { length } = await sealing;
    if (length !== expected) fail(`${length} bytes in place of ${expected}`);
  },

  async 'views out of bounds or of transferred buffers give a TypeError'(kit) {
    const words = /outside of its buffer/;
    const sealed = await kit.sealer().seal(new Uint8Array(9));
    const buffer = new ArrayBuffer(1000, { maxByteLength: 1000 });
    const views = [
      new Uint8Array(buffer, 0, 1000),
      new Uint8Array(buffer, 999),
      new Uint16Array(buffer, 500, 250),
      new DataView(buffer, 500, 500),
    ];
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
      await fails(
        () =>
          kit.sealer().seal(
            (async function* () {
              yield bad;
            })(),
          ),
        'TypeError',
        words,
        'a chunk',
      );
      await fails(
        () => kit.sealer().seal({ size: 10, read: async () => bad }),
        'ERR_READ',
        /the source failed/,
        'a read',
      );
    }
    // It ends where its buffer does.
    same(
      await opened(kit, await kit.sealer().seal(new Uint8Array(buffer))),
      new Uint8Array(998),
      'of no length of its own',
    );
    same((await kit.opener().open(sealed)).plaintext, new Uint8Array(9));
  },

  async 'chunks may be resized or transferred when the next one is requested'(kit) {
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
    for (const chunks of [resizing(), transferring()])
      same(await opened(kit, await kit.sealer().seal(chunks)), expected);
  },

  async 'a subclass that lies about its length and offset is read at its real ones'(kit) {
    const plain = sample(5000);
    const lying = () => new Lying(plain);
    same(await opened(kit, await kit.sealer().seal(lying())), plain, 'sealed');
    same(
      await opened(
        kit,
        await kit.sealer().seal(
          (async function* () {
            yield lying();
          })(),
        ),
      ),
      plain,
      'a chunk',
    );
    const own = Object.defineProperties(plain.slice(), { byteLength: { value: 1 }, length: { value: 1 } });
    same(await opened(kit, await kit.sealer().seal(own)), plain, 'properties of its own');
    const envelope = new Lying(await kit.sealer().seal(plain));
    same((await kit.opener().open(envelope)).plaintext, plain, 'opened');
  },
};
