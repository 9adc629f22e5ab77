// Data-key caching in three browsers: which envelopes share a data key, and which must not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { readHeader } from '../support/message.mjs';
import { inBrowsers, openKit } from '../support/browsers/session.mjs';

/* global kit -- of kit.mjs, in the page */

let kms;
let keys;
before(async () => {
  kms = await startKms();
  keys = [await kms.createKey()];
});
after(() => kms?.close());

/** The headers' data keys, one letter each: AAB is one data key for two envelopes and another for the third. */
function dataKeys(headers) {
  const read = headers.map(readHeader);
  // No two are equal, whatever the data key.
  assert.equal(new Set(read.map(({ messageId }) => messageId.toString('hex'))).size, headers.length);
  const known = [];
  return read.reduce((letters, { edks: [{ ciphertext }] }) => {
    const text = ciphertext.toString('hex');
    if (!known.includes(text)) known.push(text);
    return letters + String.fromCharCode(65 + known.indexOf(text));
  }, '');
}

inBrowsers(
  (name) => openKit(name, { routes: kmsRoutes(kms), keys }),
  (page) => {
    const headersOf = async (code, ...values) => dataKeys(await page.evaluate(code, ...values));

    test('each envelope has its own data key without a cache', async () => {
      const found = await headersOf(async () => {
        const sealer = kit.sealer();
        return [
          await kit.header(await sealer.seal(new Uint8Array(9))),
          await kit.header(await sealer.seal(new Uint8Array(9))),
        ];
      });
      assert.equal(found, 'AB');
    });

    test('the cache keeps one data key for each context, however its pairs are given', async () => {
      const found = await headersOf(async () => {
        const sealer = kit.sealer({ cache: { maxAge: 60_000 }, encryptionContext: { b: '2' } });
        const contexts = [
          {},
          { encryptionContext: { a: '1', c: '3' } },
          { encryptionContext: { c: '3', b: '2', a: '1' } },
          { encryptionContext: { a: '1' } },
          { encryptionContext: { a: '1', c: '4' } },
          {},
        ];
        const headers = [];
        for (const options of contexts) headers.push(await kit.header(await sealer.seal(new Uint8Array(9), options)));
        return headers;
      });
      assert.equal(found, 'ABBCDA');
    });

    test('one cached data key serves every kind of source whose size is known', async () => {
      const found = await headersOf(async () => {
        const sealer = kit.sealer({ cache: { maxAge: 60_000 } });
        const bytes = new Uint8Array(5000);
        return [
          await kit.header(await sealer.seal(bytes)),
          await kit.header(await sealer.seal(new Blob([bytes]))),
          await kit.header((await sealer.prepare(new Blob([bytes]))).stream()),
          await kit.header(await sealer.seal(kit.inPieces(bytes, 100), { size: 5000 })),
          await kit.header(await sealer.seal(kit.inPieces(bytes, 100))),
          await kit.header(await sealer.seal(kit.inPieces(bytes, 100))),
          await kit.header(await sealer.seal(bytes)),
        ];
      });
      assert.equal(found, 'AAAABCA');
    });

    for (const [limit, cache, lengths, expected] of [
      ['maxMessagesEncrypted', { maxMessagesEncrypted: 2 }, [9, 9, 9, 9, 9], 'AABBC'],
      ['maxBytesEncrypted', { maxBytesEncrypted: 1000 }, [400, 600, 1, 999, 0, 1], 'AABBBC'],
      ['more bytes than maxBytesEncrypted at once', { maxBytesEncrypted: 1000 }, [400, 1001, 1001, 400], 'ABCD'],
    ]) {
      test(`a cached data key is replaced at its limit: ${limit}`, async () => {
        for (const together of [false, true]) {
          const found = await headersOf(
            async (cache, lengths, together) => {
              const sealer = kit.sealer({ cache: { maxAge: 60_000, ...cache } });
              const seal = (length) => sealer.seal(new Uint8Array(length)).then(kit.header);
              if (together) return Promise.all(lengths.map(seal));
              const headers = [];
              for (const length of lengths) headers.push(await seal(length));
              return headers;
            },
            cache,
            lengths,
            together,
          );
          assert.equal(found, expected, together ? 'at once' : 'in turn');
        }
      });
    }

    test('the context that was unused longest makes room when the cache is full', async () => {
      const found = await headersOf(async () => {
        const sealer = kit.sealer({ cache: { maxAge: 60_000, capacity: 2 } });
        const headers = [];
        for (const tenant of ['a', 'b', 'a', 'c', 'a', 'b']) {
          headers.push(await kit.header(await sealer.seal(new Uint8Array(9), { encryptionContext: { tenant } })));
          await new Promise((resolve) => setTimeout(resolve, 5)); // the clock must distinguish the uses
        }
        return headers;
      });
      assert.equal(found, 'ABACAD');
    });

    test('a cached data key is replaced when it reaches maxAge', async () => {
      const found = await headersOf(async () => {
        const sealer = kit.sealer({ cache: { maxAge: 3_600_000 } });
        const seal = async () => kit.header(await sealer.seal(new Uint8Array(9)));
        const headers = [await seal(), await seal()];
        const { now } = Date;
        Date.now = () => now() + 3_600_001;
        try {
          return [...headers, await seal()];
        } finally {
          Date.now = now;
        }
      });
      assert.equal(found, 'AAB');
    });

    test('leaving the page, freezing it and close() each clear the cache', async () => {
      const found = await headersOf(async () => {
        const sealer = kit.sealer({ cache: { maxAge: 60_000 } });
        const seal = async () => kit.header(await sealer.seal(new Uint8Array(9)));
        const headers = [await seal(), await seal()];
        dispatchEvent(new PageTransitionEvent('pagehide'));
        headers.push(await seal(), await seal());
        document.dispatchEvent(new Event('freeze'));
        headers.push(await seal(), await seal());
        sealer.close();
        const refused = await sealer.seal(new Uint8Array(9)).catch(({ code }) => code);
        if (refused !== 'ERR_CLOSED') throw new Error(`closed and ${refused}`);
        return headers;
      });
      assert.equal(found, 'AABBCC');
    });

    test('the opener opens every envelope that was sealed under one cached data key', async () => {
      const opened = await page.evaluate(async () => {
        const sealer = kit.sealer({ cache: { maxAge: 60_000 } });
        const plaintexts = [0, 1, 5000].map(kit.sample);
        const sealed = await Promise.all(plaintexts.map((plaintext) => sealer.seal(plaintext)));
        const opened = await Promise.all(sealed.map((envelope) => kit.open(envelope)));
        return opened.map(({ plaintext }, index) => plaintext.toHex() === plaintexts[index].toHex());
      });
      assert.deepEqual(opened, [true, true, true]);
    });
  },
);
