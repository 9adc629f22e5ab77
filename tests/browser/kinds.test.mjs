// Keys of every kind in a page, in three browsers: what is sealed in it opens in it and in Node, by file, bytes, stream, in parts and by the form element.
import assert from 'node:assert/strict';
import { privateDecrypt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Sealer } from 'kmseal';
import { printed } from '../../tools/kms.mjs';
import { inBrowsers, needsEveryKind, openKit } from '../support/browsers/session.mjs';
import { KMS_KINDS, ML_KEM_KINDS, makeRaw } from '../support/kinds.mjs';
import { readHeader } from '../support/message.mjs';
import { sample } from '../support/page/bytes.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';

/* global kit -- of kit.mjs, in the page */

const PLAINTEXT = sample(300_001);
const CONTEXT = { tenant: '7' };

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-kinds-'));
const file = path.join(folder, 'file.bin');
let kms;
const answers = {};
/** An envelope for a raw key, whose data key begins with a zero: one in 256 does. */
const zero = {};
before(async () => {
  writeFileSync(file, PLAINTEXT);
  const { key, own, pkcs8 } = await makeRaw();
  const sealer = new Sealer({ keys: [key] });
  const oaep = { key: own, oaepHash: 'sha256' };
  let envelope;
  do envelope = await sealer.seal(sample(1000));
  while (privateDecrypt(oaep, readHeader(envelope).edks[0].ciphertext)[0] !== 0);
  Object.assign(zero, { envelope, key, pkcs8 });
  kms = await startKms();
  for (const kind of KMS_KINDS) answers[kind] = printed(await kms.createKey({ spec: kind }));
});
after(async () => {
  await kms?.close();
  rmSync(folder, { recursive: true });
});

/** Opens in Node what came of a page. */
async function opensInNode(bytes, kind) {
  const opener = await kms.openerFor(answers[kind]);
  const { plaintext } = await opener.open(new Uint8Array(bytes), { encryptionContext: CONTEXT });
  return Buffer.from(PLAINTEXT).equals(plaintext);
}

const open = (everyKind) => (name) =>
  openKit(name, {
    routes: (app) => {
      kmsRoutes(kms)(app);
      app.get('/keys/:kind', (context) => context.json(answers[context.req.param('kind')]));
    },
    keys: [],
    everyKind,
  });

/** What holds for the keys of both builds. */
function testKinds(page, kinds) {
  before(() => page.chooseFiles([file]));

  for (const kind of kinds) {
    test(`a file, bytes, a stream and parts are sealed for a key of ${kind}, and open in the page and in Node`, async () => {
      const envelopes = await page.evaluate(
        async (kind, encryptionContext) => {
          const key = await kit.KmsPublicKey.fetch(`/keys/${kind}`, { experimental: true });
          const sealer = new kit.Sealer({ keys: [key], encryptionContext });
          const chosen = kit.chosenFile('file.bin');
          const bytes = await kit.collect(chosen);
          const prepared = await sealer.prepare(chosen);
          const parts = [await prepared.slice(100_000), await prepared.slice(0, 100_000)].reverse();
          const sealed = [
            await sealer.seal(chosen),
            await sealer.seal(bytes),
            await sealer.seal(kit.inPieces(bytes, 70_000)),
            await sealer.seal(chosen.stream(), { size: chosen.size }),
            new Blob(parts),
          ];
          const opener = new kit.Opener({
            keys: [key],
            decrypt: kit.decrypt,
            deriveSharedSecret: kit.deriveSharedSecret,
            decapsulate: kit.decapsulate,
          });
          const collected = [];
          for (const one of sealed) {
            const envelope = await kit.collect(one);
            const { plaintext } = await opener.open(envelope, { encryptionContext });
            if (plaintext.toHex() !== bytes.toHex()) throw new Error('it opened to something else');
            if (envelope.length !== sealer.sealedSize(bytes.length)) throw new Error('it has another size');
            collected.push(envelope);
          }
          return [collected[0], collected.at(-1)];
        },
        kind,
        CONTEXT,
      );
      for (const envelope of envelopes) assert.ok(await opensInNode(envelope, kind));
    });
  }

  for (const kind of kinds.filter((kind) => ['ECC_NIST_P256', 'ML_KEM_768'].includes(kind)))
    test(`the form element seals for a key of ${kind}, a file and its description under one data key`, async () => {
      const [sealed, meta, keys] = await page.evaluate(
        async (kind, encryptionContext) => {
          await import('/dist/define.js');
          const form = document.body.appendChild(document.createElement('form'));
          const element = form.appendChild(document.createElement('kmseal-file'));
          element.experimental = kind.startsWith('ML_KEM');
          Object.assign(element, { name: 'doc', metaName: 'meta', keySrc: `/keys/${kind}`, encryptionContext });
          const done = new Promise((resolve, reject) => {
            element.addEventListener('seal', resolve, { once: true });
            element.addEventListener('sealerror', ({ detail }) => reject(detail.error), { once: true });
          });
          element.files = [kit.chosenFile('file.bin')];
          await done;
          const data = new FormData(form);
          const envelopes = await Promise.all(['doc', 'meta'].map((name) => kit.collect(data.get(name))));
          const info = await Promise.all(envelopes.map((one) => kit.inspect(one)));
          form.remove();
          return [...envelopes, info.map(({ encryptedDataKeys }) => encryptedDataKeys)];
        },
        kind,
        CONTEXT,
      );
      assert.ok(await opensInNode(sealed, kind));
      assert.ok(meta.length > 0);
      assert.ok([keys[0][0].keySpec, keys[0][0].keyId].includes(kind.startsWith('ECC') ? kind : answers[kind].KeyId));
      assert.deepEqual(keys[0], keys[1]);
    });
}

describe("the package's build for pages", () => {
  inBrowsers(open(false), (page) => {
    testKinds(
      page,
      KMS_KINDS.filter((kind) => !needsEveryKind(kind)),
    );

    test('a kept sender seals files of different contexts, which open with one request', async () => {
      const calls = kms.calls.length;
      const opened = await page.evaluate(async () => {
        const key = await kit.KmsPublicKey.fetch('/keys/ECC_NIST_P384');
        const sealer = new kit.Sealer({ keys: [key], cache: { keepSender: true, maxAge: 60_000 } });
        const { deriveSharedSecret } = kit;
        const opener = new kit.Opener({ keys: [key], deriveSharedSecret, cache: { maxAge: 60_000 } });
        let opened = 0;
        for (let file = 0; file < 5; file++) {
          const encryptionContext = { file: `${file}` };
          const { plaintext } = await opener.open(await sealer.seal(kit.sample(100), { encryptionContext }), {
            encryptionContext,
          });
          if (plaintext.toHex() === kit.sample(100).toHex()) opened++;
        }
        return opened;
      });
      assert.equal(opened, 5);
      assert.equal(kms.calls.length - calls, 1);
    });

    test('leaving the page, freezing it and close() each clear a kept sender', async () => {
      const headers = await page.evaluate(async () => {
        const key = await kit.KmsPublicKey.fetch('/keys/ECC_NIST_P256');
        const sealer = new kit.Sealer({ keys: [key], cache: { keepSender: true, maxAge: 60_000 } });
        const headers = [];
        const seal = async () => headers.push(await kit.header(await sealer.seal(new Uint8Array(9))));
        await seal();
        await seal();
        dispatchEvent(new PageTransitionEvent('pagehide'));
        await seal();
        await seal();
        document.dispatchEvent(new Event('freeze'));
        await seal();
        sealer.close();
        const refused = await seal().catch(({ code }) => code);
        if (refused !== 'ERR_CLOSED') throw new Error(`closed and ${refused}`);
        return headers;
      });
      const senders = headers.map((header) => readHeader(header).edks[0].providerInfo.toString('hex'));
      const letters = senders.map((sender) => 'ABCDE'[[...new Set(senders)].indexOf(sender)]);
      assert.equal(letters.join(''), 'AABBC');
    });
  });
});

describe('the build that has every kind of key', () => {
  inBrowsers(open(true), (page) => {
    testKinds(page, ML_KEM_KINDS);

    // WebKitGTK's SubtleCrypto leaves these zeros out.
    test('a data key that begins with a zero opens in the page by a CryptoKey', async () => {
      const { envelope, key, pkcs8 } = zero;
      const opened = await page.evaluate(
        async (envelope, pkcs8, { keyNamespace, keyName }) => {
          const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256' };
          const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['decrypt']);
          const opener = new kit.Opener({ rawKeys: [{ keyNamespace, keyName, privateKey }] });
          const { plaintext } = await opener.open(envelope);
          return plaintext.toHex() === kit.sample(1000).toHex();
        },
        envelope,
        pkcs8,
        { keyNamespace: key.keyNamespace, keyName: key.keyName },
      );
      assert.equal(opened, true);
    });

    test('one envelope for keys of all kinds opens in the page with each of them', async () => {
      const { pem, pkcs8 } = await makeRaw({ hash: 'SHA-512' });
      const opened = await page.evaluate(
        async (kinds, pem, pkcs8, encryptionContext) => {
          const keys = await Promise.all(
            kinds.map((kind) => kit.KmsPublicKey.fetch(`/keys/${kind}`, { experimental: true })),
          );
          const names = { keyNamespace: 'hsm', keyName: 'offline' };
          const raw = await kit.RsaPublicKey.import(pem, { ...names, hash: 'SHA-512' });
          const sealer = new kit.Sealer({ keys: [...keys, raw], mixed: true, encryptionContext });
          const envelope = await sealer.seal(kit.sample(1000));
          const algorithm = { name: 'RSA-OAEP', hash: 'SHA-512' };
          const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['decrypt']);
          const { decrypt, deriveSharedSecret, decapsulate } = kit;
          const opened = [];
          for (const options of [
            ...keys.map((key) => ({ keys: [key], decrypt, deriveSharedSecret, decapsulate })),
            { rawKeys: [{ ...names, privateKey }] },
          ]) {
            const { plaintext, keyId } = await new kit.Opener(options).open(envelope, { encryptionContext });
            opened.push([plaintext.toHex() === kit.sample(1000).toHex(), keyId]);
          }
          return opened;
        },
        Object.keys(answers),
        pem,
        pkcs8,
        CONTEXT,
      );
      const names = [...Object.values(answers).map(({ KeyId }) => KeyId), 'hsm/offline'];
      assert.deepEqual(
        opened,
        names.map((name) => [true, name]),
      );
    });
  });
});
