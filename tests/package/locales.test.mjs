// The element's texts in other languages: complete, with the plurals of each language, and selected by them.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as locales from 'kmseal/locales';
import { build, stop } from 'esbuild';
import { ROOT } from '../../tools/run.mjs';
import { tsc } from '../support/tarball.mjs';

let english;
before(async () => {
  const { outputFiles } = await build({
    entryPoints: [path.join(ROOT, 'js/element/texts.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  english = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
});
after(stop);

const formsOf = (text) => (typeof text === 'string' ? [text] : Object.values(text));

test('texts exist in German, French, Spanish, Italian, Portuguese, Polish, Japanese and Arabic', () => {
  assert.deepEqual(Object.keys(locales).sort(), ['ar', 'de', 'es', 'fr', 'it', 'ja', 'pl', 'pt']);
});

for (const [name, texts] of Object.entries(locales)) {
  describe(name, () => {
    test(`${name} has every text that English has, and no other`, () => {
      assert.equal(texts.locale, name);
      assert.deepEqual(Object.keys(texts).sort(), Object.keys(english.TEXTS).sort());
      // Taken as they are.
      assert.deepEqual({ ...english.textsFrom(texts) }, { ...texts });
    });

    test(`every text of ${name} is translated`, () => {
      const alike = Object.keys(texts).filter(
        (key) => key !== 'rejected' && JSON.stringify(texts[key]) === JSON.stringify(english.TEXTS[key]),
      );
      assert.deepEqual(alike, []);
    });

    test(`${name} has the plural forms of its language`, () => {
      const { pluralCategories } = new Intl.PluralRules(name).resolvedOptions();
      for (const [key, text] of Object.entries(texts)) {
        if (typeof text === 'object') assert.deepEqual(Object.keys(text).sort(), pluralCategories.toSorted(), key);
        else if (typeof english.TEXTS[key] === 'object') assert.deepEqual(pluralCategories, ['other'], key);
      }
    });

    test(`${name} has no bidirectional control character, and no space at an end`, () => {
      for (const form of Object.values(texts).flatMap(formsOf)) {
        assert.doesNotMatch(form, /[\p{Bidi_Control}]|^\s|\s$/u);
      }
    });
  });
}

test('a number selects the plural form, in the digits of the language', () => {
  const started = (locale, count) => english.say(english.textsFrom(locales[locale]), 'startedMany', { count });
  assert.deepEqual(
    [1, 2, 5, 22, 25].map((count) => started('pl', count)),
    [
      'Szyfrowanie 1 pliku',
      'Szyfrowanie 2 plików',
      'Szyfrowanie 5 plików',
      'Szyfrowanie 22 plików',
      'Szyfrowanie 25 plików',
    ],
  );
  const ready = (locale, count) => english.say(english.textsFrom(locales[locale]), 'readyMany', { count });
  assert.equal(ready('pl', 3), '3 pliki są zaszyfrowane i gotowe');
  assert.equal(ready('pl', 5), '5 plików jest zaszyfrowanych i gotowych');
  const arabic = [0, 1, 2, 3, 11, 100].map((count) => ready('ar', count));
  assert.equal(new Set(arabic).size, 6);
  assert.equal(arabic[2], locales.ar.readyMany.two);
  assert.equal(arabic[3], locales.ar.readyMany.few.replace('{count}', new Intl.NumberFormat('ar').format(3)));
  assert.equal(english.say(english.TEXTS, 'readyMany', { count: 1 }), '1 file encrypted and ready');
});

test('sizes are in the units of the language', () => {
  const size = (bytes, locale) => english.sizeText(bytes, { locale });
  assert.deepEqual(
    [0, 999, 1000, 1500, 38_000, 999_600, 1_834_000, 2 ** 31].map((bytes) => size(bytes, 'en')),
    ['0 bytes', '999 bytes', '1 kB', '1.5 kB', '38 kB', '1 MB', '1.8 MB', '2.1 GB'],
  );
  assert.match(size(1_834_000, 'de'), /^1,8\sMB$/);
  assert.match(size(1_834_000, 'fr'), /^1,8\sMo$/);
});

test("a name that contains an override or an isolate's end reverses nothing", () => {
  const said = english.say(english.TEXTS, 'removed', { name: 'invoice\u2069\u202efdp.exe' });
  assert.equal(said, '\u2068invoicefdp.exe\u2069 removed');
  assert.equal(english.shownName('a\u202ab\u202bc\u202cd\u202de\u202ef\u2066g\u2067h\u2068i\u2069j'), 'abcdefghij');
});

test('the compiler rejects texts with wrong values or plural forms', () => {
  assert.equal(tsc(['--project', 'tests/types/translation'], ROOT), '');
});
