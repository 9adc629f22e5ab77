// AWS's Rust Encryption SDK opens what the page, Node and the command seal, and they open what it seals.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { startSetting } from '../../cli/setting.mjs';
import { collect, sample } from '../../support/page/bytes.mjs';
import { kmsRoutes } from '../../support/servers/kms.mjs';
import { openPage } from '../../support/browsers/session.mjs';
import { CONTEXTS, lengthsAround } from '../contexts.mjs';
import { startRust } from '../peers/rust.mjs';

const FRAME = 4096;
const LENGTHS = [...lengthsAround(FRAME), 2 * FRAME];
const HASHES = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'];

const chosen = mkdtempSync(path.join(tmpdir(), 'kmseal-rust-'));
const messages = new Map();
let setting;
let rust;
let page;
let other;
before(async () => {
  setting = await startSetting();
  rust = await startRust(setting.kms.emulator);
  other = await setting.kms.createKey({ spec: 'RSA_4096' });
  setting.keyFile('other.json', other);
  const routes = (app) => {
    kmsRoutes(setting.kms)(app);
    app.get('/messages/:name', (context) => context.body(messages.get(context.req.param('name'))));
  };
  page = await openPage('chromium', { routes });
  for (const length of LENGTHS) writeFileSync(path.join(chosen, `${length}.bin`), sample(length));
  await page.chooseFiles(LENGTHS.map((length) => path.join(chosen, `${length}.bin`)));
});
after(async () => {
  await page?.close();
  await rust?.close();
  await setting?.close();
  rmSync(chosen, { recursive: true });
});

const flags = (flag, pairs) => Object.entries(pairs).flatMap(([key, value]) => [flag, `${key}=${value}`]);

/** Each seals this sample, the page from its file input. */
const SEALERS = {
  async page(length, { keys, algorithm, stored, required }) {
    return page.evaluate(
      async (name, keys, encryptionAlgorithm, frameLength, encryptionContext, requiredEncryptionContext) => {
        const { KmsPublicKey, Sealer } = await import('/dist/index.js');
        const { collect } = await import('/support/bytes.mjs');
        const { chosenFile } = await import('/support/kit.mjs');
        const imported = await Promise.all(keys.map((key) => KmsPublicKey.import(key, { encryptionAlgorithm })));
        const sealer = new Sealer({ keys: imported, frameLength });
        return collect(await sealer.seal(chosenFile(name), { encryptionContext, requiredEncryptionContext }));
      },
      `${length}.bin`,
      keys,
      algorithm,
      FRAME,
      stored,
      required,
    );
  },
  async Node(length, { keys, algorithm, stored, required }) {
    const imported = await Promise.all(keys.map((key) => KmsPublicKey.import(key, { encryptionAlgorithm: algorithm })));
    const sealer = new Sealer({ keys: imported, frameLength: FRAME });
    return sealer.seal(sample(length), { encryptionContext: stored, requiredEncryptionContext: required });
  },
  command(length, { keys, algorithm, stored, required }) {
    const files = keys.flatMap((key) => ['--key', key === other ? 'other.json' : 'key.json']);
    const context = [...flags('-c', stored), ...flags('--required-encryption-context', required)];
    const args = ['seal', ...files, '--frame-length', `${FRAME}`, '--encryption-algorithm', algorithm, ...context, '-'];
    return setting.succeeds(args, { input: sample(length) });
  },
};

/** Each opens an envelope. */
const OPENERS = {
  async page(envelope, { keyId, algorithm, pairs }) {
    messages.set('message', envelope);
    return page.evaluate(
      async (keyId, encryptionAlgorithm, encryptionContext) => {
        const { Opener } = await import('/dist/index.js');
        const { decrypt } = await import('/support/kit.mjs');
        const message = await (await fetch('/messages/message')).blob();
        const { plaintext } = await new Opener({ keyIds: [keyId], decrypt, encryptionAlgorithm }).open(message, {
          encryptionContext,
        });
        return new Uint8Array(await plaintext.arrayBuffer());
      },
      keyId,
      algorithm,
      pairs,
    );
  },
  async Node(envelope, { keyId, algorithm, pairs }) {
    const opener = new Opener({ keyIds: [keyId], decrypt: setting.kms.decrypt, encryptionAlgorithm: algorithm });
    return collect((await opener.open(envelope, { encryptionContext: pairs })).plaintext);
  },
  command(envelope, { keyId, algorithm, pairs }) {
    const args = ['open', '--key-id', keyId, '--encryption-algorithm', algorithm, ...flags('-c', pairs), '-'];
    return setting.succeeds(args, { input: envelope });
  },
};

async function rustOpens(by, length, { keys = [setting.key], algorithm = HASHES[0], stored = {}, required = {} } = {}) {
  const envelope = await SEALERS[by](length, { keys, algorithm, stored, required });
  for (const { KeyId } of keys) {
    const { plaintext } = await rust.open(envelope, {
      keyIds: [KeyId],
      algorithm,
      encryptionContext: { ...stored, ...required },
    });
    assert.ok(Buffer.from(plaintext).equals(sample(length)), `${length} bytes`);
  }
}

async function opensRust(by, length, { keys = [setting.key], algorithm = HASHES[0], pairs = {}, required = [] } = {}) {
  const envelope = await rust.seal(sample(length), {
    keys,
    algorithm,
    frameLength: FRAME,
    encryptionContext: pairs,
    required,
  });
  for (const { KeyId } of keys) {
    const plaintext = await OPENERS[by](envelope, { keyId: KeyId, algorithm, pairs });
    assert.ok(Buffer.from(plaintext).equals(sample(length)), `${length} bytes`);
  }
}

for (const by of Object.keys(SEALERS)) {
  test(`the Rust SDK opens every length that ${by} sealed`, async () => {
    for (const length of LENGTHS) await rustOpens(by, length);
  });
  test(`${by} opens every length that the Rust SDK sealed`, async () => {
    for (const length of LENGTHS) await opensRust(by, length);
  });
  test(`${by} and the Rust SDK agree on stored and required contexts`, async () => {
    for (const pairs of Object.values(CONTEXTS)) {
      await rustOpens(by, 1, { stored: pairs });
      await rustOpens(by, 1, { stored: { stored: 'too' }, required: pairs });
      await opensRust(by, 1, { pairs, required: Object.keys(pairs).slice(0, 1) });
    }
  });
  test(`${by} and the Rust SDK agree on both hashes and several keys`, async () => {
    for (const algorithm of HASHES) {
      await rustOpens(by, FRAME + 1, { keys: [setting.key, other], algorithm });
      await opensRust(by, FRAME + 1, { keys: [setting.key, other], algorithm });
    }
  });
  test(`the Rust SDK opens nothing that ${by} sealed under another context`, async () => {
    const options = { keys: [setting.key], algorithm: HASHES[0], stored: { user: '1' }, required: { tenant: '7' } };
    const envelope = await SEALERS[by](1, options);
    for (const encryptionContext of [{}, { user: '1', tenant: '8' }, { user: '2', tenant: '7' }]) {
      await assert.rejects(rust.open(envelope, { keyIds: [setting.key.KeyId], encryptionContext }));
    }
  });
}
