// A server unlocks a header, and a page opens that one envelope with it: what is handed over, what it opens, and what is refused.
import assert from 'node:assert/strict';
import { createHash, hkdfSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { byHand, collect, inPieces, sample } from '../support/page/bytes.mjs';
import { KINDS, makeKind, makeRaw } from '../support/kinds.mjs';
import { readHeader, serializeContext } from '../support/message.mjs';
import { startKms } from '../support/servers/kms.mjs';

const FRAME = 4096;
const PLAINTEXT = sample(20 * FRAME + 10);
const STORED = { user: '4711' };
const REQUIRED = { case: '12' };
const WHOLE = { ...STORED, ...REQUIRED };

let kms;
let key;
/** KMS's last answer to Decrypt. */
let answered;
let opener;
let sealer;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  const decrypt = async (input, options) => {
    const answer = await kms.decrypt(input, options);
    answered = answer.Plaintext.slice();
    return answer;
  };
  opener = new Opener({ keyIds: [key.keyId], decrypt });
  const contexts = { encryptionContext: STORED, requiredEncryptionContext: REQUIRED };
  sealer = new Sealer({ keys: [key], frameLength: FRAME, cache: { maxAge: 600_000 }, ...contexts });
});
after(async () => {
  sealer?.close();
  await kms?.close();
});

const equal = (found, expected) => assert.ok(Buffer.from(expected).equals(found));
const sourceOf = (bytes, reads = []) => ({
  size: bytes.length,
  reads,
  read: async (start, end) => (reads.push([start, end]), bytes.slice(start, end)),
});
const unlock = (envelope, options) => opener.unlock(envelope, { encryptionContext: WHOLE, ...options });
/** As it reaches the page. */
const sent = async (unlocked) => JSON.parse(JSON.stringify(await unlocked));
const code = (promise) =>
  promise.then(
    () => 'opens',
    (error) => error.code,
  );

for (const kind of KINDS) {
  test(`a header that was unlocked with a key of kind ${kind} opens its envelope in every form`, async () => {
    const { key: recipient, opens, name } = await makeKind(kms, kind);
    const contexts = { encryptionContext: STORED, requiredEncryptionContext: REQUIRED };
    const envelope = await new Sealer({ keys: [recipient], frameLength: FRAME, ...contexts }).seal(PLAINTEXT);
    const server = new Opener(opens);
    const { headerLength } = await inspect(envelope);
    const unlocked = await sent(server.unlock(envelope.slice(0, headerLength), { encryptionContext: WHOLE }));
    assert.deepEqual(Object.keys(unlocked), ['version', 'headerHash', 'contentKey', 'encryptionContext', 'keyId']);
    assert.deepEqual({ context: unlocked.encryptionContext, keyId: unlocked.keyId }, { context: WHOLE, keyId: name });
    for (const engine of ['webcrypto', 'wasm']) {
      const page = new Opener({ unlocked, engine });
      for (const from of [envelope, new Blob([envelope]), inPieces(envelope, 5000), sourceOf(envelope)]) {
        const { plaintext, encryptionContext, keyId } = await page.open(from);
        equal(await collect(plaintext), PLAINTEXT);
        assert.deepEqual({ context: { ...encryptionContext }, keyId }, { context: WHOLE, keyId: name });
      }
      for (const from of [new Blob([envelope]), sourceOf(envelope)]) {
        const { plaintext, start, end, size } = await page.openRange(from, { start: 5000, end: -5000 });
        equal(await collect(plaintext), PLAINTEXT.subarray(5000, -5000));
        assert.deepEqual({ start, end, size }, { start: 5000, end: PLAINTEXT.length - 5000, size: PLAINTEXT.length });
      }
      page.close();
    }
  });
}

test('an unlocked header holds the hash of the header and the content key, and the data key is nowhere in it', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const unlocked = await sent(unlock(envelope));
  const { length, messageId } = readHeader(envelope);
  const hash = createHash('sha256').update(envelope.subarray(0, length)).digest('base64url');
  const dataKey = answered.subarray(48);
  const info = Buffer.concat([Buffer.from([0x04, 0x78]), Buffer.from('DERIVEKEY')]);
  const contentKey = Buffer.from(hkdfSync('sha512', dataKey, messageId, info, 32)).toString('base64url');
  assert.deepEqual(unlocked, {
    version: 1,
    headerHash: hash,
    contentKey,
    encryptionContext: WHOLE,
    keyId: key.keyId,
  });
  const text = Buffer.from(JSON.stringify(unlocked));
  for (const form of ['base64url', 'hex', 'latin1'])
    assert.ok(!text.includes(Buffer.from(dataKey).toString(form)), form);
});

test('unlocking reads the header and no frame, from whatever holds it', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const { headerLength } = await inspect(envelope);
  const { reads, ...source } = sourceOf(envelope);
  const stream = byHand();
  stream.write(envelope.slice(0, headerLength));
  const forms = {
    'the header': envelope.slice(0, headerLength),
    'more than the header': envelope.slice(0, headerLength + 100),
    'a Blob': new Blob([envelope]),
    'a stream that has not ended': stream.stream,
    'a source': source,
  };
  const expected = await unlock(envelope);
  for (const [name, form] of Object.entries(forms)) assert.deepEqual(await unlock(form), expected, name);
  assert.deepEqual(reads, [[0, 65_536]]);
  assert.ok(stream.cancelled, 'the stream was left open');
});

test('a header that was cut says how many bytes it takes, step by step, and KMS is not asked', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const { headerLength } = await inspect(envelope);
  const calls = kms.calls.length;
  let length = 1;
  let steps = 0;
  for (; length < headerLength; steps++) {
    const error = await unlock(envelope.slice(0, length)).catch((error) => error);
    assert.equal(error.code, 'ERR_TRUNCATED');
    const needed = Number(/takes (\d+) bytes or more/.exec(error.message)[1]);
    assert.ok(needed > length && needed <= headerLength, `${needed} after ${length}`);
    length = needed;
  }
  assert.ok(steps > 3);
  assert.equal(kms.calls.length, calls);
  assert.equal((await unlock(envelope.slice(0, length))).version, 1);
});

test('an opener with an unlocked header opens no other envelope, under the same data key and context neither', async () => {
  const [envelope, other] = [await sealer.seal(PLAINTEXT), await sealer.seal(PLAINTEXT)];
  const ciphertext = (bytes) => readHeader(bytes).edks[0].ciphertext;
  assert.deepEqual(ciphertext(envelope), ciphertext(other), 'they have one data key');
  const page = new Opener({ unlocked: await sent(unlock(envelope)) });
  const sentence = /this is not the header that was unlocked: the envelope was altered, or it is another one/;
  for (const bytes of [other, await new Sealer({ keys: [key] }).seal(PLAINTEXT), envelope.with(50, envelope[50] ^ 1)]) {
    for (const opening of [
      page.open(bytes),
      page.open(sourceOf(bytes)),
      page.openRange(new Blob([bytes]), { end: 1 }),
    ]) {
      await assert.rejects(opening, { code: 'ERR_AUTHENTICATION', message: sentence });
    }
  }
  // Its own header before the frames of the other.
  const { headerLength } = await inspect(envelope);
  const mixed = Buffer.concat([envelope.subarray(0, headerLength), other.subarray(headerLength)]);
  assert.equal(await code(page.open(mixed)), 'ERR_AUTHENTICATION');
  assert.equal(await code(page.openRange(sourceOf(mixed), { end: 1 })), 'ERR_AUTHENTICATION');
});

/** The victim's encrypted data key in a header of somebody else. */
function transplanted(attackers, victims) {
  const [mine, theirs] = [readHeader(attackers), readHeader(victims)];
  const [start, end] = mine.places['ciphertext 0'];
  assert.equal(end - start, theirs.edks[0].ciphertext.length);
  return Buffer.concat([attackers.subarray(0, start), theirs.edks[0].ciphertext, attackers.subarray(end)]);
}

test("a victim's encrypted data key in a header of the attacker's is refused, for each kind of key", async () => {
  const raw = await makeRaw();
  const { keyNamespace, keyName } = raw.key;
  const openers = {
    KMS: [key, opener],
    raw: [raw.key, new Opener({ rawKeys: [{ keyNamespace, keyName, privateKey: raw.privateKey }] })],
  };
  for (const [kind, [recipient, server]] of Object.entries(openers)) {
    const seal = (user) => new Sealer({ keys: [recipient], encryptionContext: { user } }).seal(PLAINTEXT);
    const [victims, others, same] = [await seal('4711'), await seal('666'), await seal('4711')];
    const unlocking = (bytes, user) => code(server.unlock(bytes, { encryptionContext: { user } }));
    assert.equal(await unlocking(victims, '4711'), 'opens', kind);
    // KMS's answer is bound to the context; the attacker's header commits to a data key of the attacker's in any case.
    const [elsewhere, here] = [transplanted(others, victims), transplanted(same, victims)];
    assert.equal(await unlocking(elsewhere, '666'), kind === 'KMS' ? 'ERR_CONTEXT' : 'ERR_AUTHENTICATION', kind);
    assert.equal(await unlocking(here, '4711'), 'ERR_AUTHENTICATION', kind);
  }
});

test('a header with another context is refused, before KMS is asked where it stands in the header', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const calls = kms.calls.length;
  await assert.rejects(unlock(envelope, { encryptionContext: { ...WHOLE, user: '1' } }), { code: 'ERR_CONTEXT' });
  assert.equal(kms.calls.length, calls);
  await assert.rejects(unlock(envelope, { encryptionContext: { ...WHOLE, case: '1' } }), { code: 'ERR_CONTEXT' });
  // Changed in the header to what is expected.
  const { places, context } = readHeader(envelope);
  const forged = serializeContext([['user', '1712']]);
  assert.equal(forged.length, context.length);
  const altered = Buffer.from(envelope);
  forged.copy(altered, places.context[0]);
  await assert.rejects(unlock(altered, { encryptionContext: { ...WHOLE, user: '1712' } }), { code: 'ERR_CONTEXT' });
});

test('the page, too, may expect a context of the unlocked header', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const page = new Opener({ unlocked: await sent(unlock(envelope)) });
  for (const encryptionContext of [undefined, {}, STORED, REQUIRED, WHOLE]) {
    equal((await page.open(envelope, { encryptionContext })).plaintext, PLAINTEXT);
  }
  assert.equal(await code(page.open(envelope, { encryptionContext: { user: '1' } })), 'ERR_CONTEXT');
  // Only the header's tag vouches for what is not stored.
  for (const encryptionContext of [{ case: '1' }, { other: '1' }, { toString: '1' }]) {
    assert.equal(await code(page.open(envelope, { encryptionContext })), 'ERR_AUTHENTICATION');
  }
});

test('an unlocked header that was altered opens nothing', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const unlocked = await sent(unlock(envelope));
  const { contentKey, headerHash, encryptionContext } = unlocked;
  const other = (text) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
  const opening = (changed) => code(new Opener({ unlocked: { ...unlocked, ...changed } }).open(envelope));
  assert.equal(await opening({ contentKey: other(contentKey) }), 'ERR_AUTHENTICATION');
  assert.equal(await opening({ headerHash: other(headerHash) }), 'ERR_AUTHENTICATION');
  assert.equal(await opening({ encryptionContext: { ...encryptionContext, case: '1' } }), 'ERR_AUTHENTICATION');
  assert.equal(await opening({ encryptionContext: STORED }), 'ERR_AUTHENTICATION');
  assert.equal(await opening({ encryptionContext: { ...encryptionContext, user: '1' } }), 'ERR_CONTEXT');
});

test('anything but an unlocked header is refused at once with a sentence', async () => {
  const unlocked = await sent(unlock(await sealer.seal(PLAINTEXT)));
  const without = (name) => Object.fromEntries(Object.entries(unlocked).filter(([key]) => key !== name));
  const wrong = [
    null,
    '',
    JSON.stringify(unlocked),
    {},
    { error: 'not found' },
    { ...unlocked, version: 2 },
    { ...unlocked, keyId: 7 },
    ...['version', 'headerHash', 'contentKey', 'keyId'].map(without),
    ...['contentKey', 'headerHash'].flatMap((name) =>
      ['', unlocked[name].slice(1), `${unlocked[name]}=`, unlocked[name].replace(/^./, '+'), 7].map((value) => ({
        ...unlocked,
        [name]: value,
      })),
    ),
  ];
  for (const one of wrong) {
    const message = /^unlocked must be what opener\.unlock\(\) gave/;
    assert.throws(() => new Opener({ unlocked: one }), { name: 'TypeError', message }, JSON.stringify(one));
  }
  const context = { ...unlocked, encryptionContext: 'user' };
  assert.throws(() => new Opener({ unlocked: context }), { name: 'TypeError', message: /^encryptionContext must be/ });
  const both = { unlocked, keyIds: [key.keyId], decrypt: kms.decrypt };
  assert.throws(() => new Opener(both), { name: 'TypeError', message: /no keys beside it/ });
  assert.throws(() => new Opener({ unlocked: undefined }), { name: 'TypeError', message: /or unlocked$/ });
});

test('a closed opener opens nothing more, an envelope whose header is on its way neither', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const unlocked = await sent(unlock(envelope));
  const page = new Opener({ unlocked });
  const slow = byHand();
  const opening = assert.rejects(page.open(slow.stream), { code: 'ERR_CLOSED' });
  page.close();
  slow.write(envelope);
  await opening;
  await assert.rejects(page.open(envelope), { code: 'ERR_CLOSED' });
  await assert.rejects(page.openRange(new Blob([envelope])), { code: 'ERR_CLOSED' });
  // What the caller handed in stays the caller's.
  equal((await new Opener({ unlocked }).open(envelope)).plaintext, PLAINTEXT);
});

test('unlocking stops with its signal, asks the cache, and repeats what was handed in', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const stop = new AbortController();
  const hanging = new Opener({ keyIds: [key.keyId], decrypt: () => new Promise(() => stop.abort('left')) });
  await assert.rejects(
    hanging.unlock(envelope, { encryptionContext: WHOLE, signal: stop.signal }),
    (reason) => reason === 'left',
  );
  const cached = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, cache: { maxAge: 600_000 } });
  const calls = kms.calls.length;
  const all = [envelope, envelope, await sealer.seal(PLAINTEXT)].map((bytes) =>
    cached.unlock(bytes, { encryptionContext: WHOLE }),
  );
  const [first, again, next] = await Promise.all(all);
  cached.close();
  assert.equal(kms.calls.length, calls + 1);
  assert.deepEqual(first, again);
  assert.notEqual(first.contentKey, next.contentKey);
  assert.deepEqual(await new Opener({ unlocked: first }).unlock(envelope), first);
});

test('an envelope is sealed again with an unlocked header, and keeps its contexts', async () => {
  const envelope = await sealer.seal(PLAINTEXT);
  const page = new Opener({ unlocked: await sent(unlock(envelope)) });
  const target = await KmsPublicKey.import(await kms.createKey());
  const moved = await reseal(envelope, { opener: page, sealer: new Sealer({ keys: [target] }) });
  assert.deepEqual({ ...(await inspect(moved)).encryptionContext }, STORED);
  const own = new Opener({ keyIds: [target.keyId], decrypt: kms.decrypt });
  equal((await own.open(moved, { encryptionContext: WHOLE })).plaintext, PLAINTEXT);
});
