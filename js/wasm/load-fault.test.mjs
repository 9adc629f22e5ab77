// What an error says of the place of the .wasm.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { LoadFault } = await importSource('js/wasm/load-fault.ts', {
  KMSEAL_WASM: '"kmseal.wasm"',
  KMSEAL_LOAD: '"load()"',
});

test('a fault names the URL of the .wasm without its query, its fragment and its password', () => {
  const url = 'https://user:secret@cdn.example/kmseal.wasm?token=secret#secret';
  for (const kind of ['refused', 'a page', 'another file', 'another version', 'no connection', 'not a URL']) {
    const { message } = new LoadFault(kind, { url, status: 403 });
    assert.ok(message.includes('https://cdn.example/kmseal.wasm'), message);
    assert.doesNotMatch(message, /secret/, kind);
  }
});

test('a fault of an unknown place still says what to do', () => {
  assert.match(new LoadFault('another version').message, /^kmseal\.wasm is of another version/);
});

test('docs/hosting.md has a row for each fault, and no other', () => {
  const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const [, sentences] = /^const SENTENCES = \{$([^]*?)^\}/m.exec(read('js/wasm/load-fault.ts'));
  const kinds = Array.from(sentences.matchAll(/^ {2}(?:'(.+?)'|(\w+)): \(/gm), ([, quoted, bare]) => quoted ?? bare);
  assert.ok(kinds.length > 10, kinds.join());
  const [, section] = read('docs/hosting.md').split('## When it does not load');
  const said = Array.from(section.split('\n## ')[0].matchAll(/^\| ((?!the error says|---).+?) \|/gm), ([, row]) => row);
  // N stands for a number and … for a URL.
  const rows = new Map(said.map((row) => [row, new RegExp(row.replace(/\bN\b/, '\\d+').replace('…', '.*'))]));
  const rowOf = (kind) => {
    const { message } = new LoadFault(kind, { url: 'https://a.example/kmseal.wasm', status: 404 });
    return said.filter((row) => rows.get(row).test(message));
  };
  const found = kinds.map((kind) => [kind, rowOf(kind)]);
  assert.deepEqual(
    found.filter(([, matching]) => matching.length !== 1),
    [],
  );
  assert.deepEqual(new Set(found.flatMap(([, matching]) => matching)), new Set(said));
});
