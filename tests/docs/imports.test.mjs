// Catches what makes files hard to read one by one: files that need each other in a circle, in js/ (types too) and in each crate.
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

/** Which other files of a crate each one names, except for its unit tests. */
function rustImports(folder) {
  const files = filesIn(folder, '.rs');
  /** The file of `a::b::C`: a/b.rs if there is one, else a.rs. */
  const fileOf = (names) =>
    names
      .map((_, at) => `${path.posix.join(folder, ...names.slice(0, at + 1))}.rs`)
      .findLast((file) => files.includes(file));
  return new Map(
    files.map((file) => {
      const [text] = textOf(file).split(/^#\[cfg\(test\)\]/m);
      const named = Array.from(text.matchAll(/\bcrate::((?:\w+::)*)(\{[^}]*\}|\w+)/g), ([, above, last]) =>
        (last.match(/\w+/g) ?? []).map((name) => fileOf([...above.split('::').filter(Boolean), name])),
      );
      return [file, [...new Set(named.flat())].filter((one) => one && one !== file)];
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
  ...['src', 'wasm/src', 'cli/src'].map((folder) => ({ folder, imports: rustImports(folder) })),
]) {
  test(`no file of ${folder}/ imports another that imports it back, directly or not`, (t) => {
    assert.ok([...imports.values()].flat().length > imports.size, 'imports were found');
    const { circles, chain } = walk(imports);
    t.diagnostic(`the deepest chain of ${folder}/ has ${chain.length} files: ${chain.join(' -> ')}`);
    assert.deepEqual(circles, []);
  });
}
