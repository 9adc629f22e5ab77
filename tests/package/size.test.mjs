// Catches what makes a page wait: a dependency that comes along, panic messages and formatting in the .wasm, a profile or a
// wasm-opt pass lost from the build, the bundle no longer minified. Each of these once cost 10 to 60 KB.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';

const BUDGET = 80 * 1024;

/** As a server compresses static files once. */
function brotli(name) {
  const bytes = readFileSync(new URL(`../../dist/${name}`, import.meta.url));
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
}

test('the .wasm and the script are at most 80 KiB in brotli', () => {
  const [wasm, script] = ['kmseal.wasm', 'index.js'].map(brotli);
  assert.ok(wasm + script <= BUDGET, `${wasm} of .wasm and ${script} of script, ${wasm + script - BUDGET} over the budget`);
});
