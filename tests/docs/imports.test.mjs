// Catches what makes files hard to read one by one: files that need each other in a circle, in js/ (types too) and in src/.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const filesIn = (folder, ending) =>
  readdirSync(path.join(ROOT, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.posix.join(folder, name));
const textOf = (file) => readFileSync(path.join(ROOT, file), 'utf8');

/** What each file of js/ imports or exports from beside it. */
function javascriptImports() {
  const files = new Set(filesIn('js', '.ts'));
  return new Map(
    [...files].map((file) => {
      const specifiers = Array.from(
        textOf(file).matchAll(/(?:\bfrom|^import) '(\.[^']+)'/gm),
        ([, specifier]) => specifier,
      );
      const resolved = specifiers.map((specifier) =>
        path.posix.join(path.posix.dirname(file), specifier.replace(/\.js$/, '.ts')),
      );
      const missing = resolved.filter((one) => !files.has(one) && !files.has(one.replace(/\.ts$/, '.d.ts')));
      assert.deepEqual(missing, [], `${file} imports what is not there`);
      return [file, resolved.filter((one) => files.has(one))];
    }),
  );
}

/** Which other files of src/ each one names, except for its unit tests. */
function rustImports() {
  const files = filesIn('src', '.rs');
  return new Map(
    files.map((file) => {
      const [text] = textOf(file).split(/^#\[cfg\(test\)\]/m);
      const names = Array.from(text.matchAll(/\bcrate::(\w+)/g), ([, name]) => `src/${name}.rs`);
      return [file, [...new Set(names)].filter((one) => one !== file && files.includes(one))];
    }),
  );
}

/** The circles, each once, and the deepest chain. */
function walk(imports) {
  const deepest = new Map();
  const circles = [];
  function chainFrom(file, above) {
    if (above.includes(file)) {
      circles.push([...above.slice(above.indexOf(file)), file].join(' -> '));
      return [];
    }
    if (!deepest.has(file)) {
      const chains = (imports.get(file) ?? []).map((one) => chainFrom(one, [...above, file]));
      deepest.set(file, [
        file,
        ...chains.reduce((longest, chain) => (chain.length > longest.length ? chain : longest), []),
      ]);
    }
    return deepest.get(file);
  }
  const chains = [...imports.keys()].map((file) => chainFrom(file, []));
  return { circles, chain: chains.reduce((longest, chain) => (chain.length > longest.length ? chain : longest)) };
}

for (const { folder, imports } of [
  { folder: 'js', imports: javascriptImports() },
  { folder: 'src', imports: rustImports() },
]) {
  test(`no file of ${folder}/ imports another that imports it back, directly or not`, (t) => {
    assert.ok([...imports.values()].flat().length > imports.size, 'imports were found');
    const { circles, chain } = walk(imports);
    t.diagnostic(`the deepest chain of ${folder}/ has ${chain.length} files: ${chain.join(' -> ')}`);
    assert.deepEqual(circles, []);
  });
}
