// Two copies of the package in one program, such as a widget's bundle next to the app's: each has its own classes, and what one made
// is reported as such when it is passed to the other.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import Uppy from '@uppy/core';
import { KmsPublicKey, KmsealError, Opener, Sealer, reseal } from 'kmseal';
import { uploadSealed } from 'kmseal/s3';
import { tusOptions } from 'kmseal/tus';
import Seal from 'kmseal/uppy';
import { ROOT } from '../../tools/run.mjs';
import { startKms } from '../support/servers/kms.mjs';

const FOLDER = path.join(ROOT, 'target', 'other-copy');
const OTHER = {
  name: 'TypeError',
  message: /from another copy of kmseal: this page has two.*import both from one.*npm ls kmseal/,
};

const here = {};
const there = {};
let kms;
before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  cpSync(path.join(ROOT, 'dist'), path.join(FOLDER, 'dist'), { recursive: true });
  const copy = await import(pathToFileURL(path.join(FOLDER, 'dist/inline/index.js')).href);
  kms = await startKms();
  const answer = await kms.createKey();
  for (const { side, kmseal } of [
    { side: here, kmseal: { KmsPublicKey, KmsealError, Opener, Sealer } },
    { side: there, kmseal: copy },
  ]) {
    const key = await kmseal.KmsPublicKey.import(answer);
    Object.assign(side, {
      ...kmseal,
      key,
      sealer: new kmseal.Sealer({ keys: [key] }),
      opener: new kmseal.Opener({ keyIds: [key.keyId], decrypt: kms.decrypt }),
    });
  }
  assert.notEqual(there.Sealer, here.Sealer);
});
after(async () => {
  await kms?.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

const server = Object.fromEntries(['put', 'create', 'part', 'complete', 'abort'].map((step) => [step, () => ({})]));

/** Everything that accepts a Sealer, an Opener or a key, by what it accepts. */
const DOORS = {
  'the keys of a Sealer': ({ key }) => new Sealer({ keys: [key] }),
  'one of several keys of a Sealer': ({ key }) => new Sealer({ keys: [here.key, key] }),
  'the sealer of reseal()': ({ sealer }) => reseal(new Uint8Array(1), { opener: here.opener, sealer }),
  'the opener of reseal()': ({ opener }) => reseal(new Uint8Array(1), { opener, sealer: here.sealer }),
  'the sealer of uploadSealed()': ({ sealer }) => uploadSealed(new Blob(['secret']), { sealer, server }),
  'the sealer of tusOptions()': ({ sealer }) => tusOptions({ sealer }),
  'the sealer of the plugin for Uppy': ({ sealer }) => new Uppy().use(Seal, { sealer }),
};

for (const [door, give] of Object.entries(DOORS)) {
  test(`${door} from another copy of the package gets an error that says so`, async () => {
    await assert.rejects(async () => give(there), OTHER);
    const nothing = { key: undefined, sealer: undefined, opener: undefined };
    for (const other of [
      nothing,
      { key: {}, sealer: {}, opener: {} },
      { key: here.sealer, sealer: here.opener, opener: here.key },
    ]) {
      await assert.rejects(async () => give(other), { name: 'TypeError', message: /must be (?!.*another copy)/ });
    }
  });
}

test('each copy of the package seals, and opens what the other one sealed', async () => {
  for (const { one, other } of [
    { one: here, other: there },
    { one: there, other: here },
  ]) {
    const envelope = await one.sealer.seal(new Uint8Array([1, 2, 3]));
    assert.deepEqual((await other.opener.open(envelope)).plaintext, Uint8Array.of(1, 2, 3));
  }
});

test('an error from another copy counts as a KmsealError, and keeps its code when it passes through this one', async () => {
  const envelope = await there.sealer.seal(new Uint8Array(100_000));
  const error = await there.opener.open(envelope.subarray(0, 50_000)).catch((thrown) => thrown);
  assert.ok(error instanceof there.KmsealError && error instanceof KmsealError);
  assert.equal(error.code, 'ERR_TRUNCATED');
  // The other copy seals what one copy opens as a stream.
  const cut = new Blob([envelope.subarray(0, 50_000)]).stream();
  const sealing = there.opener
    .open(cut)
    .then(({ plaintext }) => here.sealer.seal(plaintext))
    .then((stream) => new Response(stream).arrayBuffer());
  await assert.rejects(sealing, { name: 'KmsealError', code: 'ERR_TRUNCATED' });
});

test('other values never count as a KmsealError', () => {
  class Own extends KmsealError {}
  const error = new KmsealError('ERR_READ', 'no');
  assert.ok(error instanceof KmsealError && error instanceof Error && new Own('ERR_READ', 'no') instanceof Own);
  assert.ok(new Own('ERR_READ', 'no') instanceof KmsealError && !(error instanceof Own));
  for (const other of [
    undefined,
    null,
    'KmsealError',
    7,
    {},
    new Error('no'),
    { name: 'KmsealError' },
    { code: 'ERR_READ' },
  ]) {
    assert.ok(!(other instanceof KmsealError), String(other));
  }
});
