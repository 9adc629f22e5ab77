// The table of scripts/suites.mjs: every test has its suite, and a suite installs all that its tests use, and nothing that none of them uses.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NEEDS } from '../../scripts/setup.mjs';
import { LONGEST, SUITES, longestFirst, suiteOf } from '../../scripts/suites.mjs';
import { javascriptTests } from '../../tools/javascript-tests.mjs';
import { ROOT } from '../../tools/run.mjs';

const files = (await javascriptTests([])).filter((file) => !file.startsWith('tests/consumers/'));

/** What a file that uses a tool contains, by the need that installs it. */
const USES = {
  browsers: /\bbrowserPrograms\(/,
  emulator: /\bstartEmulator\(/,
  faults: /venv\('faults'\)/,
  python: /venv\('interop'\)/,
  java: /\bjavaEsdk\(|\bjavaJars\(/,
  go: /\bgoEsdk\(|\bbuildWithEsdk\(/,
  awscli: /venv\('awscli'\)/,
  deny: /\bcargoDeny\(/,
  nginx: /\bnginxProgram\(/,
  tusd: /\btusdProgram\(/,
  command: /target\/debug\/kmseal/,
  attributes: /'(chattr|setfacl)'/,
  shells: /'zsh'/,
  ...Object.fromEntries(
    [
      'accessibility',
      'check',
      'client',
      'consumer',
      'floor',
      'form',
      'framework',
      'input',
      'javascript',
      'platform',
      'serving',
      'site',
      'type',
    ].map((name) => {
      const need = NEEDS.find((one) => one === name || one === `${name}s`);
      return [need, new RegExp(`\\b${name}Tools\\b`)];
    }),
  ),
};
/** They say how something is installed; using it is another matter. */
const DEFINES =
  /^(tools\/(npm|venv|rust|nginx|emulator|browsers|java-esdk|go|go-esdk|tusd)|scripts\/(setup|suites))\.mjs$/;

/** It imports each of these by a name that it makes. */
const RUNS = Object.freeze({ 'tests/docs/pages.test.mjs': 'tests/docs/runs' });

const texts = new Map();
const read = (file) => texts.get(file) ?? texts.set(file, readFileSync(path.join(ROOT, file), 'utf8')).get(file);

/** A file and all that it imports of ours. */
function closure(file, found = new Set()) {
  if (found.has(file) || !existsSync(path.join(ROOT, file))) return found;
  found.add(file);
  for (const [, other] of read(file).matchAll(/(?:from|import\() ?'(\.{1,2}\/[^']+\.mjs)'/g))
    closure(path.join(path.dirname(file), other), found);
  return found;
}

const usedBy = (file) => {
  const found = closure(file);
  if (RUNS[file])
    for (const run of readdirSync(path.join(ROOT, RUNS[file]))) closure(path.join(RUNS[file], run), found);
  const others = [...found].filter((one) => !DEFINES.test(one) && one !== 'tests/package/suites.test.mjs');
  return Object.keys(USES).filter((need) => others.some((one) => USES[need].test(read(one))));
};

test('every JavaScript test belongs to a suite, and every suite but those of Rust has a test', () => {
  assert.deepEqual(
    files.filter((file) => !suiteOf(file)),
    [],
  );
  const started = new Set(files.map(suiteOf));
  assert.deepEqual(
    Object.keys(SUITES).filter((name) => !started.has(SUITES[name])),
    ['rust', 'wasm', 'lint'],
  );
});

test('the longest files begin first, and each file runs once', () => {
  const ordered = longestFirst(files);
  assert.deepEqual(ordered.slice(0, LONGEST.length), LONGEST);
  assert.deepEqual(ordered.toSorted(), files.toSorted());
});

test('a suite needs only what can be installed', () => {
  for (const [name, { needs }] of Object.entries(SUITES))
    assert.deepEqual(
      needs.filter((need) => !NEEDS.includes(need)),
      [],
      name,
    );
});

test('what a test uses is installed by its suite', () => {
  const lacking = files.flatMap((file) =>
    usedBy(file)
      .filter((need) => !suiteOf(file).needs.includes(need))
      .map((need) => `${file}: ${need}`),
  );
  assert.deepEqual(lacking, []);
});

test('what a suite installs is used by one of its tests', () => {
  for (const [name, suite] of Object.entries(SUITES).filter(
    ([start]) => start.endsWith('/') || start.startsWith('tests/'),
  )) {
    const used = files.filter((file) => suiteOf(file) === suite).flatMap(usedBy);
    assert.deepEqual(
      suite.needs.filter((need) => USES[need] && !used.includes(need)),
      [],
      name,
    );
  }
});

test('the core needs Cargo alone', () => {
  assert.deepEqual(SUITES.rust, { needs: ['rust'] });
});

test('the set-up runs before any package is installed', () => {
  const scripts = [...closure('scripts/test.mjs'), ...closure('scripts/setup.mjs')];
  assert.ok(scripts.includes('tools/npm.mjs') && scripts.includes('tools/rust.mjs'));
  const packages = scripts.flatMap((file) =>
    Array.from(read(file).matchAll(/^import .*? from '([^'.][^']*)';/gm), ([, name]) => `${file}: ${name}`),
  );
  assert.deepEqual(
    packages.filter((line) => !line.includes(': node:')),
    [],
  );
});
