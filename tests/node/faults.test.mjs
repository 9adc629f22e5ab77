// KMS that throttles, fails, hangs and hangs up: what the SDK's retries overcome, what fails at once, and how often KMS is asked.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, KmsealError, Opener, Sealer } from 'kmseal';
import { collect, inPieces, sample } from '../support/page/bytes.mjs';
import { startFaults } from '../support/servers/microburst.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PLAINTEXT = sample(5000);
const error = (code, status) => ({ error: { code, message: 'put in by a test', status } });

let kms;
let faults;
let key;
let envelopes;
let asked;
let attempts;
let client;
before(async () => {
  kms = await startKms();
  faults = await startFaults(kms.emulator.endpoint);
  key = await KmsPublicKey.import(await kms.createKey());
  const sealer = new Sealer({ keys: [key], cache: { maxAge: 60_000 } });
  envelopes = await Promise.all(Array.from({ length: 100 }, () => sealer.seal(PLAINTEXT)));
  // The proxy needs seconds for its first request.
  const patient = kms.createClient({ endpoint: faults.endpoint, maxAttempts: 1 });
  await openerOf({ through: patient }).open(envelopes[0]);
  // As docs/open.md says.
  const requestHandler = { requestTimeout: 1000, connectionTimeout: 1000, throwOnRequestTimeout: true };
  client = kms.createClient({ endpoint: faults.endpoint, maxAttempts: 5, requestHandler });
  client.middlewareStack.add(
    (next) => (args) => {
      attempts++;
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
});
after(async () => {
  await faults?.stop();
  await kms?.close();
});
beforeEach(async () => {
  await faults.decrypt();
  [asked, attempts] = [0, 0];
});

function openerOf({ through = client, ...options } = {}) {
  const decrypt = (input, { signal }) => {
    asked++;
    return through.send(new DecryptCommand(input), { abortSignal: signal });
  };
  return new Opener({ keyIds: [key.keyId], decrypt, cache: { maxAge: 60_000 }, ...options });
}

const openAll = (opener) =>
  Promise.allSettled(envelopes.map(async (envelope) => (await opener.open(envelope)).plaintext));

describe('passing faults of KMS', () => {
  for (const { what, effect } of [
    { what: 'throttling', effect: error('ThrottlingException') },
    { what: '500', effect: error('KMSInternalException', 500) },
    { what: '503', effect: error('DependencyTimeoutException', 503) },
    { what: 'a hang', effect: { timeout_ms: 3000 } },
    { what: 'a reset', effect: { reset: true } },
  ]) {
    test(`${what} that occurs twice is retried, with one question for a hundred envelopes`, async () => {
      await faults.decrypt({ ...effect, times: 2 });
      for (const { value, reason } of await openAll(openerOf())) {
        assert.equal(reason, undefined);
        assert.ok(Buffer.from(PLAINTEXT).equals(value));
      }
      assert.deepEqual({ asked, attempts }, { asked: 1, attempts: 3 });
    });
  }

  test("a passing fault is also retried in the SDK's adaptive mode", async () => {
    const adaptive = kms.createClient({ endpoint: faults.endpoint, maxAttempts: 8, retryMode: 'adaptive' });
    await faults.decrypt({ ...error('ThrottlingException'), times: 2 });
    for (const { reason } of await openAll(openerOf({ through: adaptive }))) assert.equal(reason, undefined);
    assert.equal(asked, 1);
  });
});

describe('lasting faults of KMS', () => {
  for (const name of [
    'AccessDeniedException',
    'DisabledException',
    'InvalidCiphertextException',
    'InvalidKeyUsageException',
    'KMSInvalidStateException',
    'NotFoundException',
    'IncorrectKeyException',
    'ExpiredTokenException',
    'InvalidGrantTokenException',
  ]) {
    test(`${name} fails at once, under the name that KMS gave it`, async () => {
      await faults.decrypt(error(name));
      for (const { reason } of await openAll(openerOf())) {
        assert.ok(reason instanceof KmsealError);
        assert.equal(reason.code, 'ERR_KMS');
        assert.equal(reason.cause.name, name);
        assert.ok(reason.message.includes(name));
      }
      assert.deepEqual({ asked, attempts }, { asked: 1, attempts: 1 });
    });
  }
});

test("a fault that outlasts the retries fails for all who wait, with the SDK's attempts for one call", async () => {
  await faults.decrypt(error('KMSInternalException', 500));
  const opener = openerOf();
  for (const { reason } of await openAll(opener)) assert.equal(reason.cause.name, 'KMSInternalException');
  assert.deepEqual({ asked, attempts }, { asked: 1, attempts: 5 });
  // It was not cached.
  await faults.decrypt();
  for (const { reason } of await openAll(opener)) assert.equal(reason, undefined);
  assert.equal(asked, 2);
});

test('an answer that is cut off or altered opens nothing, and a stream releases no byte', async () => {
  for (const response of [{ truncate_frac: 0.5 }, { corrupt_bytes: 40 }]) {
    await faults.decrypt({ response });
    await assert.rejects(openerOf().open(envelopes[0]));
    await assert.rejects(
      openerOf()
        .open(inPieces(envelopes[0], 1000))
        .then(({ plaintext }) => collect(plaintext)),
    );
  }
});

test('an abort while the SDK waits to retry ends its retries', async () => {
  await faults.decrypt(error('ThrottlingException'));
  const abort = new AbortController();
  const opening = openerOf().open(envelopes[0], { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 500);
  await assert.rejects(opening, { message: 'enough' });
  const made = attempts;
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.ok(attempts <= made + 1, `${attempts - made} more attempts`);
});
