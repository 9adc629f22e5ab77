// The code that the site's first page shows, and what all pages say of AWS's SDKs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KmsPublicKey, Sealer } from 'kmseal';
import { By } from 'selenium-webdriver';
import { ROOT } from '../../tools/run.mjs';
import { FORMAT } from '../../www/server/layout.mjs';
import { fill, moduleOf, write } from './blocks.mjs';
import { PAPER, SAMPLE, startStage, until } from './stage.mjs';

const shown = (name) => readFileSync(path.join(ROOT, 'www/pages', name), 'utf8');

let stage;
before(async () => {
  stage = await startStage();
});
after(() => stage?.close());

test("the site's code for Node opens an envelope through KMS", async () => {
  const { kms } = stage.host;
  Object.assign(process.env, kms.emulator.env);
  const given = ['keyArn', 'envelope', 'encryptionContext'];
  const file = write('site-use-node.mjs', moduleOf(shown('use-node.js'), { given, returns: ['plaintext', 'kms'] }));
  const { example } = await import(pathToFileURL(file).href);
  const answer = await kms.createKey();
  const encryptionContext = { user: '4711' };
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(answer)], encryptionContext });
  const envelope = await sealer.seal(new TextEncoder().encode('A letter.'));
  const opened = await example({ keyArn: answer.KeyId, envelope, encryptionContext });
  opened.kms.destroy();
  assert.equal(new TextDecoder().decode(opened.plaintext), 'A letter.');
});

test("the site's code for a page seals what a person chooses, for the key that it names", async () => {
  const { show, browser, key, place, assertOpens } = stage;
  const page = fill(shown('use-page.html'), { [SAMPLE.fingerprint]: key.fingerprint });
  const [script, code] = /<script type="module">([^]*?)<\/script>/.exec(page);
  await show('site-use-page', code, page.replace(script, '<script type="module" src="/page.js"></script>'));
  const element = await browser.driver.findElement(By.css('kmseal-file'));
  const root = await element.getShadowRoot();
  await (await root.findElement(By.css('input'))).sendKeys(place('paper.pdf'));
  await until(() => browser.evaluate(() => document.querySelector('form').checkValidity()));
  const envelope = await browser.evaluate(async () => {
    const [file] = document.querySelector('kmseal-file').files;
    return new Uint8Array(await file.arrayBuffer());
  });
  await assertOpens(envelope, PAPER, { user: '4711' });
});

test('the pages and the README name those SDKs of AWS that are tested for keys of KMS, and no other', () => {
  const guide = readFileSync(path.join(ROOT, 'docs/other-sdks.md'), 'utf8');
  const tested = Array.from(guide.matchAll(/^\| (\S+) \|.*\| yes, both ways/gm), ([, sdk]) => sdk).sort();
  assert.ok(tested.length > 2, tested.join());
  const named = (text) => {
    const [, list] = /SDKs for ((?:\S+, )*\S+ and \S+) open it/.exec(text.replace(/\s+/g, ' '));
    return list.split(/, | and /).sort();
  };
  assert.deepEqual(named(FORMAT), tested);
  assert.deepEqual(named(readFileSync(path.join(ROOT, 'README.md'), 'utf8')), tested);
});
