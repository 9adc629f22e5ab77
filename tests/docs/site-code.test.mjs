// The code that the site's first page shows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KmsPublicKey, Sealer } from 'kmseal';
import { KmsealFileElement } from 'kmseal/element';
import { ROOT } from '../../tools/run.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { moduleOf, write } from './blocks.mjs';

const shown = (name) => readFileSync(path.join(ROOT, 'www/pages', name), 'utf8');

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

test("the site's code for Node opens an envelope through KMS", async () => {
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

test("the site's code for a page sets only attributes that <kmseal-file> has", () => {
  const [, attributes] = /<kmseal-file ([^>]*)>/.exec(shown('use-page.html'));
  const names = Array.from(attributes.matchAll(/([\w-]+)(?:="[^"]*")?/g), ([, name]) => name);
  assert.deepEqual(names, ['name', 'required', 'key-src', 'fingerprint']);
  const known = [...KmsealFileElement.observedAttributes, 'name'];
  assert.deepEqual(
    names.filter((name) => !known.includes(name)),
    [],
  );
});
