// Envelopes that were chosen as files and are cut or deleted before or while they are opened: the failure to read is reported, and not
// even what did authenticate passes for the whole.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { inBrowsers, openKit } from '../support/browsers/session.mjs';

/* global kit, reader -- of kit.mjs and of this file, in the page */

const MIB = 2 ** 20;
const SIZE = 48 * MIB;
const LONG_AGO = new Date('2026-01-01T00:00:00Z');
const TOLD = /^ERR_(READ|SOURCE_CHANGED)$/;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-envelope-changed-'));
let kms;
let answer;
let envelope;
let small;
before(async () => {
  kms = await startKms();
  answer = await kms.createKey();
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(answer)] });
  envelope = await sealer.seal(sample(SIZE));
  small = await sealer.seal(sample(100));
});
after(async () => {
  await kms?.close();
  rmSync(folder, { recursive: true });
});

inBrowsers(
  (name) => openKit(name, { routes: kmsRoutes(kms), keys: [answer] }),
  (page, browser) => {
    let files = 0;
    /** Chooses a new file, which was last written long ago: Chromium looks at whole seconds. */
    async function choose(content) {
      const file = path.join(folder, `${browser}-${++files}.kmseal`);
      writeFileSync(file, content);
      utimesSync(file, LONG_AGO, LONG_AGO);
      await page.chooseFiles([file]);
      return file;
    }

    for (const [change, alter] of Object.entries({ deleted: unlinkSync, cut: (file) => truncateSync(file, 20) })) {
      // WebKit reports the new length of one file and the old one of another.
      if (browser === 'webkit' && change === 'cut') continue;
      test(`opening reports an envelope file that was ${change} beforehand`, async () => {
        const file = await choose(small);
        alter(file);
        const codes = await page.evaluate(async (name) => {
          const { inspect } = await import('/dist/index.js');
          const chosen = kit.chosenFile(name);
          const ways = [
            () => kit.opener().open(chosen),
            () =>
              kit
                .opener()
                .open(chosen.stream())
                .then(({ plaintext }) => kit.collect(plaintext)),
            () => kit.opener().openRange(chosen, { start: 10, end: 20 }),
            () => inspect(chosen),
          ];
          return Promise.all(
            ways.map((way) =>
              way().then(
                () => 'opens',
                ({ code, message }) => code ?? message,
              ),
            ),
          );
        }, path.basename(file));
        // A stream does not know what length to expect.
        const [whole, stream, range, inspected] = codes;
        for (const code of [whole, range, inspected]) assert.match(code, TOLD, codes.join());
        assert.match(stream, change === 'cut' ? /^ERR_(READ|SOURCE_CHANGED|TRUNCATED)$/ : TOLD);
      });
    }

    // WebKit has read all by then.
    if (browser !== 'webkit')
      test('opening reports an envelope file that is cut while it is read', async () => {
        const file = await choose(envelope);
        const first = await page.evaluate(async (name) => {
          const { plaintext } = await kit.opener().open(kit.chosenFile(name).stream());
          globalThis.reader = plaintext.getReader();
          return (await reader.read()).value.length;
        }, path.basename(file));
        truncateSync(file, 45 * MIB);
        const { released, code } = await page.evaluate(async () => {
          const outcome = { released: 0 };
          try {
            for (let { value } = await reader.read(); value; { value } = await reader.read())
              outcome.released += value.length;
          } catch (error) {
            outcome.code = error.code ?? String(error);
          }
          return outcome;
        });
        assert.match(code ?? 'none', /^ERR_(READ|SOURCE_CHANGED|TRUNCATED)$/);
        assert.ok(first + released <= 45 * MIB, `${released} bytes`);
      });
  },
);
