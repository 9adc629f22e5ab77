// The keys of an unlocked header: taken over as bytes, checked, and wiped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { HandedOver } = await importSource('js/frames/unlocked-header.ts');

const CONTENT_KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 220);
const UNLOCKED = {
  version: 1,
  headerHash: Buffer.alloc(32, 0xff).toString('base64url'),
  contentKey: Buffer.from(CONTENT_KEY).toString('base64url'),
  encryptionContext: { user: '4711' },
  keyId: 'arn',
};

/** A header of the instance, which keeps what it was given. */
function watched(given) {
  const unlock = (bytes) => {
    given.push(bytes);
    return { context: () => ({ user: '4711' }), free() {} };
  };
  return { unlock };
}

test('an unlocked header is taken over as 64 bytes, and close wipes them', () => {
  const given = [];
  const one = new HandedOver({ unlocked: UNLOCKED });
  one.unlock(watched(given));
  assert.deepEqual([...given[0]], [...new Uint8Array(32).fill(0xff), ...CONTENT_KEY]);
  one.wipe();
  assert.deepEqual(given[0], new Uint8Array(64));
  assert.throws(() => one.unlock(watched(given)), { code: 'ERR_CLOSED' });
});
