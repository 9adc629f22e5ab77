// Uploads whose store is the page's own, and answers late, never, or with something else: they can be aborted, give back what they own, and say what is wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KmsPublicKey, Sealer } from 'kmseal';
import { uploadSealed } from 'kmseal/s3';
import { startKms } from '../support/servers/kms.mjs';

let kms;
let sealer;
before(async () => {
  kms = await startKms();
  sealer = new Sealer({ keys: [await KmsPublicKey.import(await kms.createKey())] });
});
after(() => kms?.close());

const never = () => new Promise(() => {});

/** Begins an upload that sends nothing. */
function begin(store, options) {
  const controller = new AbortController();
  const asked = [];
  const refuse = (step) => async () => {
    asked.push(step);
    throw Object.assign(new Error('no'), { status: 400 });
  };
  const steps = ['createMultipartUpload', 'signPart', 'completeMultipartUpload', 'abortMultipartUpload', 'signPut'];
  const server = Object.fromEntries(steps.map((step) => [step, refuse(step)]));
  const whole = { own: async () => () => {}, load: never, save: async () => {}, forget: async () => {}, ...store };
  const given = { sealer, server, store: whole, signal: controller.signal, id: 'mine', ...options };
  return { uploading: uploadSealed(new Blob(['secret']), given), abort: () => controller.abort(), asked };
}

test('an upload whose store never gives it can be aborted, and gives back what comes too late', async () => {
  let answer;
  const isAsked = new Promise((resolve) => {
    answer = { own: () => new Promise((give) => resolve(give)) };
  });
  const { uploading, abort, asked } = begin(answer);
  const give = await isAsked;
  abort();
  await assert.rejects(uploading, { name: 'AbortError' });
  let isReleased = false;
  give(() => {
    isReleased = true;
  });
  await turn();
  assert.deepEqual({ isReleased, asked }, { isReleased: true, asked: [] });
});

test('an upload whose store does not end a save can be aborted, sends nothing, and is given up only after the save', async (t) => {
  let endSave;
  let isReleased = false;
  const own = async () => () => {
    isReleased = true;
  };
  const save = () =>
    new Promise((resolve) => {
      endSave = resolve;
    });
  const { uploading, abort, asked } = begin({ own, save });
  while (!endSave) await turn();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const failed = assert.rejects(uploading, { name: 'AbortError' });
  abort();
  let isOver = false;
  failed.finally(() => {
    isOver = true;
  });
  for (let turns = 0; turns < 10_000 && !isOver; turns++) {
    await turn();
    t.mock.timers.tick(1000);
  }
  assert.deepEqual({ isOver, isReleased, asked }, { isOver: true, isReleased: false, asked: [] });
  await failed;
  endSave();
  await turn();
  await turn();
  assert.ok(isReleased);
});

for (const { what, store, options, message } of [
  { what: 'lacks a function', store: { load: undefined }, message: /store must be an UploadStore/ },
  { what: 'is a class', options: { store: class UploadStore {} }, message: /store must be an UploadStore/ },
  {
    what: 'gives something other than a function',
    store: { own: async () => true },
    message: /the store's own\(\) must return/,
  },
  {
    what: 'is asked with a promise for an id',
    options: { id: Promise.resolve('mine') },
    message: /the id of an upload/,
  },
  {
    what: 'is asked with a promise for a name',
    options: { name: Promise.resolve('a') },
    message: /the name of an upload/,
  },
]) {
  test(`an upload whose store ${what} is a mistake that is named before anything is sent`, async () => {
    const { uploading, asked } = begin(store, options);
    await assert.rejects(uploading, { name: 'TypeError', message });
    assert.deepEqual(asked, []);
  });
}
