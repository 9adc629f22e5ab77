// What must be true of a report of watchForgetting().
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

/** What every step must come to, where it is not to succeed. */
const OUTCOMES = {
  'sealing: the source fails': 'ERR_READ',
  'sealing: the stream is longer than announced': 'ERR_SOURCE_CHANGED',
  'sealing: aborted': 'aborted',
  'sealing: the platform takes no key': 'ERR_PLATFORM',
  'opening: altered': 'ERR_AUTHENTICATION',
  'opening: cut': 'ERR_TRUNCATED',
  'opening: another context': 'ERR_CONTEXT',
  'opening: another data key': 'ERR_AUTHENTICATION',
  'opening: aborted': 'aborted',
};
const STEPS = 47;

export function forgets(where, watch) {
  describe(where, () => {
    let report;
    before(async () => {
      report = await watch();
    });

    for (const engine of ['webcrypto', 'wasm']) {
      test(`the search finds secrets that are in memory (${engine})`, () => {
        const seen = report.seen[engine];
        const seed = seen['before the second seed was drawn'];
        assert.ok(seed['data key'] > 0 && seed['OAEP seed 0'] > 0, 'data key and seed');
        assert.ok(seen['before the message id was drawn']['data key'] > 0, 'data key');
        assert.ok(seen['while the data key is cached']['data key'] > 0, 'cached data key');
        assert.ok(seen['KMS answered the data key'], 'it is the data key that KMS answers');
        if (engine === 'wasm') return;
        const [handed] = seen['when the content key was handed over'];
        assert.ok(handed['content key'] > 0, 'content key');
        assert.deepEqual(seen['the content key was handed over'], [true]);
      });
    }

    test('the search finds nothing once the work has ended', () => {
      assert.equal(report.rows.length, STEPS);
      for (const { name, outcome, found } of report.rows) {
        assert.equal(outcome, OUTCOMES[name.replace(/, \w+$/, '')] ?? 'done', name);
        assert.deepEqual(found, {}, `found after: ${name}`);
      }
    });

    test('content keys cannot be exported again, and their sources are overwritten', () => {
      for (const { name, extractable, usages, sourcesKept } of report.rows) {
        assert.equal(extractable, false, name);
        assert.equal(sourcesKept, 0, name);
        assert.ok(usages.length <= 1 && ['encrypt', 'decrypt', undefined].includes(usages[0]), `${name}: ${usages}`);
      }
      const handedOver = report.rows.filter(({ usages }) => usages.length === 1);
      assert.ok(handedOver.length > 10 && handedOver.every(({ name }) => !name.endsWith(', wasm')));
    });

    test('no error and no line of the console holds a secret', () => {
      for (const { name, told } of report.rows) assert.deepEqual(told, [], name);
    });
  });
}
