// One refused envelope must not affect concurrent work: a server, a function and a job, each with twenty objects, nineteen of them refused.
// The objects have the checksums that S3 adds and the SDK validates; with such a body as a web stream the process ended
// (nodejs/node#64529), which this file's process would, too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, mock, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { CHECKSUMS, CONTEXT, startFunctions } from './functions.mjs';
import { tasks } from './tasks.mjs';

const MANY = 20;
const PLAINTEXT = sample(700_000);
const keyOf = (index) => `uploads/4711/${index}.kmseal`;
/** The intact object, among those that are refused before and after it. */
const GOOD = 12;

let aws;
before(async () => {
  mock.method(console, 'log', () => {});
  mock.method(console, 'error', () => {});
  aws = await startFunctions();
  const envelope = await new Sealer({ keys: [aws.key], encryptionContext: CONTEXT, frameLength: 64 * 1024 }).seal(
    PLAINTEXT,
  );
  const foreign = await new Sealer({ keys: [aws.key], encryptionContext: { purpose: 'other' } }).seal(PLAINTEXT);
  const altered = (at) => Object.assign(envelope.slice(), { [at]: envelope[at] ^ 1 });
  const refused = [
    altered(20),
    altered(100_000),
    altered(envelope.length - 1),
    envelope.subarray(0, 400_000),
    foreign,
    PLAINTEXT,
  ];
  for (let index = 0; index < MANY; index++) {
    const bytes = index === GOOD ? envelope : refused[index % refused.length];
    await aws.put(aws.envelopes, keyOf(index), bytes, { ChecksumAlgorithm: CHECKSUMS[index % 2] });
  }
});
after(() => aws?.close());

const indexes = Array.from({ length: MANY }, (_, index) => index);
async function onlyGoodIsThere() {
  assert.deepEqual(await aws.left(aws.plain), { objects: [keyOf(GOOD).replace('.kmseal', '')], uploads: [] });
  assert.ok(Buffer.from(PLAINTEXT).equals(await aws.get(aws.plain, keyOf(GOOD).replace('.kmseal', ''))));
}

test('a server that gets requests for twenty objects at once sends the intact one', async () => {
  const opener = new Opener({ keyIds: [aws.key.keyId], decrypt: aws.kms.decrypt });
  const server = createServer(async (request, response) => {
    try {
      const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: aws.envelopes, Key: request.url.slice(1) }));
      const { plaintext } = await opener.open(Body, { encryptionContext: CONTEXT });
      await pipeline(Readable.fromWeb(plaintext), response);
    } catch (error) {
      response.destroy(error);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const read = async (index) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/${keyOf(index)}`);
    return Buffer.from(await response.arrayBuffer()).equals(PLAINTEXT);
  };
  const answers = await Promise.allSettled(indexes.map(read));
  assert.deepEqual(
    answers.map(({ value }) => value === true),
    indexes.map((index) => index === GOOD),
  );
  assert.ok(await read(GOOD));
  server.closeAllConnections();
  server.close();
});

test('a function with twenty records opens the intact one', async () => {
  const handler = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
  const Records = indexes.map((index) => ({
    s3: { bucket: { name: aws.envelopes }, object: { key: keyOf(index), sequencer: '01' } },
  }));
  await assert.rejects(handler({ Records }), ({ errors }) => errors.length === MANY - 1);
  await onlyGoodIsThere();
});

test('a job of twenty tasks, which S3 retries, opens the intact one and keeps no connection', async () => {
  const handler = await aws.load('batch-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
  const job = tasks(...indexes.map((key) => ({ bucket: aws.envelopes, key: keyOf(key) })));
  // The SDK has 50 sockets: if each refused object leaked one, the third round would run out.
  for (let time = 0; time < 3; time++) {
    const { results } = await handler(job);
    assert.deepEqual(
      results.map(({ resultCode }) => resultCode === 'Succeeded'),
      indexes.map((index) => index === GOOD),
    );
    assert.ok(results.every(({ resultCode }) => resultCode !== 'TemporaryFailure'));
  }
  await onlyGoodIsThere();
});
