// The calls that docs/other-sdks.md names for the other kinds of keys are those of the programs that the tests run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const PROGRAMS = {
  Python: ['esdk.py'],
  Java: ['java/Esdk.java'],
  Go: ['go/main.go'],
  Rust: ['rust-esdk/src/main.rs'],
  JavaScript: ['javascript-node/esdk.mjs', 'javascript-browser.test.mjs'],
};

test('each keyring that docs/other-sdks.md names is one that the program of its language makes', () => {
  const [section] = read('../../docs/other-sdks.md')
    .split(/^## /m)
    .filter((text) => text.startsWith('ECC and raw RSA keys'));
  const named = section.split('\n').filter((line) => /^\| \w/.test(line));
  assert.deepEqual(named.map((line) => line.split(' ')[1]).sort(), Object.keys(PROGRAMS).sort());
  for (const line of named) {
    const program = PROGRAMS[line.split(' ')[1]].map(read).join('');
    const calls = Array.from(line.matchAll(/`(\w+)`/g), ([, call]) => call);
    assert.ok(calls.length > 0, line);
    assert.deepEqual(
      calls.filter((call) => !program.includes(call)),
      [],
      line,
    );
  }
});
