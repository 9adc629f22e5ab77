// The opener's data-key cache in three browsers: how often KMS is asked, what is never shared, and when it is wiped.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { KmsPublicKey, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { contentKey, readHeader, serializeContext, writeFrames, writeHeader } from '../support/message.mjs';
import { inBrowsers, openPage } from '../support/browsers/session.mjs';

/* global kit, envelopes, inMemory -- of kit.mjs and of this file, in the page */

const FILES = 100;
const PLAINTEXT = sample(500);
const CACHE = { maxAge: 60_000 };

let kms;
let answer;
let envelopes;
let dataKey;
let forged;
before(async () => {
  kms = await startKms();
  answer = await kms.createKey();
  const sealer = new Sealer({
    keys: [await KmsPublicKey.import(answer)],
    encryptionContext: { tenant: '7' },
    cache: CACHE,
  });
  envelopes = await Promise.all(Array.from({ length: FILES }, () => sealer.seal(PLAINTEXT)));
  // Made by someone who has the data key: the same encrypted data key under another context, and everything else consistent.
  const fields = readHeader(envelopes[0]);
  const { Plaintext } = await kms.decrypt({
    KeyId: answer.KeyId,
    CiphertextBlob: fields.edks[0].ciphertext,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  });
  dataKey = Plaintext.slice(48);
  const derived = contentKey(dataKey, fields.messageId);
  const header = writeHeader(derived, { ...fields, context: serializeContext([['tenant', '8']]) });
  forged = Buffer.concat([header, writeFrames(derived, fields.messageId, [Buffer.from('other')])]);
});
after(() => kms?.close());
beforeEach(() => {
  kms.calls.length = 0;
});

inBrowsers(
  (name) => openPage(name, { routes: kmsRoutes(kms) }),
  (page) => {
    before(async () => {
      await page.evaluate(
        async (answer, sealed, dataKey) => {
          // Before the package makes its instance.
          const { search, watchMemory } = await import('/support/memory.mjs');
          const watch = watchMemory();
          globalThis.inMemory = () => 'data key' in search(watch.memory(), { 'data key': dataKey });
          const { makeKit } = await import('/support/kit.mjs');
          globalThis.kit = await makeKit(answer);
          globalThis.envelopes = sealed;
        },
        { KeyId: answer.KeyId, PublicKey: answer.PublicKey },
        envelopes,
        dataKey,
      );
    });

    test('concurrently opened files of one data key need one KMS call, and later files none, in any form', async () => {
      const opened = await page.evaluate(async (cache) => {
        const opener = kit.opener({ cache });
        const hex = async (opening) => (await kit.collect((await opening).plaintext)).toHex();
        const together = await Promise.all(
          envelopes.map((envelope) => hex(opener.open(envelope, { encryptionContext: { tenant: '7' } }))),
        );
        const [first, second, third, fourth] = envelopes;
        const later = [
          opener.open(first),
          opener.open(new Blob([second])),
          opener.open(kit.inPieces(third, 100)),
          opener.openRange(new Blob([fourth])),
        ];
        const all = [...together, ...(await Promise.all(later.map(hex)))];
        opener.close();
        return all;
      }, CACHE);
      assert.deepEqual(opened, Array(FILES + 4).fill(Buffer.from(PLAINTEXT).toString('hex')));
      assert.deepEqual(kms.calls, [answer.KeyId]);
    });

    test('without a cache each file needs a KMS call, and with a limit of a hundred every hundredth does', async () => {
      await page.evaluate(() =>
        Promise.all(envelopes.slice(0, 5).map((envelope) => kit.open(envelope))).then(() => undefined),
      );
      assert.equal(kms.calls.length, 5);
      kms.calls.length = 0;
      await page.evaluate(
        async (cache) => {
          const opener = kit.opener({ cache });
          await Promise.all(envelopes.map((envelope) => opener.open(envelope)));
          opener.close();
        },
        { ...CACHE, maxMessages: FILES / 10 },
      );
      assert.equal(kms.calls.length, 10);
    });

    test('a wrong context under the same encrypted data key fails, and the right one still opens', async () => {
      const outcomes = await page.evaluate(
        async (cache, forged) => {
          const opener = kit.opener({ cache });
          const outcome = (...args) =>
            opener.open(...args).then(
              ({ plaintext }) => plaintext.length,
              ({ code }) => code,
            );
          const outcomes = [];
          for (const args of [
            [envelopes[0]],
            [forged],
            [forged, { encryptionContext: { tenant: '8' } }],
            [envelopes[1]],
          ])
            outcomes.push(await outcome(...args));
          // Also for those who wait for one and the same answer.
          const fresh = kit.opener({ cache });
          const both = [envelopes[2], forged].map((envelope) =>
            fresh.open(envelope).then(
              ({ plaintext }) => plaintext.length,
              ({ code }) => code,
            ),
          );
          outcomes.push(...(await Promise.all(both)));
          for (const one of [opener, fresh]) one.close();
          return outcomes;
        },
        CACHE,
        forged,
      );
      assert.deepEqual(outcomes, [
        PLAINTEXT.length,
        'ERR_CONTEXT',
        'ERR_CONTEXT',
        PLAINTEXT.length,
        PLAINTEXT.length,
        'ERR_CONTEXT',
      ]);
      assert.equal(kms.calls.length, 2);
    });

    test('close() wipes the cache and ends its use; leaving the page and age wipe it too', async () => {
      const seen = await page.evaluate(async () => {
        const seen = { atFirst: inMemory(), kept: [] };
        const keeping = async (maxAge) => {
          const opener = kit.opener({ cache: { maxAge } });
          await opener.open(envelopes[0]);
          seen.kept.push(inMemory());
          return opener;
        };
        const closed = await keeping(60_000);
        closed.close();
        const code = (promise) =>
          promise.then(
            () => 'opens',
            (error) => error.code,
          );
        seen.closed = inMemory();
        seen.open = await code(closed.open(envelopes[0]));
        seen.openRange = await code(closed.openRange(new Blob([envelopes[0]])));
        const left = await keeping(60_000);
        dispatchEvent(new PageTransitionEvent('pagehide'));
        seen.left = inMemory();
        await left.open(envelopes[0]);
        seen.openedAgain = inMemory();
        left.close();
        // An hour later, for the clock and for the timer that waits for it.
        const {
          Date: { now },
          setTimeout,
        } = globalThis;
        const due = [];
        globalThis.setTimeout = (callback, delay, ...values) => {
          if (delay > 3_000_000) due.push(callback);
          return setTimeout(callback, delay, ...values);
        };
        await keeping(3_600_000);
        Date.now = () => now() + 3_600_001;
        due.at(-1)();
        Object.assign(globalThis, { setTimeout });
        Object.assign(Date, { now });
        return { ...seen, expired: inMemory() };
      });
      assert.deepEqual(seen, {
        atFirst: false,
        kept: [true, true, true],
        closed: false,
        open: 'ERR_CLOSED',
        openRange: 'ERR_CLOSED',
        left: false,
        openedAgain: true,
        expired: false,
      });
      // A closed opener makes no call; one whose page was left asks again.
      assert.equal(kms.calls.length, 4);
    });
  },
);
