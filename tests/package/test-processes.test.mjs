// What runs the test files: whatever ends one badly is a failure that names it, and the others of its process run all the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { groupsOf } from '../../scripts/suites.mjs';
import { ROOT } from '../../tools/run.mjs';

const PASSES = "run('passes', () => {});";

/**
 * Runs files of these contents in processes as grouped. @param {import('node:test').TestContext} context @param {string[][]} contents
 * @returns {{ failed: string[], told: string }} failed: their numbers, such as `0.1`; told: what failed in them, and why
 */
function run(context, contents) {
  mkdirSync(path.join(ROOT, 'target'), { recursive: true });
  const folder = mkdtempSync(path.join(ROOT, 'target/test-files-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const groups = contents.map((group, first) =>
    group.map((content, second) => {
      const file = path.join(folder, `${first}.${second}.test.mjs`);
      writeFileSync(file, `import { after, before, test as run } from 'node:test';\n${content}\n`);
      return path.relative(ROOT, file);
    }),
  );
  const script = path.join(folder, 'run.mjs');
  writeFileSync(
    script,
    `import { failuresOf } from '../../tools/test-processes.mjs';
    console.log('\\n' + JSON.stringify(await failuresOf(${JSON.stringify(groups)}, 2)));`,
  );
  // The runner does nothing in a process of another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, [script], { cwd: ROOT, env });
  const { files, tests } = JSON.parse(stdout.toString().trim().split('\n').at(-1));
  return { failed: files.map((file) => path.basename(file, '.test.mjs')), told: tests.join('\n') };
}

test('files that pass are not failures, whether they share a process or have their own', (context) => {
  assert.deepEqual(run(context, [[PASSES, PASSES], [PASSES]]), { failed: [], told: '' });
});

for (const [name, content, told] of [
  ['a test', "run('fails', () => { throw new Error('why'); });", /0\.1\.test\.mjs: fails\n.*why/],
  ['what comes before its tests', "before(() => { throw new Error('why'); });\nrun('waits', () => {});", /why/],
  ['what comes after its tests', "after(() => { throw new Error('why'); });\nrun('passes', () => {});", /why/],
  ['loading', "throw new Error('why');", /why/],
  ['its syntax', 'no language', /Unexpected identifier/],
  ['what it leaves of globals', "run('replaces', () => { globalThis.Blob = class {}; });", /changed: global Blob\./],
  ['what it leaves of the environment', "run('sets', () => { process.env.LEFT = '1'; });", /changed: LEFT\./],
])
  test(`a file fails by ${name}, and those of its process run all the same`, (context) => {
    const outcome = run(context, [[PASSES, content, PASSES]]);
    assert.match(outcome.told, told);
    assert.deepEqual(outcome.failed, ['0.1']);
  });

test('a file that has its own process may leave it as it likes', (context) => {
  assert.deepEqual(run(context, [["run('sets', () => { process.env.LEFT = '1'; });"]]), { failed: [], told: '' });
});

test('a file that ends its process fails, and those that have not run fail with it', (context) => {
  const { failed } = run(context, [[PASSES, "run('ends', () => process.exit(0));", PASSES], [PASSES]]);
  // What came before it, newer versions of Node have not told by then.
  assert.deepEqual(
    failed.filter((file) => file !== '0.0'),
    ['0.1', '0.2'],
  );
});

test('an error that nobody caught fails all files of its process', (context) => {
  const late = "run('begins', () => void setTimeout(() => { throw new Error('late'); }));";
  const { failed, told } = run(context, [
    [PASSES, late, "run('waits', () => new Promise((resolve) => setTimeout(resolve, 50)));"],
    [PASSES],
  ]);
  assert.deepEqual(failed, ['0.0', '0.1', '0.2']);
  assert.match(told, /test failed/);
});

test('each file runs in one process, and files that kmseal itself runs in have one each', () => {
  const names = Array.from({ length: 100 }, (_, index) => `tests/browser/${index}`);
  const groups = groupsOf([...names, 'tests/node/a', 'js/b'], 4);
  assert.deepEqual(groups.flat().toSorted(), [...names, 'tests/node/a', 'js/b'].toSorted());
  assert.ok(groups.some((group) => group.length === 1 && group[0] === 'js/b'));
  assert.deepEqual(
    groups.slice(0, 8).map(([first]) => first),
    names.slice(0, 8),
  );
  // What starts programs keeps away from what fills memory.
  const commands = ['tests/cli/a', 'tests/cli/b'];
  const mixed = groupsOf([...commands, ...names], 4).filter((group) => group.some((name) => commands.includes(name)));
  assert.deepEqual(mixed, [commands]);
  // A few are not all in one process.
  assert.deepEqual(
    groupsOf(names.slice(0, 4), 4).map((group) => group.length),
    [1, 1, 1, 1],
  );
});
