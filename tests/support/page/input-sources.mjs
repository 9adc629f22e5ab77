// Cases of streams, generators and sources that are read by others, fail, or do not give the bytes that they promise.
import { FRESH, TOUCHED, all, blobLike, oneBuffer, sample } from './input-forms.mjs';
import { ENGINES, fail, fails, opened, same } from './input-checks.mjs';

/** @type {Record<string, (kit: import('./input-cases.mjs').Kit) => Promise<unknown>>} */
export const SOURCES = {
  async 'a source may read into one buffer again and again'(kit) {
    for (const engine of ENGINES) {
      // In several reads of one frame each.
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
      same(
        await all((await opener.openRange(oneBuffer(envelope), { start: 5, end: -5 })).plaintext),
        plain.subarray(5, -5),
        'a range',
      );
      const moved = await kit.reseal(oneBuffer(envelope), { opener, sealer });
      same(await opened(kit, moved), plain, 'sealed again');
      if ((await kit.inspect(oneBuffer(envelope))).plaintextSize !== plain.length) fail('another size');
    }
  },

  async 'a source of no bytes can be sealed, and fails to open with ERR_TRUNCATED'(kit) {
    const sealed = await all(await kit.sealer().seal(oneBuffer(new Uint8Array())));
    same(await opened(kit, sealed), new Uint8Array());
    const prepared = await kit.sealer().prepare(oneBuffer(new Uint8Array()));
    same(await opened(kit, await prepared.slice()), new Uint8Array());
    await fails(() => kit.opener().open(oneBuffer(new Uint8Array())), 'ERR_TRUNCATED', /cut off/);
  },

  async 'a source that returns more or less than requested fails with ERR_SOURCE_CHANGED'(kit) {
    const plain = sample(1000);
    for (const alter of [(part) => part.subarray(1), (part) => new Uint8Array([...part, 0]), () => new Uint8Array()]) {
      const source = { size: 1000, read: async (start, end) => alter(plain.subarray(start, end)) };
      const told = /^read gave \d+ bytes and not 1000; if the source has changed, open it again/;
      await fails(() => kit.sealer().seal(source), 'ERR_SOURCE_CHANGED', told);
      const prepared = await kit.sealer().prepare(source);
      await fails(() => prepared.slice(), 'ERR_SOURCE_CHANGED', told);
      await fails(() => prepared.stream(), 'ERR_SOURCE_CHANGED', /changed while it was being sealed/);
    }
    const cause = new Error('reset');
    for (const read of [
      async () => {
        throw cause;
      },
      () => {
        throw cause;
      },
    ]) {
      const error = await fails(() => kit.sealer().seal({ size: 9, read }), 'ERR_READ', /the source failed/);
      if (error.cause !== cause) fail('no cause');
    }
  },

  async 'a size that is not a whole number gives a TypeError or a RangeError'(kit) {
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
        for (const [call, use] of Object.entries(calls))
          await fails(use, name, /size must be a/, `${call} of ${String(size)}`);
      }
    }
  },

  async 'streams that something has read before are refused'(kit) {
    const envelope = await kit.sealer().seal(sample(20));
    for (const [how, touch] of Object.entries(TOUCHED)) {
      for (const [what, make] of Object.entries(FRESH)) {
        const words = /bytes of it may be missing; hand in one that nothing else reads/;
        const given = await touch(make, kit);
        await fails(() => kit.sealer().seal(given), 'TypeError', words, `${what}, ${how}`);
      }
      const given = await touch(() => new Blob([envelope]).stream(), kit);
      await fails(() => kit.opener().open(given), 'TypeError', /bytes of it may be missing/, `open, ${how}`);
      await fails(
        () => kit.reseal(given, { opener: kit.opener(), sealer: kit.sealer() }),
        'TypeError',
        /may be missing/,
        `reseal, ${how}`,
      );
    }
  },

  async 'streams that nothing has touched are locked at the call'(kit) {
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
    await fails(
      () => kit.sealer().seal(given, { encryptionContext: { 'aws-crypto-x': '' } }),
      'ERR_CONTEXT',
      /reserved/,
    );
    await fails(
      () => kit.sealer().seal(given, { signal: AbortSignal.abort(new RangeError('no more')) }),
      'RangeError',
      /no more/,
    );
    const stop = new AbortController();
    const sealing = kit.sealer().seal(given, { signal: stop.signal });
    stop.abort(new RangeError('no more'));
    await fails(() => sealing, 'RangeError', /no more/);
    if (given.locked) fail('it is locked');
    same(await opened(kit, await kit.sealer().seal(given)), sample(9));
  },

  async 'a generator is sealed once, and an iterable that makes new iterators any number of times'(kit) {
    const source = {
      async *[Symbol.asyncIterator]() {
        yield sample(9);
      },
    };
    for (let time = 0; time < 2; time++) same(await opened(kit, await kit.sealer().seal(source)), sample(9));
    const generator = source[Symbol.asyncIterator]();
    same(await opened(kit, await kit.sealer().seal(generator)), sample(9));
    await fails(() => kit.sealer().seal(generator), 'TypeError', /sealed or opened before/);
  },

  async 'a failed stream is reported as a source, and a failed file as a file'(kit) {
    const cause = new Error('ECONNRESET');
    const failing = () => new ReadableStream({ pull: (controller) => controller.error(cause) });
    const words = /^the source failed and could not be read to its end/;
    for (const use of [
      () => kit.sealer().seal(failing()),
      () => kit.opener().open(failing()),
      () => kit.inspect(failing()),
    ]) {
      const error = await fails(use, 'ERR_READ', words);
      if (error.cause !== cause) fail('no cause');
    }
    const file = Object.assign(blobLike(5), {
      arrayBuffer: async () => {
        throw cause;
      },
    });
    file.slice = () => file;
    await fails(() => kit.opener().open(file), 'ERR_READ', /moved, changed or locked/);
  },
};
