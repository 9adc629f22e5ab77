// examples/batch-reseal.mjs and the descriptions of files, in their metadata and beside them: made again for the new envelope, or refused.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, mock, test } from 'node:test';
import { Opener, Sealer, inspect } from 'kmseal';
import { printed } from '../../tools/kms.mjs';
import { sample } from '../support/page/bytes.mjs';
import { CONTEXT, startFunctions } from './functions.mjs';
import { outcomeOf } from './tasks.mjs';

const PLAINTEXT = sample(400_000);
const NAME = 'kmseal-description';
const FIELDS = { name: 'Paß Müller.pdf', type: 'application/pdf', title: 'a letter' };

let aws;
let answer;
let versioned;
before(async () => {
  mock.method(console, 'log', () => {});
  aws = await startFunctions();
  answer = await aws.kms.createKey();
  versioned = await aws.bucket('described', { versioned: true });
});
after(() => aws?.close());
beforeEach(() => aws.proxy.reset());

const job = (TO_BUCKET) =>
  aws.load('batch-reseal', 'ResealFunction', {
    TO_BUCKET,
    PUBLIC_KEY: JSON.stringify(printed(answer)),
    AWS_MAX_ATTEMPTS: '1',
  });

/** A sealed file and its description. */
async function described(fields = FIELDS) {
  const sealer = new Sealer({ keys: [aws.key], encryptionContext: CONTEXT });
  const prepared = await sealer.prepare(new Blob([PLAINTEXT]));
  const description = await prepared.describe(fields);
  return { envelope: new Uint8Array(await (await prepared.slice()).arrayBuffer()), description };
}

/** What the object's description says, opened with the new key alone. */
async function told(bucket, key) {
  const { messageId, keyIds } = await inspect(await aws.get(bucket, key));
  assert.deepEqual(keyIds, [answer.KeyId]);
  const { Metadata } = await aws.head(bucket, key);
  const within = Metadata[NAME];
  const opener = new Opener({ keyIds: [answer.KeyId], decrypt: aws.kms.decrypt });
  const description = within ?? (await aws.get(bucket, `${key}.description`));
  const { name, type, title } = await opener.describe(description, { messageId, encryptionContext: CONTEXT });
  return { name, type, title, place: within === undefined ? 'beside' : 'within' };
}

for (const where of ['in place', 'into another bucket']) {
  describe(`resealing ${where}`, () => {
    let to;
    before(async () => {
      to = where === 'in place' ? versioned : await aws.bucket('described-to');
    });

    test('a description in metadata is made again for the new envelope', async () => {
      const key = 'uploads/4711/within.kmseal';
      const { envelope, description } = await described();
      const Metadata = { [NAME]: Buffer.from(description).toString('base64url'), note: 'kept' };
      await aws.put(versioned, key, envelope, { Metadata });
      const handler = await job(to);
      assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', 'written']);
      assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', 'already there']);
      assert.deepEqual(await told(to, key), { ...FIELDS, place: 'within' });
      assert.equal((await aws.head(to, key)).Metadata.note, 'kept');
    });

    for (const first of ['file', 'description']) {
      test(`a description beside its file is made again once, where the task of the ${first} comes first`, async () => {
        const key = `uploads/4711/beside ${first}.kmseal`;
        const { envelope, description } = await described();
        const versions = {
          file: { bucket: versioned, key, versionId: await aws.put(versioned, key, envelope) },
          description: {
            bucket: versioned,
            key: `${key}.description`,
            versionId: await aws.put(versioned, `${key}.description`, description),
          },
        };
        const handler = await job(to);
        const second = first === 'file' ? 'description' : 'file';
        assert.deepEqual(await outcomeOf(handler, versions[first]), ['Succeeded', 'written']);
        assert.deepEqual(await told(to, key), { ...FIELDS, place: 'beside' });
        const sealed = await aws.get(to, `${key}.description`);
        assert.deepEqual(await outcomeOf(handler, versions[second]), ['Succeeded', 'already there']);
        assert.ok(Buffer.from(sealed).equals(await aws.get(to, `${key}.description`)));
      });
    }

    test('a task that failed between a file and its description makes the description at its next try', async () => {
      const key = 'uploads/4711/between.kmseal';
      const { envelope, description } = await described();
      await aws.put(versioned, key, envelope);
      await aws.put(versioned, `${key}.description`, description);
      const handler = await job(to);
      aws.proxy.fault = ({ operation, key: written }) =>
        operation === 'PutObject' && written.endsWith('.description') ? { status: 503, code: 'SlowDown' } : undefined;
      assert.equal((await outcomeOf(handler, { bucket: versioned, key }))[0], 'TemporaryFailure');
      aws.proxy.reset();
      assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', 'already there']);
      assert.deepEqual(await told(to, key), { ...FIELDS, place: 'beside' });
    });

    test('a description that no longer fits into metadata goes beside its file', async () => {
      const key = 'uploads/4711/long.kmseal';
      const fields = { ...FIELDS, more: 'x'.repeat(100) };
      const { envelope, description } = await described(fields);
      const text = Buffer.from(description).toString('base64url');
      await aws.put(versioned, key, envelope, { Metadata: { [NAME]: text, note: 'n'.repeat(2020 - text.length) } });
      const handler = await job(to);
      for (const outcome of ['written', 'already there']) {
        assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', outcome]);
        assert.deepEqual(await told(to, key), { ...FIELDS, place: 'beside' });
      }
    });

    test("another file's description is refused, and not made this file's own", async () => {
      const key = 'uploads/4711/swapped.kmseal';
      const [mine, theirs] = [await described(), await described({ ...FIELDS, name: 'theirs.pdf' })];
      await aws.put(versioned, key, mine.envelope);
      await aws.put(versioned, `${key}.description`, theirs.description);
      const handler = await job(to);
      assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), [
        'PermanentFailure',
        'ERR_AUTHENTICATION',
      ]);
      const [kept] = [await aws.get(versioned, `${key}.description`)];
      assert.ok(Buffer.from(theirs.description).equals(kept));
    });
  });
}
