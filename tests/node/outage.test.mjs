// One region's outage: KMS of the first key throttles, fails, hangs, resets or is unreachable, and the envelope opens with the next one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { DecryptCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { collect, inPieces, sample } from '../support/page/bytes.mjs';
import { startFaults } from '../support/servers/microburst.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PLAINTEXT = sample(5000);
const [NEAR, FAR] = ['us-east-1', 'eu-west-1'];
const error = (code, status) => ({ error: { code, message: 'put in by a test', status } });

let kms;
let faults;
let near;
let far;
let replicated;
let gone;
let clients;
let asked;
before(async () => {
  kms = await startKms();
  faults = await startFaults(kms.emulator.endpoint);
  near = await KmsPublicKey.import(await kms.createKey());
  const elsewhere = kms.createClient({ region: FAR });
  const { createKey } = await import('../../tools/kms.mjs');
  far = await KmsPublicKey.import(await createKey(elsewhere, { spec: 'RSA_2048' }));
  const answer = await kms.createKey({ multiRegion: true });
  await kms.client.send(new ReplicateKeyCommand({ KeyId: answer.KeyId, ReplicaRegion: FAR }));
  replicated = await KmsPublicKey.import(answer);
  // A port on which nothing listens any more.
  gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  gone.endpoint = `http://127.0.0.1:${gone.address().port}`;
  await new Promise((resolve) => gone.close(resolve));
  // The proxy needs seconds for its first request.
  await kms.createClient({ endpoint: faults.endpoint, maxAttempts: 1 }).send(
    new DecryptCommand({
      KeyId: near.keyId,
      CiphertextBlob: near.encrypt(new Uint8Array(1)),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  );
});
after(async () => {
  await faults?.stop();
  await kms?.close();
});
beforeEach(async () => {
  await faults.decrypt();
  asked = [];
  clients = through(faults.endpoint);
});

/** A client for each region, as in docs/open.md; the first region's goes through the proxy, or nowhere. */
function through(endpoint) {
  const requestHandler = { requestTimeout: 500, connectionTimeout: 500, throwOnRequestTimeout: true };
  return {
    [NEAR]: kms.createClient({ endpoint, maxAttempts: 2, requestHandler }),
    [FAR]: kms.createClient({ region: FAR }),
  };
}

const openerOf = (options) =>
  new Opener({
    keyIds: [near.keyId, far.keyId],
    decrypt: (input, given) => {
      const region = input.KeyId.split(':')[3];
      asked.push(region);
      return clients[region].send(new DecryptCommand(input), given);
    },
    ...options,
  });
const sealed = (keys = [far, near]) => new Sealer({ keys }).seal(PLAINTEXT);
const equal = (found) => assert.ok(Buffer.from(PLAINTEXT).equals(found));

describe('the first region', () => {
  for (const { what, effect } of [
    { what: 'throttles', effect: error('ThrottlingException') },
    { what: 'answers 500', effect: error('KMSInternalException', 500) },
    { what: 'answers 503', effect: error('DependencyTimeoutException', 503) },
    { what: 'answers 500 without a name', effect: error('', 500) },
    { what: 'has the key unavailable', effect: error('KeyUnavailableException', 500) },
    { what: 'denies', effect: error('AccessDeniedException') },
    { what: 'knows no such credentials', effect: error('UnrecognizedClientException') },
    { what: 'has a key of another usage', effect: error('InvalidKeyUsageException') },
    { what: 'does not answer', effect: { timeout_ms: 3000 } },
    { what: 'hangs up', effect: { reset: true } },
    { what: 'cuts its answer off', effect: { response: { truncate_frac: 0.5 } } },
  ]) {
    test(`the second key opens by every method if the first region ${what}`, async () => {
      await faults.decrypt(effect);
      const envelope = await sealed();
      const opener = openerOf();
      equal((await opener.open(envelope)).plaintext);
      equal(await collect((await opener.open(inPieces(envelope, 100))).plaintext));
      const { plaintext, keyId } = await opener.openRange(new Blob([envelope]));
      equal(new Uint8Array(await plaintext.arrayBuffer()));
      assert.equal(keyId, far.keyId);
      assert.deepEqual(asked, Array(3).fill([NEAR, FAR]).flat());
    });
  }

  test('the second key opens if the first region refuses connections', async () => {
    clients = through(gone.endpoint);
    const { plaintext, keyId } = await openerOf().open(await sealed());
    equal(plaintext);
    assert.equal(keyId, far.keyId);
    equal(
      await reseal(await sealed(), { opener: openerOf(), sealer: new Sealer({ keys: [near] }) }).then(async (moved) => {
        clients = through(faults.endpoint);
        return (await openerOf().open(moved)).plaintext;
      }),
    );
  });

  test('the second key opens if the first region is down for a key that has a replica', async () => {
    clients = through(gone.endpoint);
    const replica = replicated.keyId.replace(NEAR, FAR);
    const { plaintext, keyId } = await openerOf({ keyIds: [replicated.keyId, replica] }).open(await sealed(replicated));
    equal(plaintext);
    assert.equal(keyId, replica);
  });
});

test('an outage of all regions is reported with each cause', async () => {
  await faults.decrypt(error('ThrottlingException'));
  clients[FAR] = kms.createClient({ region: FAR, endpoint: gone.endpoint, maxAttempts: 1 });
  await assert.rejects(openerOf().open(await sealed()), ({ code, message, cause }) => {
    assert.equal(code, 'ERR_KMS');
    assert.match(
      message,
      new RegExp(
        `throttled.*ThrottlingException for ${near.keyId}.*could not be reached.*ECONNREFUSED for ${far.keyId}`,
      ),
    );
    assert.deepEqual(
      cause.errors.map(({ name, code }) => code ?? name),
      ['ThrottlingException', 'ECONNREFUSED'],
    );
    return true;
  });
});

test('the second key is asked once with a cache, and the first not again while it is cached', async () => {
  await faults.decrypt(error('KMSInternalException', 500));
  const sealer = new Sealer({ keys: [near, far], cache: { maxAge: 60_000 } });
  const envelopes = await Promise.all(Array.from({ length: 20 }, () => sealer.seal(PLAINTEXT)));
  const opener = openerOf({ cache: { maxAge: 60_000 } });
  for (const { plaintext } of await Promise.all(envelopes.map((envelope) => opener.open(envelope)))) equal(plaintext);
  for (const envelope of envelopes) assert.equal((await opener.open(envelope)).keyId, far.keyId);
  assert.deepEqual(asked, [NEAR, FAR]);
  opener.close();
  sealer.close();
});

test('an abort while the first region is asked keeps the others from being asked', async () => {
  const reason = new Error('enough');
  const stop = new AbortController();
  clients[NEAR] = {
    send: (command, { abortSignal }) =>
      new Promise((resolve, reject) => {
        abortSignal.addEventListener('abort', () => reject(abortSignal.reason));
        stop.abort(reason);
      }),
  };
  await assert.rejects(openerOf().open(await sealed(), { signal: stop.signal }), (thrown) => thrown === reason);
  assert.deepEqual(asked, [NEAR]);
});
