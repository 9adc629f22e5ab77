// A trap in WebAssembly: ERR_INTERNAL, the instance is discarded with all work in progress, and the next call works.
// The traps are real: in the package's own .wasm, one function's body is `unreachable`, or calls itself endlessly.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { startServer } from '../support/servers/server.mjs';
import { trapping } from '../support/trap.mjs';

const SUPPORT = fileURLToPath(new URL('../support/page/', import.meta.url));
const pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');

let kms;
let answer;
let server;
before(async () => {
  kms = await startKms();
  answer = await kms.createKey();
  server = await startServer({ folders: { '/support/': SUPPORT }, routes: kmsRoutes(kms) });
});
after(async () => {
  await server?.close();
  await kms?.close();
});

/** Runs in the page: loads a .wasm that traps, and sets up what all tests use. */
async function setUp(wasm, pem) {
  const kmseal = await import('/dist/index.js');
  const watch = await import('/pages/watch.js');
  await kmseal.load(wasm);
  const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const key = await kmseal.KmsPublicKey.import(pem, { keyId });
  const mistakes = [];
  addEventListener('unhandledrejection', ({ reason }) => mistakes.push(String(reason)));
  addEventListener('error', ({ message }) => mistakes.push(message));
  /** The error's parts, or the result, or a note that the call never settled. */
  const outcome = (work) => {
    const late = new Promise((resolve) => {
      setTimeout(resolve, 60_000, { code: 'nothing in a minute' });
    });
    const done = (async () => work())().then(
      (value) => ({ value: value?.size ?? value?.length ?? typeof value }),
      ({ name, code, message, cause }) => ({
        name,
        code,
        message,
        trap: cause instanceof WebAssembly.RuntimeError,
        cause: cause?.name,
      }),
    );
    return Promise.race([done, late]);
  };
  globalThis.page = {
    kmseal,
    watch,
    key,
    keyId,
    sealer: new kmseal.Sealer({ keys: [key] }),
    mistakes,
    outcome,
    bytes: new Uint8Array(5000),
  };
}

for (const name of BROWSERS) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name);
    });
    after(() => browser?.close());

    async function open(...trap) {
      await browser.driver.get(`${server.origin}/pages/blank.html`);
      await browser.evaluate(setUp, await trapping(...trap), pem);
    }

    function assertTrapped({ name, code, message }) {
      assert.deepEqual({ name, code }, { name: 'KmsealError', code: 'ERR_INTERNAL' }, message);
      assert.match(message, /discarded; try again/);
    }

    test('a synchronous call traps, and everything else works at once, every time', async () => {
      await open('publickey_encrypt');
      const rounds = await browser.evaluate(async () => {
        const { key, sealer, outcome, bytes } = page;
        const rounds = [];
        for (let round = 0; round < 3; round++) {
          rounds.push([
            await outcome(() => key.encrypt(new Uint8Array(1))),
            await outcome(() => sealer.seal(bytes)),
            await outcome(() => sealer.seal(new Blob([bytes]))),
            sealer.sealedSize(5000),
          ]);
        }
        return rounds;
      });
      for (const [trapped, sealed, sealedBlob, size] of rounds) {
        assertTrapped(trapped);
        assert.ok(trapped.trap, `the cause is a ${trapped.cause}, not a RuntimeError`);
        assert.deepEqual({ sealed, sealedBlob }, { sealed: { value: size }, sealedBlob: { value: size } });
      }
    });

    test('a stack overflow, which is not reported as a trap, is handled alike', async () => {
      await open('publickey_encrypt', 'recursion');
      const [trapped, sealed] = await browser.evaluate(async () => {
        const { key, sealer, outcome, bytes } = page;
        return [await outcome(() => key.encrypt(new Uint8Array(1))), await outcome(() => sealer.seal(bytes))];
      });
      assertTrapped(trapped);
      assert.ok(trapped.cause, 'a cause');
      assert.ok(sealed.value > 5000, sealed.message);
    });

    test('work in progress in the instance fails and does not hang', async () => {
      await open('publickey_encrypt');
      const { under, cancelled, closed, works, mistakes } = await browser.evaluate(async () => {
        const { key, sealer, outcome, watch, bytes, kmseal } = page;
        const file = new Blob([new Uint8Array(40 * 2 ** 20)]);
        const wasm = new kmseal.Sealer({ keys: [key], engine: 'wasm' });
        const begin = async (stream) => {
          const reader = (await stream).getReader();
          await reader.read();
          return reader;
        };
        const untilEnd = async (reader) => {
          while (!(await reader.read()).done);
        };
        const sealed = await sealer.prepare(file);
        const { stream: source, seen } = watch.endless();
        const readers = [
          await begin(sealed.stream()),
          await begin(sealer.seal(source)),
          await begin(wasm.seal(watch.endless().stream)),
        ];
        const unread = await sealer.seal(watch.endless().stream);
        const begun = [
          sealer.seal(file),
          wasm.seal(file),
          sealer.seal(new Uint8Array(2 ** 24)),
          wasm.seal(new Uint8Array(2 ** 24)),
          sealed.slice(),
        ];
        await outcome(() => key.encrypt(new Uint8Array(1)));
        const under = await Promise.all([
          ...begun.map((promise) => outcome(() => promise)),
          ...readers.map((reader) => outcome(() => untilEnd(reader))),
          outcome(() => watch.drain(unread)),
          outcome(() => sealed.slice()),
          outcome(() => sealed.slice(-10)),
          outcome(() => watch.drain(sealed.stream())),
        ]);
        sealed.close();
        return {
          under,
          cancelled: seen.cancelled.length,
          closed: await outcome(() => sealed.slice()),
          works: [
            await outcome(() => sealer.seal(bytes)),
            await outcome(async () => (await sealer.prepare(file)).slice()),
          ],
          mistakes: page.mistakes,
        };
      });
      assert.deepEqual(mistakes, [], 'thrown where no one could catch it');
      under.forEach(assertTrapped);
      assert.equal(cancelled, 1, 'the source is released');
      assert.equal(closed.code, 'ERR_CLOSED', closed.message);
      works.forEach(({ value, message }) => assert.ok(value > 5000, message));
    });

    // Engines differ in what a trap throws. In which call it strikes, makes no difference to them.
    const anyEngine = ANY_ENGINE.includes(name);
    for (const [trap, way, other] of [
      ['sequencer_seal', 'bytes', 'Blob'],
      ['replayable_seal', 'Blob', 'bytes'],
    ].slice(0, anyEngine ? undefined : 1)) {
      test(`sealing ${way} traps midway, and the same sealer then seals a ${other}`, async () => {
        await open(trap);
        const [trapped, fromStream, sealed] = await browser.evaluate(async (way) => {
          const { sealer, outcome, bytes, watch } = page;
          const ways = { bytes: () => sealer.seal(bytes), Blob: () => sealer.seal(new Blob([bytes])) };
          const { stream, seen } = watch.endless();
          const streamed = await outcome(async () =>
            watch.drain(
              way === 'bytes' ? await sealer.seal(stream) : (await sealer.prepare(new Blob([bytes]))).stream(),
            ),
          );
          const { [way]: traps, ...others } = ways;
          return [
            await outcome(traps),
            { ...streamed, cancelled: seen.cancelled.length },
            await outcome(Object.values(others)[0]),
          ];
        }, way);
        assertTrapped(trapped);
        assertTrapped(fromStream);
        assert.equal(fromStream.cancelled, way === 'bytes' ? 1 : 0);
        assert.ok(sealed.value > 5000, sealed.message);
      });
    }

    const traps = ['body_open', 'header_read', 'header_length', 'locked_unlock', 'kmsAdvice'];
    for (const trap of traps.slice(0, anyEngine ? undefined : 1)) {
      test(`opening traps in ${trap}, and sealing still works`, async () => {
        await open(trap);
        // The key's other algorithm, which KMS rejects for it.
        const options = trap === 'kmsAdvice' ? { encryptionAlgorithm: 'RSAES_OAEP_SHA_1' } : {};
        const [trapped, sealed] = await browser.evaluate(
          async (answer, options) => {
            const { outcome, bytes } = page;
            const { makeKit } = await import('/support/kit.mjs');
            const kit = await makeKit(answer);
            const envelope = await kit.sealer().seal(bytes);
            return [
              await outcome(() => kit.opener(options).open(envelope)),
              await outcome(() => kit.sealer().seal(bytes)),
            ];
          },
          answer,
          options,
        );
        assertTrapped(trapped);
        assert.ok(sealed.value > 5000, sealed.message);
      });
    }

    if (!anyEngine) return;

    test('a sealer with a cache carries on with a new data key after a trap', async () => {
      await open('publickey_encrypt');
      const [trapped, before, again, after] = await browser.evaluate(async () => {
        const { kmseal, key, outcome, bytes } = page;
        const sealer = new kmseal.Sealer({ keys: [key], cache: { maxAge: 60_000 } });
        const encryptedDataKey = async () => {
          const envelope = await sealer.seal(bytes);
          // What follows it in the header: content type, frame length, commit key and tag.
          const end = (await kmseal.inspect(envelope)).headerLength - 1 - 4 - 32 - 16;
          return envelope.subarray(end - 256, end).toHex();
        };
        const [before, again] = [await encryptedDataKey(), await encryptedDataKey()];
        const trapped = await outcome(() => key.encrypt(new Uint8Array(1)));
        const after = await encryptedDataKey();
        sealer.close();
        return [trapped, before, again, after];
      });
      assertTrapped(trapped);
      assert.equal(again, before);
      assert.notEqual(after, before);
    });

    test('a key that cannot be imported because of a trap fails with ERR_INTERNAL', async () => {
      await browser.driver.get(`${server.origin}/pages/blank.html`);
      const outcomes = await browser.evaluate(
        async (wasm, pem) => {
          const { load, inspect, KmsPublicKey } = await import('/dist/index.js');
          await load(wasm);
          const failed = await KmsPublicKey.import(pem, {}).catch(({ name, code, message }) => ({
            name,
            code,
            message,
          }));
          const inspected = await inspect(new Uint8Array([0])).catch(({ code }) => code);
          return { failed, inspected };
        },
        await trapping('publickey_kms'),
        pem,
      );
      assertTrapped(outcomes.failed);
      assert.equal(outcomes.inspected, 'ERR_ENVELOPE_INVALID');
    });
  });
}
