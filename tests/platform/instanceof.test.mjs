// Platform objects come from other windows, sandboxes and polyfills: no code may check for its own realm's class.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const files = readdirSync(path.join(ROOT, 'js'), { recursive: true }).filter((file) => file.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(path.join(ROOT, 'js', file), 'utf8')]));
/** Declared as a class, or as a constant that is one. */
const DECLARED = /\bclass (?!extends\b)(\w+)|\bconst (\w+)[^=]*= class\b/g;
const ours = new Set(
  [...sources.values()].flatMap((text) =>
    Array.from(text.matchAll(DECLARED), ([, name, constant]) => name ?? constant),
  ),
);

test('instanceof stands only before our own classes', () => {
  assert.ok(ours.has('KmsealError'), 'the sources were found');
  const foreign = [...sources].flatMap(([file, text]) => {
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    return Array.from(code.matchAll(/\binstanceof (\w+)/g), ([, name]) => name)
      .filter((name) => !ours.has(name))
      .map((name) => `${file}: ${name}`);
  });
  assert.deepEqual(foreign, []);
});
