// Moving envelopes to other keys, and why only opening and sealing anew can do it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { byHand, collect, inPieces, pairsOf, readAll, sample, soon } from '../support/bytes.mjs';
import { startKms } from '../support/kms.mjs';
import { framePlaces, readHeader } from '../support/message.mjs';

const FRAME = 4096;
const PLAINTEXT = sample(3 * FRAME + 10);
const CONTEXT = { tenant: '7', purpose: 'paper' };
const REQUIRED = { secret: 's' };

let kms;
let old;
let fresh;
let envelope;
before(async () => {
  kms = await startKms();
  [old, fresh] = await Promise.all([0, 1].map(async () => KmsPublicKey.import(await kms.createKey())));
  const sealer = new Sealer({ keys: old, frameLength: FRAME, encryptionContext: CONTEXT, requiredEncryptionContext: REQUIRED });
  envelope = await sealer.seal(PLAINTEXT);
});
after(() => kms?.close());

const openerOf = (key, options) => new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, ...options });
const parties = (options) => ({
  opener: openerOf(old), sealer: new Sealer({ keys: fresh, frameLength: FRAME }), encryptionContext: { ...CONTEXT, ...REQUIRED }, ...options,
});

for (const engine of ['webcrypto', 'wasm']) {
  test(`Blob, bytes and stream to the same kinds, engine ${engine}`, async () => {
    const given = parties({ opener: openerOf(old, { engine }), sealer: new Sealer({ keys: fresh, engine }) });
    for (const [form, type] of [[envelope, Uint8Array], [new Blob([envelope]), Blob], [inPieces(envelope, 100), ReadableStream]]) {
      const resealed = await reseal(form, given);
      assert.ok(resealed instanceof type);
      const bytes = await collect(resealed);
      const { keyIds, encryptionContext, messageId } = await inspect(bytes);
      assert.deepEqual(keyIds, [fresh.keyId]);
      // Stored pairs are stored again, required ones are not.
      assert.deepEqual(pairsOf(encryptionContext), pairsOf(CONTEXT));
      assert.notEqual(messageId, readHeader(envelope).messageId.toString('hex'));
      const opened = await openerOf(fresh).open(bytes, { encryptionContext: REQUIRED });
      assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
      assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf({ ...CONTEXT, ...REQUIRED }));
      await assert.rejects(openerOf(fresh).open(bytes), { code: 'ERR_CONTEXT' });
    }
  });
}

test('adds a key, and takes one away', async () => {
  const both = await reseal(envelope, parties({ sealer: new Sealer({ keys: [old, fresh] }) }));
  assert.deepEqual((await inspect(both)).keyIds, [old.keyId, fresh.keyId]);
  const one = await reseal(both, parties({ opener: openerOf(fresh) }));
  assert.deepEqual((await inspect(one)).keyIds, [fresh.keyId]);
});

test('a stream of known size takes part in the cache, in larger frames if need be; with another size it fails', async () => {
  const sealer = new Sealer({ keys: fresh, cache: { maxAge: 60_000 } });
  const edkOf = async (size) => {
    const resealed = await collect(await reseal(inPieces(envelope, 1000), parties({ sealer, size })));
    return readHeader(resealed).edks[0].ciphertext.toString('hex');
  };
  assert.equal(await edkOf(envelope.length), await edkOf(envelope.length));
  assert.notEqual(await edkOf(), await edkOf());
  for (const size of [envelope.length - 1, envelope.length + 1, envelope.length - FRAME - 32, 2 ** 40]) {
    await assert.rejects(edkOf(size), ({ code }) => ['ERR_TRUNCATED', 'ERR_ENVELOPE_INVALID'].includes(code), `${size}`);
  }
});

test("the sealer's own context comes on top, and must not contradict", async () => {
  const sealer = (encryptionContext) => new Sealer({ keys: fresh, encryptionContext });
  const resealed = await reseal(envelope, parties({ sealer: sealer({ ...CONTEXT, moved: 'yes' }) }));
  assert.deepEqual(pairsOf((await inspect(resealed)).encryptionContext), pairsOf({ ...CONTEXT, moved: 'yes' }));
  for (const context of [{ tenant: '8' }, { secret: 's' }]) {
    await assert.rejects(reseal(envelope, parties({ sealer: sealer(context) })), { code: 'ERR_CONTEXT' });
  }
});

test('what the caller expects must be there', async () => {
  await assert.rejects(reseal(envelope, parties({ encryptionContext: { ...REQUIRED, tenant: '8' } })), { code: 'ERR_CONTEXT' });
  await assert.rejects(reseal(envelope, parties({ encryptionContext: {} })), { code: 'ERR_CONTEXT' });
});

describe('errors', () => {
  test("are the opener's own, and nothing sealed of what does not authenticate is whole", async () => {
    const [, end] = framePlaces(envelope)[2];
    const altered = envelope.slice();
    altered[end - 20] ^= 1;
    for (const [bytes, code] of [[altered, 'ERR_AUTHENTICATION'], [envelope.slice(0, end), 'ERR_TRUNCATED'], [envelope.slice(0, -1), 'ERR_TRUNCATED']]) {
      await assert.rejects(reseal(bytes, parties()), { code });
      await assert.rejects(reseal(new Blob([bytes]), parties()), { code });
      const stream = await reseal(inPieces(bytes, 1000), parties());
      const given = [];
      await assert.rejects((async () => {
        for await (const chunk of stream) given.push(chunk);
      })(), { code });
      await assert.rejects(openerOf(fresh).open(new Uint8Array(Buffer.concat(given)), { encryptionContext: REQUIRED }), { code: 'ERR_TRUNCATED' });
    }
  });

  test('a sealer that cannot lets go of the source', async () => {
    const { sealer, ...rest } = parties();
    sealer.close();
    const source = byHand();
    source.write(envelope.slice(0, 5000));
    await assert.rejects(soon(reseal(source.stream, { sealer, ...rest })), { code: 'ERR_CLOSED' });
    assert.equal(source.cancelled?.reason.code, 'ERR_CLOSED');
  });

  test('a reader that leaves lets go of the source', async () => {
    const source = byHand();
    source.write(envelope);
    const reader = (await reseal(source.stream, parties())).getReader();
    await soon(reader.read());
    await reader.cancel('enough');
    assert.equal(source.cancelled?.reason, 'enough');
  });

  test('a signal stops it', async () => {
    const abort = new AbortController();
    const source = byHand();
    source.write(envelope.slice(0, 6000));
    const stream = await reseal(source.stream, parties({ signal: abort.signal }));
    const reading = readAll(stream);
    abort.abort(new Error('enough'));
    await assert.rejects(soon(reading), { message: 'enough' });
    assert.equal(source.cancelled?.reason.message, 'enough');
  });
});

test('progress counts plaintext bytes', async () => {
  const seen = [];
  await reseal(envelope, parties({ onProgress: (progress) => seen.push(progress) }));
  assert.deepEqual(seen.at(-1), { loaded: PLAINTEXT.length, total: PLAINTEXT.length });
});
