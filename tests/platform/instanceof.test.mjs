// Platform objects come from other windows, sandboxes and polyfills: nothing may ask for the class that its own realm has.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/lib/run.mjs';

const files = readdirSync(path.join(ROOT, 'js'), { recursive: true }).filter((file) => file.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(path.join(ROOT, 'js', file), 'utf8')]));
const ours = new Set([...sources.values()].flatMap((text) => Array.from(text.matchAll(/\bclass (\w+)/g), ([, name]) => name)));

test('instanceof stands before classes of our own only', () => {
  assert.ok(ours.has('KmsealError'), 'the sources were found');
  const foreign = [...sources].flatMap(([file, text]) => {
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    return Array.from(code.matchAll(/\binstanceof (\w+)/g), ([, name]) => name).filter((name) => !ours.has(name)).map((name) => `${file}: ${name}`);
  });
  assert.deepEqual(foreign, []);
});
