// Catches what makes a page wait: a dependency that comes along, panic messages and formatting in the .wasm, a profile or a
// wasm-opt pass lost from the build. Each of these once cost 10 to 60 KB.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { transformSync } from 'esbuild';

const BUDGET = 80 * 1024;

const read = (name) => readFileSync(new URL(`../../dist/${name}`, import.meta.url));

/** As a server compresses static files once. */
function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  }).length;
}

test('the .wasm and the script have at most 80 KiB in brotli', () => {
  // The script as a bundler ships it.
  const { code } = transformSync(read('index.js').toString(), { minify: true, format: 'esm', target: 'es2022' });
  const [wasm, script] = [read('kmseal.wasm'), Buffer.from(code)].map(brotli);
  assert.ok(
    wasm + script <= BUDGET,
    `${wasm} of .wasm and ${script} of script, ${wasm + script - BUDGET} over the budget`,
  );
});
