// What <kmseal-file> reports when something fails: the cause to the person, the code to support, and the error in the console.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { KEY_UNREACHABLE, isolated, testForms } from '../support/browsers/forms.mjs';

/* global element, form, hold, idle, kmseal, part, parts, statesOf, until -- of forms.mjs, in the page */

const FORM = (attributes = 'key-src="/kms-public-key.json"') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file encryption-context='{}' name="doc" multiple ${attributes}></kmseal-file><button>Send</button>
  </form>`;

/** How the server answers requests for the .wasm, which determines the cause that is shown. */
let wasm = 'good';
const WASM = {
  'not there': { answer: (context) => context.text('no', 404), sentence: /^This page must be reloaded/ },
  'a page in its place': {
    answer: (context) => context.html('<!doctype html><title>start</title>'),
    sentence: /^This page must be reloaded/,
  },
  'of another version': {
    answer: (context) =>
      context.body(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), 200, { 'Content-Type': 'application/wasm' }),
    sentence: /^This page must be reloaded/,
  },
  'no answer at all': {
    answer(context) {
      context.env.outgoing.destroy();
      return RESPONSE_ALREADY_SENT;
    },
    sentence: /^There is no connection/,
  },
};

const { inBrowsers } = testForms((start) =>
  start({
    routes(app) {
      app.get('/dist/kmseal.wasm', async (context, next) => {
        const kind = WASM[wasm];
        context.header('Cache-Control', 'no-store');
        return kind ? kind.answer(context) : next();
      });
      app.get('/no-key', (context) => context.text('no', 503));
      app.get('/text', (context) => context.text('this is not a key'));
    },
  }),
);

inBrowsers((page, name) => {
  const anyEngine = ANY_ENGINE.includes(name);

  /** The sentence and the codes in the DOM after a choice that fails. */
  const told = (names = ['a.pdf']) =>
    page.evaluate(async (names) => {
      element.files = names.map((name) => new File(['x'], name));
      await until(() => statesOf() === 'failed');
      return {
        sentence: part('error').textContent,
        codes: parts('code').map(({ textContent }) => textContent),
        alert: part('alert').dataset.code,
      };
    }, names);

  for (const [kind, { sentence }] of Object.entries(WASM)) {
    test(`the person reads a remedy when the .wasm is ${kind}`, async () => {
      wasm = kind;
      try {
        await page.show(FORM());
        const found = await told();
        assert.match(found.sentence, sentence);
        assert.deepEqual({ codes: found.codes, alert: found.alert }, { codes: ['ERR_LOAD'], alert: 'ERR_LOAD' });
      } finally {
        wasm = 'good';
      }
    });
  }

  const keys = {
    'cannot be reached': { attributes: 'key-src="/no-key"', sentence: KEY_UNREACHABLE, code: 'ERR_LOAD' },
    'is not a key': { attributes: 'key-src="/text"', sentence: /is not the expected one/, code: 'ERR_KEY_INVALID' },
    'is not the pinned one': {
      attributes: `key-src="/kms-public-key.json" fingerprint="SHA256:${Buffer.alloc(32).toString('base64')}"`,
      sentence: /is not the expected one/,
      code: 'ERR_KEY_FINGERPRINT',
    },
    'is nowhere': { attributes: '', sentence: /^This page is not ready/, code: 'ERR_LOAD' },
  };
  // The element decides which sentence an error has: each engine shows that of a request which fails.
  for (const [kind, { attributes, sentence, code }] of Object.entries(keys).slice(0, anyEngine ? undefined : 1)) {
    test(`one sentence covers all files when the key ${kind}, and each file shows the code`, async () => {
      await page.show(FORM(attributes));
      const found = await told(['a.pdf', 'b.pdf']);
      if (typeof sentence === 'string') assert.equal(found.sentence, sentence);
      else assert.match(found.sentence, sentence);
      assert.deepEqual({ codes: found.codes, alert: found.alert }, { codes: [code, code], alert: code });
    });
  }

  test('cancelling, removing, moving or sealing again for another key leaves no unhandled AbortError', async () => {
    await page.show(FORM().replace('multiple', 'multiple meta-name="doc-meta"'));
    const unhandled = await page.evaluate(async (anyEngine) => {
      const all = [];
      addEventListener('unhandledrejection', ({ reason }) => all.push(String(reason)));
      addEventListener('error', ({ message }) => all.push(message));
      const choose = async (size) => {
        const held = hold();
        element.files = [new File([new Uint8Array(size)], 'a'), new File(['x'], 'b')];
        await until(() => statesOf() === 'sealing' && parts('item-sealing').length === 1);
        return held;
      };
      // Files that are sealed in memory, and files of more than 32 MiB, which go through a Response.
      const large = 34_000_000;
      for (const size of [1_000_000, large]) {
        const ways = {
          remove: () => parts('remove')[0].click(),
          clear: () => (element.value = ''),
          reset: () => form.reset(),
          context: () => (element.encryptionContext = { size: String(size) }),
          key: () => (element.keySrc = `/kms-public-key.json?${size}`),
          disconnect: () => element.remove(),
        };
        for (const [name, way] of Object.entries(ways)) {
          // Each engine shows a large file that is given up, and one that is sealed again.
          if (size === large && !anyEngine && name !== 'remove' && name !== 'context') continue;
          const held = await choose(size);
          way();
          held.release();
          if (!element.isConnected) {
            await new Promise((resolve) => setTimeout(resolve));
            form.prepend(element);
          }
          await idle();
        }
      }
      // While the key is being loaded.
      element.keySrc = '/no-key';
      element.keySrc = '/kms-public-key.json?later';
      element.remove();
      // The browser reports them in a task of its own.
      for (let task = 0; task < 3; task++) await new Promise((resolve) => setTimeout(resolve));
      return all;
    }, anyEngine);
    assert.deepEqual(unhandled, []);
  });

  // The element decides what it tells. What engines make of a .wasm that fails, and of calls that end early, is above.
  if (!anyEngine) return;

  test('files that fail for their own reasons are counted, and each shows its code', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      const watch = await import('/pages/watch.js');
      watch.whenReading(() => Promise.reject(new Error('unplugged')));
      element.files = ['a', 'b'].map((name) => new File(['x'.repeat(1000)], name));
      await until(() => statesOf() === 'failed' && parts('item-failed').length === 2);
      const many = part('error').textContent;
      parts('remove')[0].click();
      return [many, part('error').textContent, part('code').textContent];
    });
    assert.deepEqual(found, [
      '2 files could not be encrypted, so nothing is sent. Try again, or remove them.',
      `${isolated('b')} could not be read, so nothing is sent. Choose it again, or remove it.`,
      'ERR_READ',
    ]);
  });

  test('an error from outside the package is named by its class', async () => {
    await page.show(FORM());
    const code = await page.evaluate(async () => {
      const sealer = new kmseal.Sealer({
        keys: [await kmseal.KmsPublicKey.import(await (await fetch('/kms-public-key.json')).json())],
      });
      sealer.seal = () => Promise.reject(new RangeError('of the page'));
      element.sealer = sealer;
      element.files = [new File(['x'], 'a')];
      await until(() => statesOf() === 'failed');
      return part('code').textContent;
    });
    assert.equal(code, 'RangeError');
  });

  test('the console shows the error once, unless a listener cancels sealerror', async () => {
    await page.show(FORM('key-src="/no-key"'));
    const logged = await page.evaluate(async () => {
      const errors = [];
      const { error } = console;
      console.error = (one) => errors.push(one.code);
      const fail = async () => {
        element.files = ['a', 'b', 'c'].map((name) => new File(['x'], name));
        await until(() => parts('item-failed').length === 3);
        return errors.splice(0);
      };
      const told = await fail();
      document.addEventListener('sealerror', (event) => event.preventDefault());
      const cancelled = await fail();
      console.error = error;
      return [told, cancelled];
    });
    assert.deepEqual(logged, [['ERR_LOAD'], []]);
  });
});
