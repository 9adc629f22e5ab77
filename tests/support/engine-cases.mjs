// Cases that fast-check makes for both engines (engines.mjs), and what must hold of each: the engines agree, and so do all ways.
//
// What fails is made smaller, and printed with `seed` and `path`, which FUZZ_SEED and FUZZ_PATH repeat.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { codePoint } from './code-points.mjs';
import { pairsOf, sample } from './page/bytes.mjs';
import { contentKey, readHeader, serializeContext, writeFrame, writeHeader } from './message.mjs';

const { FUZZ_SECONDS, FUZZ_SEED, FUZZ_PATH } = process.env;

/**
 * The given number of cases, always the same; or random ones for FUZZ_SECONDS.
 * @param {fc.IAsyncProperty<unknown[]>} property
 * @param {number} numRuns
 */
export function holds(property, numRuns) {
  const seed = FUZZ_SEED === undefined ? {} : { seed: Number(FUZZ_SEED), path: FUZZ_PATH };
  const limit = { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: 1000 * FUZZ_SECONDS };
  return fc.assert(property, FUZZ_SECONDS === undefined ? { numRuns, seed: 1, ...seed } : { ...limit, ...seed });
}

/** Shows that the cases which are always the same came to every end there is. */
export function cameTo(seen, ends) {
  if (FUZZ_SECONDS === undefined && FUZZ_SEED === undefined) assert.deepEqual([...seen].sort(), ends);
}

const seed = fc.nat(2 ** 31);
/** Around a number, which is an edge. */
const around = (edge, least = 0) => fc.integer({ min: Math.max(least, edge - 2), max: edge + 2 });
/** Lengths to cut a stream into: a frame's, and any before it. */
const cutting = (frameLength) => {
  const first = fc.array(fc.oneof(around(1, 1), fc.integer({ min: 1, max: 20_000 })), { maxLength: 3 });
  return fc
    .tuple(first, fc.oneof(fc.constant(frameLength), around(frameLength, 1)))
    .map(([lengths, last]) => [...lengths, last]);
};

/** Words that pairs are made of; some may not be used, or not twice. */
const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: codePoint, maxLength: 4 }),
  fc.constantFrom('user', 'purpose', '__proto__', 'aws-crypto-public-key', '\ud800'),
);
const pairs = fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true });

const FRAME_LENGTHS = [4096, 4097, 10_000];

const sealing = fc.constantFrom(...FRAME_LENGTHS).chain((frameLength) =>
  fc.record({
    seed,
    frameLength: fc.constant(frameLength),
    length: fc.oneof(
      around(1024), // up to here SubtleCrypto is spared
      fc.integer({ min: 0, max: 4 }).chain((frames) => around(frames * frameLength)),
      fc.nat(3 * frameLength),
    ),
    pieces: cutting(frameLength),
    options: fc.record({ encryptionContext: pairs, requiredEncryptionContext: pairs }, { requiredKeys: [] }),
  }),
);

/** Under the same randomness both engines seal to the same bytes, in every way; or fail alike. */
export function sealsAlike(seal, seen = new Set()) {
  return fc.asyncProperty(sealing, async ({ length, ...rest }) => {
    const { webcrypto, wasm } = await seal({ ...rest, plaintext: sample(length) });
    for (const way of Object.keys(webcrypto)) {
      assert.deepEqual(wasm[way], webcrypto[way], `${way}: the engines differ`);
      const { draws, ...bytes } = webcrypto.bytes;
      // A prepared file draws a message id for its description, too.
      const expected = draws === undefined ? bytes : { ...bytes, draws: way === 'parts' ? draws + 1 : draws };
      assert.deepEqual(webcrypto[way], expected, `${way}: not as bytes are sealed`);
    }
    assert.ok(webcrypto.bytes.error || webcrypto.bytes.draws === 3, 'data key, OAEP seed and message id were drawn');
    seen.add(webcrypto.bytes.error?.split(':')[0] ?? 'sealed');
  });
}

const index = fc.nat(6);
const name = fc.constantFrom('a', 'b', 'ü', '😀');
const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 });

/** What is done to the frames before they get their tags: lies that only someone with the data key can tell. */
const lie = fc.record({ index, sequence: fc.integer({ min: -2, max: 2 }), nonce: fc.boolean(), last: fc.boolean() });
/** What is done to whole frames. */
const move = fc.record({ how: fc.constantFrom('swap', 'drop', 'repeat', 'foreign'), index, other: index });
/** What is done to bytes. */
const damage = fc.oneof(
  fc.record({
    how: fc.constant('flip'),
    within: fc.constantFrom('header', 'frames', 'end'),
    at: fc.nat(40_000),
    bit: fc.nat(7),
  }),
  fc.record({ how: fc.constant('cut'), within: fc.constantFrom('header', 'frames', 'end'), at: fc.nat(40_000) }),
  fc.record({ how: fc.constant('append'), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
);

const rarely = (arbitrary) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 2 }) },
  );

const openingOf = (frameLength) =>
  fc.record({
    seed,
    frameLength: fc.constant(frameLength),
    frames: fc.nat(5),
    rest: fc.oneof(fc.constantFrom(0, 1), fc.nat(5000)),
    stored: fc.dictionary(name, value, { maxKeys: 2, noNullPrototype: true }),
    required: fc.dictionary(
      name.map((text) => `required ${text}`),
      value,
      { maxKeys: 2, noNullPrototype: true },
    ),
    expected: fc.oneof(
      { weight: 4, arbitrary: fc.constant('all') },
      { weight: 1, arbitrary: fc.constantFrom('none', 'others', 'changed') },
    ),
    lies: rarely(lie),
    moves: rarely(move),
    damages: rarely(damage),
    pieces: cutting(frameLength + 32), // sequence number, IV and tag
    range: fc.tuple(fc.integer({ min: -3000, max: 30_000 }), fc.integer({ min: -3000, max: 30_000 })),
  });
const opening = fc.oneof(fc.integer({ min: 1, max: 40 }), around(1024), fc.constantFrom(4096, 5000)).chain(openingOf);

function told(frames, lies) {
  for (const { index, sequence, nonce, last } of lies) {
    const frame = frames[index % frames.length];
    frame.sequence = Math.max(0, frame.sequence + sequence);
    if (nonce) frame.nonce = Buffer.alloc(12, index);
    if (last) frame.last = !frame.last;
  }
  return frames;
}

function moved(frames, moves, foreign) {
  for (const { how, index, other } of moves) {
    const [from, to] = [index % frames.length, other % frames.length];
    if (how === 'swap') [frames[from], frames[to]] = [frames[to], frames[from]];
    if (how === 'drop' && frames.length > 1) frames.splice(from, 1);
    if (how === 'repeat') frames.splice(to, 0, frames[from]);
    if (how === 'foreign') frames[from] = foreign(from);
  }
  return frames;
}

function damaged(whole, damages, headerLength) {
  let bytes = Buffer.from(whole);
  for (const { how, within, at, bit, bytes: more } of damages) {
    const [start, end] =
      { header: [0, headerLength], frames: [headerLength, bytes.length], end: [bytes.length - 60, bytes.length] }[
        within
      ] ?? [];
    const place = Math.min(Math.max(0, start + (at % Math.max(1, end - start))), bytes.length - 1);
    if (how === 'flip' && bytes.length > 0) bytes[place] ^= 1 << bit;
    if (how === 'cut') bytes = bytes.subarray(0, Math.max(0, place));
    if (how === 'append') bytes = Buffer.concat([bytes, more]);
  }
  return new Uint8Array(bytes);
}

/** An envelope, made with node:crypto alone except for its encrypted data key, then forged, reordered and damaged. */
async function envelopeOf({ seed, frameLength, frames, rest, stored, required, lies, moves, damages }, message) {
  const { envelope, dataKey } = await message({
    seed,
    options: { encryptionContext: stored, requiredEncryptionContext: required },
  });
  const fields = { ...readHeader(envelope), frameLength };
  const content = contentKey(dataKey, fields.messageId);
  const plaintext = sample(frames * frameLength + (rest % (frameLength + 1)));
  const contents = Array.from({ length: frames + 1 }, (_, at) => ({
    sequence: at + 1,
    last: at === frames,
    content: plaintext.subarray(at * frameLength, at === frames ? undefined : (at + 1) * frameLength),
  }));
  const otherId = Buffer.alloc(32, 7);
  const foreign = (at) => writeFrame(contentKey(dataKey, otherId), otherId, contents[at] ?? contents[0]);
  const sealed = told(
    contents.map((frame) => ({ ...frame })),
    lies,
  ).map((frame) => writeFrame(content, fields.messageId, frame));
  const pairs = pairsOf(required);
  const header = writeHeader(content, fields, pairs.length > 0 ? serializeContext(pairs) : undefined);
  return {
    plaintext,
    envelope: damaged(Buffer.concat([header, ...moved(sealed, moves, foreign)]), damages, header.length),
  };
}

function expectedContext({ expected, stored, required }) {
  const all = { ...stored, ...required };
  if (expected === 'none') return undefined;
  if (expected === 'others') return { ...all, another: '1' };
  if (expected === 'changed') return Object.fromEntries(Object.entries(all).map(([name]) => [name, 'changed']));
  return all;
}

/** Both engines open to the same plaintext, or fail alike after the same bytes, in every way; streams however they are cut. */
export function opensAlike(open, message, seen = new Set()) {
  return fc.asyncProperty(opening, async (its) => {
    const { plaintext, envelope } = await envelopeOf(its, message);
    const { pieces, range } = its;
    const { webcrypto, wasm } = await open({
      envelope,
      pieces,
      range,
      options: { encryptionContext: expectedContext(its) },
    });
    for (const way of Object.keys(webcrypto)) assert.deepEqual(wasm[way], webcrypto[way], `${way}: the engines differ`);
    const { stream, iterable, bytes, Blob } = webcrypto;
    assert.deepEqual(iterable, stream, 'it depends on how a stream is cut');
    for (const way of [bytes, Blob]) {
      assert.equal(way.error, stream.error, 'the ways differ');
      assert.deepEqual(
        way.released,
        way.error ? new Uint8Array() : stream.released,
        'released otherwise than by a stream',
      );
    }
    if (its.lies.length === 0) {
      assert.ok(
        Buffer.from(stream.released).equals(plaintext.subarray(0, stream.released.length)),
        'released what was not sealed',
      );
      assert.ok(stream.error || stream.released.length === plaintext.length, 'opened, but not whole');
    }
    seen.add(`${stream.error?.split(':')[0] ?? 'opened'}${stream.error && stream.released.length > 0 ? ' later' : ''}`);
  });
}
