// examples/lambda-intake.mjs under its role of infra/kmseal.yaml, and an application that is told.
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Sealer } from 'kmseal';
import { CONTEXT, startFunctions } from './functions.mjs';
import { listen } from './told.mjs';

const encoded = (key) => encodeURIComponent(key).replaceAll('%20', '+');

export async function startIntake() {
  mock.method(console, 'log', () => {});
  mock.method(console, 'error', () => {});
  const aws = await startFunctions();
  const application = await listen(aws.kms.emulator);
  /** A new one. */
  const instance = (settings) =>
    aws.load('lambda-intake', 'IntakeFunction', { FROM_OWNER: '000000000000', ...settings });
  const handler = await instance();

  /** S3's record of an object. */
  const record = (key, { bucket = aws.envelopes, ...object } = {}) => ({
    eventSource: 'aws:s3',
    s3: { bucket: { name: bucket }, object: { key: encoded(key), ...object } },
  });
  /** What the function logs of one event: its outcome, and a code if there is one. */
  async function handled(key, more, intake = handler) {
    console.log.mock.resetCalls();
    await intake({ Records: [record(key, more)] });
    const { outcome, code } = JSON.parse(console.log.mock.calls[0].arguments[0]);
    return code === undefined ? outcome : `${outcome}: ${code}`;
  }
  const isThere = async (key, bucket = aws.envelopes) => (await aws.left(bucket)).objects.includes(key);

  return {
    aws,
    application,
    instance,
    handler,
    record,
    handled,
    isThere,
    /** The function's calls of one operation. */
    called: (operation) => aws.proxy.calls.filter((call) => call.operation === operation),
    sealed: (plaintext, settings) =>
      new Sealer({ keys: [aws.key], encryptionContext: CONTEXT, ...settings }).seal(plaintext),

    /** Stores bytes, has them looked at, and checks that they were moved, tagged and told of. Returns what was told. */
    async refused(key, bytes, code, { intake = handler } = {}) {
      const bucket = aws.envelopes;
      const versionId = await aws.put(bucket, key, bytes);
      assert.equal(await handled(key, { versionId, sequencer: '01' }, intake), `refused: ${code}`, key);
      assert.ok(!(await isThere(key)), `${key} is not there any more`);
      const { 'detail-type': type, source, detail } = await application.next();
      assert.deepEqual({ type, source }, { type: 'Envelope Refused', source: 'kmseal.intake' });
      const { etag, ...object } = detail.object;
      assert.deepEqual(object, { key, size: bytes.length, 'version-id': versionId, sequencer: '01' });
      assert.equal(detail.refused.code, code);
      assert.ok(detail.quarantine.key.startsWith('quarantine/'));
      assert.ok(detail.quarantine.key.endsWith(`.${etag}`));
      assert.ok(Buffer.from(bytes).equals(await aws.get(bucket, detail.quarantine.key)), `${key} is in quarantine`);
      const tags = await aws.tags(bucket, detail.quarantine.key);
      const { 'kmseal-refused': tagged, 'kmseal-reason': reason } = Object.fromEntries(
        tags.map(({ Key, Value }) => [Key, Value]),
      );
      assert.equal(tagged, code);
      assert.match(reason, /^[\p{L}\p{N} +\-=._:/@]{10,256}$/u);
      return detail;
    },

    async close() {
      application.close();
      await aws.close();
    },
  };
}
