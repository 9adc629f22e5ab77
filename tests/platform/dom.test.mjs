// Files, Blobs and signals of test DOMs: their classes and methods differ from the platform's own.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import * as kmseal from 'kmseal';
import { platformTools } from '../../tools/npm.mjs';
import { sample } from '../support/page/bytes.mjs';
import { makeKeyPair } from '../support/page/engines.mjs';
import { makeHands } from './operations.mjs';

const plaintext = sample(3_000_000);

let hands;
let require;
before(async () => {
  hands = await makeHands(kmseal, await makeKeyPair());
  require = createRequire(`${await platformTools()}/package.json`);
});

const DOMS = {
  jsdom: () => new (require('jsdom').JSDOM)('').window,
  'happy-dom': () => new (require('happy-dom').Window)(),
};

for (const [name, makeWindow] of Object.entries(DOMS)) {
  describe(name, () => {
    let window;
    before(() => {
      window = makeWindow();
      globalThis.FileReader = window.FileReader; // as Jest and Vitest have it
    });
    after(async () => {
      delete globalThis.FileReader;
      await window.happyDOM?.close();
      window.close();
    });

    for (const kind of ['File', 'Blob']) {
      const make = () => (kind === 'File' ? new window.File([plaintext], 'file') : new window.Blob([plaintext]));
      test(`a ${kind} of ${name} is sealed, prepared and opened`, async () => {
        const sealed = await hands.sealer.seal(make());
        assert.ok(
          Buffer.from(
            (await hands.judge.open(await sealed.arrayBuffer().then((buffer) => new Uint8Array(buffer)))).plaintext,
          ).equals(plaintext),
        );
        const prepared = await hands.sealer.prepare(make());
        assert.equal((await prepared.slice()).size, prepared.size);
        const envelope = new window.Blob([new Uint8Array(await sealed.arrayBuffer())]);
        assert.equal((await hands.opener.open(envelope)).plaintext.size, plaintext.length);
        const { plaintext: part } = await hands.opener.openRange(envelope, { start: 10, end: 20 });
        assert.deepEqual(new Uint8Array(await part.arrayBuffer()), plaintext.slice(10, 20));
      });
    }

    test(`a signal of ${name} aborts with its reason, before and during the work`, async () => {
      const before = new window.AbortController();
      before.abort();
      await assert.rejects(hands.sealer.seal(plaintext, { signal: before.signal }), { name: 'AbortError' });
      const controller = new window.AbortController();
      const onProgress = () => controller.abort();
      await assert.rejects(hands.sealer.seal(new Blob([plaintext]), { signal: controller.signal, onProgress }), {
        name: 'AbortError',
      });
    });
  });
}

test('a polyfilled signal without a reason and throwIfAborted() aborts', async () => {
  const signal = Object.assign(new EventTarget(), { aborted: false });
  const onProgress = () => {
    signal.aborted = true;
    signal.dispatchEvent(new Event('abort'));
  };
  await assert.rejects(hands.sealer.seal(new Blob([plaintext]), { signal, onProgress }), { name: 'AbortError' });
  await assert.rejects(hands.sealer.seal(plaintext, { signal }), { name: 'AbortError' });
});
