// How README.md's three steps run, each with what the one before made: the key, the page's envelope, the file.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { KmsPublicKey } from 'kmseal';
import { outputOf } from '../../support/tarball.mjs';
import { fill, write } from '../blocks.mjs';
import { PAPER, SAMPLE, lines, until } from '../stage.mjs';

let fingerprint;
let keyId;
let envelope;

export default {
  kmseal: {
    // `npm install kmseal`: tests/package installs the tarball itself.
    async sh(_stage, code) {
      assert.equal(code, 'npm install kmseal\n');
      const { name } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
      assert.equal(name, 'kmseal');
    },
  },
  '1. Make the key': {
    async sh({ place, run, freeAlias }, code) {
      await freeAlias();
      const [create, alias, save, print, ...rest] = lines(code);
      assert.deepEqual(rest, []);
      const { KeyMetadata } = JSON.parse(await run(create));
      await run(fill(alias, { 'KEY-ID': KeyMetadata.KeyId }));
      await run(save);
      const key = await KmsPublicKey.import(readFileSync(place('kms-public-key.json'), 'utf8'));
      keyId = key.keyId;
      fingerprint = (await run(print)).trim();
      assert.equal(keyId, KeyMetadata.Arn);
      assert.equal(fingerprint, key.fingerprint);
    },
  },
  '2. Seal in the page': {
    async 'html, js'({ place, browser, show, uploads, offline }, html, js) {
      await show(
        'readme',
        fill(js, { [SAMPLE.fingerprint]: fingerprint, '/kms-public-key.json': '/docs/kms-public-key.json' }),
        html,
      );
      // As soon as the page is there, with the key still loading.
      await browser.chooseFiles('#file', [place('paper.pdf')]);
      envelope = await until(() => uploads()[0]);
      const shown = () => browser.evaluate(() => document.querySelector('#status > :last-child')?.textContent);
      await until(async () => /sealed and stored/.test(await shown()));
      // What is not stored is not shown as if it were, whatever the page said before.
      await browser.evaluate(() => fetch('/sign-out', { method: 'POST' }).then(({ status }) => status));
      await browser.chooseFiles('#file', [place('paper.pdf')]);
      await until(async () => /^paper\.pdf: not stored \(TypeError\)$/.test(await shown()));
      await offline(async () => {
        await browser.chooseFiles('#file', [place('paper.pdf')]);
        await until(async () => /^paper\.pdf: not stored \(status 200\), try again$/.test(await shown()));
      });
      assert.equal(uploads().length, 1);
      // Nor does it take the line of the file before.
      const lines = await browser.evaluate(() =>
        Array.from(document.querySelectorAll('#status > li'), (line) => line.textContent),
      );
      assert.match(lines[0], /^paper\.pdf: \d+ bytes sealed and stored$/);
      assert.equal(lines.length, 3);
    },
  },
  '3. Open in Node': {
    async js({ folder, place, env }, code) {
      writeFileSync(place('paper.kmseal'), envelope);
      writeFileSync(place('paper.pdf'), '');
      const program = write('open-paper.mjs', fill(code, { [SAMPLE.arn]: keyId, [SAMPLE.region]: 'us-east-1' }));
      assert.equal(await outputOf(process.execPath, [program], folder, env), '');
      assert.equal(readFileSync(place('paper.pdf'), 'utf8'), PAPER);
    },
  },
};
