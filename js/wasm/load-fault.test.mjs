// What an error says of the place of the .wasm.
import assert from 'node:assert/strict';
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
