// Moving envelopes to other keys, and why only opening and sealing again can do it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { byHand, collect, inPieces, pairsOf, readAll, sample, soon } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
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
  const sealer = new Sealer({
    keys: [old],
    frameLength: FRAME,
    encryptionContext: CONTEXT,
    requiredEncryptionContext: REQUIRED,
  });
  envelope = await sealer.seal(PLAINTEXT);
});
after(() => kms?.close());

const openerOf = (key, options) => new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, ...options });
const parties = (options) => ({
  opener: openerOf(old),
  sealer: new Sealer({ keys: [fresh], frameLength: FRAME }),
  encryptionContext: { ...CONTEXT, ...REQUIRED },
  ...options,
});

for (const engine of ['webcrypto', 'wasm']) {
  test(`reseal turns a Blob, bytes and a stream into the same kinds, engine ${engine}`, async () => {
    const given = parties({ opener: openerOf(old, { engine }), sealer: new Sealer({ keys: [fresh], engine }) });
    for (const { form, type } of [
      { form: envelope, type: Uint8Array },
      { form: new Blob([envelope]), type: Blob },
      { form: inPieces(envelope, 100), type: ReadableStream },
    ]) {
      const resealed = await reseal(form, given);
      assert.ok(resealed instanceof type);
      const bytes = await collect(resealed);
      const { keyIds, encryptionContext, messageId } = await inspect(bytes);
      assert.deepEqual(keyIds, [fresh.keyId]);
      // Stored pairs are stored again, required ones are not.
      assert.deepEqual(pairsOf(encryptionContext), pairsOf(CONTEXT));
      assert.notEqual(messageId, readHeader(envelope).messageId.toString('base64url'));
      const opened = await openerOf(fresh).open(bytes, { encryptionContext: REQUIRED });
      assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
      assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf({ ...CONTEXT, ...REQUIRED }));
      await assert.rejects(openerOf(fresh).open(bytes), { code: 'ERR_CONTEXT' });
    }
  });
}

test('reseal adds a key, and removes one', async () => {
  const both = await reseal(envelope, parties({ sealer: new Sealer({ keys: [old, fresh] }) }));
  assert.deepEqual((await inspect(both)).keyIds, [old.keyId, fresh.keyId]);
  const one = await reseal(both, parties({ opener: openerOf(fresh) }));
  assert.deepEqual((await inspect(one)).keyIds, [fresh.keyId]);
});

test('reseal of a stream of known size uses the cache, in larger frames if needed, and fails at another size', async () => {
  const sealer = new Sealer({ keys: [fresh], cache: { maxAge: 60_000 } });
  const edkOf = async (size) => {
    const resealed = await collect(await reseal(inPieces(envelope, 1000), parties({ sealer, size })));
    return readHeader(resealed).edks[0].ciphertext.toString('hex');
  };
  assert.equal(await edkOf(envelope.length), await edkOf(envelope.length));
  assert.notEqual(await edkOf(), await edkOf());
  for (const size of [envelope.length - 1, envelope.length + 1, envelope.length - FRAME - 32, 2 ** 40]) {
    await assert.rejects(
      edkOf(size),
      ({ code }) => ['ERR_TRUNCATED', 'ERR_ENVELOPE_INVALID'].includes(code),
      `${size}`,
    );
  }
});

test("reseal adds the sealer's own context, which must not contradict", async () => {
  const sealer = (encryptionContext) => new Sealer({ keys: [fresh], encryptionContext });
  const resealed = await reseal(envelope, parties({ sealer: sealer({ ...CONTEXT, moved: 'yes' }) }));
  assert.deepEqual(pairsOf((await inspect(resealed)).encryptionContext), pairsOf({ ...CONTEXT, moved: 'yes' }));
  for (const context of [{ tenant: '8' }, { secret: 's' }]) {
    await assert.rejects(reseal(envelope, parties({ sealer: sealer(context) })), { code: 'ERR_CONTEXT' });
  }
});

test('reseal requires the pairs that the caller expects', async () => {
  await assert.rejects(reseal(envelope, parties({ encryptionContext: { ...REQUIRED, tenant: '8' } })), {
    code: 'ERR_CONTEXT',
  });
  await assert.rejects(reseal(envelope, parties({ encryptionContext: {} })), { code: 'ERR_CONTEXT' });
});

describe('errors', () => {
  test("reseal fails with the opener's errors, and nothing unauthenticated becomes a complete envelope", async () => {
    const [, end] = framePlaces(envelope)[2];
    const altered = envelope.slice();
    altered[end - 20] ^= 1;
    for (const { bytes, code } of [
      { bytes: altered, code: 'ERR_AUTHENTICATION' },
      { bytes: envelope.slice(0, end), code: 'ERR_TRUNCATED' },
      { bytes: envelope.slice(0, -1), code: 'ERR_TRUNCATED' },
    ]) {
      await assert.rejects(reseal(bytes, parties()), { code });
      await assert.rejects(reseal(new Blob([bytes]), parties()), { code });
      const stream = await reseal(inPieces(bytes, 1000), parties());
      const given = [];
      await assert.rejects(
        (async () => {
          for await (const chunk of stream) given.push(chunk);
        })(),
        { code },
      );
      await assert.rejects(
        openerOf(fresh).open(new Uint8Array(Buffer.concat(given)), { encryptionContext: REQUIRED }),
        { code: 'ERR_TRUNCATED' },
      );
    }
  });

  test('reseal releases the source if the sealer fails', async () => {
    const { sealer, ...rest } = parties();
    sealer.close();
    const source = byHand();
    source.write(envelope.slice(0, 5000));
    await assert.rejects(soon(reseal(source.stream, { sealer, ...rest })), { code: 'ERR_CLOSED' });
    assert.equal(source.cancelled?.reason.code, 'ERR_CLOSED');
  });

  test('reseal releases the source if the reader leaves', async () => {
    const source = byHand();
    source.write(envelope);
    const reader = (await reseal(source.stream, parties())).getReader();
    await soon(reader.read());
    await reader.cancel('enough');
    assert.equal(source.cancelled?.reason, 'enough');
  });

  test('reseal stops at a signal', async () => {
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

test('reseal reports progress in plaintext bytes', async () => {
  const seen = [];
  await reseal(envelope, parties({ onProgress: (progress) => seen.push(progress) }));
  assert.deepEqual(seen.at(-1), { loaded: PLAINTEXT.length, total: PLAINTEXT.length });
});
