// Uploads whose last answer is lost: delivered if the object is there and is this envelope, else perhaps, and never failed for sure.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

const PERHAPS = /^the envelope is perhaps delivered/;
const LOST = { does: 'cut', after: 'all' };
const CONFLICT = {
  does: 'answer',
  status: 409,
  body: '<Error><Code>ConditionalRequestConflict</Code><Message>Conflicting</Message></Error>',
};
const AWAY = { does: 'cut' };

uploadsInBrowsers(openUploads, (uploads, name) => {
  let s3;
  before(() => {
    ({ s3 } = uploads);
  });

  /** Makes the first request drop the answer to what it has stored, and the next ones behave as given. */
  function dropAnswer(target, ...next) {
    // Browsers repeat requests that a broken connection has cut: all of those meet the same fault.
    let stored = false;
    s3.faults.fault = (asked) => {
      if (asked !== target) return undefined;
      if (!stored) return ((stored = true), { does: 'answer', status: 500, after: 'all' });
      return next.length > 1 ? next.shift() : next[0];
    };
  }

  const WAYS = {
    'S3 refuses to overwrite it': [],
    'S3 has it in hand, and then refuses to overwrite it': [CONFLICT, undefined],
    'S3 has it in hand for good': [CONFLICT],
    'S3 is not there any more': [AWAY],
    'S3 drops every answer': [LOST],
  };

  // Engines differ only in what they make of a broken connection, of a PUT and of what the server is asked. What a look at the object says, our script
  // compares.
  const anyEngine = ANY_ENGINE.includes(name);
  for (const [what, next] of Object.entries(WAYS)) {
    if (!anyEngine && next[0]?.does !== 'cut') continue;
    test(`a PUT whose answer was lost counts as delivered if the object is this envelope, even when ${what}`, async () => {
      const sha256 = uploads.write(MIB);
      dropAnswer('PUT', ...next);
      const { id, error, result, progress } = await uploads.upload({ looksUp: true, retries: 2 });
      assert.equal(error, undefined);
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
      assert.deepEqual(progress.at(-1), [result.size, result.size]);
    });

    if (next.length === 0 || !anyEngine) continue;
    test(`a PUT whose answer was lost counts as perhaps delivered if nothing looks it up, when ${what}`, async () => {
      uploads.write(MIB);
      dropAnswer('PUT', next[0]);
      const { id, error, told } = await uploads.upload({ retries: 2 }, '{ resume: () => false }');
      assert.equal(error?.code, 'ERR_UPLOAD');
      assert.match(error.message, PERHAPS);
      assert.match(error.message, /look it up before you upload again/);
      assert.deepEqual({ toldCount: told.length, arrived: await s3.arrived(id) }, { toldCount: 1, arrived: true });
    });
  }

  describe('completed parts whose answer was lost', () => {
    const upload = (options) => {
      s3.faults.add('completeMultipartUpload', LOST);
      return uploads.upload({ retries: 1, ...options });
    };

    test('completed parts count as delivered if the object is this envelope', async () => {
      const sha256 = uploads.write(TWO_PARTS);
      const { id, error, result } = await upload({ looksUp: true, checksumAlgorithm: 'SHA256' });
      assert.equal(error, undefined);
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
    });

    if (!anyEngine) return;

    for (const { what, options } of [
      { what: 'there are no checksums', options: { looksUp: true } },
      { what: 'nobody looks', options: { checksumAlgorithm: 'SHA256' } },
    ]) {
      test(`completed parts count as perhaps delivered where ${what}`, async () => {
        uploads.write(TWO_PARTS);
        const { id, error } = await upload(options);
        assert.equal(error?.code, 'ERR_UPLOAD');
        assert.match(error.message, PERHAPS);
        assert.equal(await s3.arrived(id), true);
      });
    }

    test('completed parts that are another envelope count as perhaps delivered, never as delivered', async () => {
      uploads.write(TWO_PARTS);
      s3.faults.add('completeMultipartUpload', LOST);
      const other = '{ callbacks: { headObject: ({ size }) => ({ ContentLength: size, ChecksumSHA256: "AA==-2" }) } }';
      const { error } = await uploads.upload({ retries: 1, checksumAlgorithm: 'SHA256' }, other);
      assert.match(error?.message, PERHAPS);
    });
  });

  if (!anyEngine) return;

  test('a PUT that never left the page is not reported as perhaps delivered', async () => {
    uploads.write(MIB);
    s3.faults.add('signPut', { does: 'answer', status: 503 });
    const { id, error } = await uploads.upload({ looksUp: true, retries: 1 });
    assert.deepEqual(
      { code: error?.code, status: error?.status, arrived: await s3.arrived(id) },
      { code: 'ERR_UPLOAD', status: 503, arrived: false },
    );
    assert.doesNotMatch(error.message, PERHAPS);
  });

  test('a lost PUT is looked up again once the page agrees, if the server did not answer before', async () => {
    const sha256 = uploads.write(MIB);
    let lookUps = 0;
    let stored = false;
    s3.faults.fault = (asked) => {
      if (asked === 'headObject') return lookUps++ < 2 ? { does: 'answer', status: 503 } : undefined;
      if (asked === 'PUT' && !stored) return ((stored = true), { does: 'answer', status: 500, after: 'all' });
      return undefined;
    };
    const { id, error, told } = await uploads.upload({ looksUp: true, retries: 1 }, '{ resume: () => true }');
    assert.equal(error, undefined);
    assert.deepEqual(
      { sha256: (await s3.open(id)).sha256, statuses: told.map(({ status }) => status) },
      { sha256, statuses: [412] },
    );
  });
});
