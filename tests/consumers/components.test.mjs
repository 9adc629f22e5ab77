// Components with <kmseal-file> under test: the page docs/form.md in Vitest (jsdom, happy-dom) and in Jest, and what the element does there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { stop, transform } from 'esbuild';
import { componentTools } from '../../tools/npm.mjs';
import { blocksOf } from '../docs/blocks.mjs';
import { installTarball } from '../support/tarball.mjs';

const [{ code: setUp }, { code: component }, { code: tests }, ...rest] = blocksOf('docs/form.md').filter(
  ({ heading }) => heading === 'Testing a component',
);
const VITEST_ONLY = /^import .* from 'vitest';.*\n/m;

let tools;
let tarball;
const place = (...names) => path.join(tarball.project, ...names);
before(async () => {
  tools = await componentTools();
  tarball = installTarball({ within: tools });
  for (const folder of ['vitest', 'jest']) mkdirSync(place(folder));
});
after(async () => {
  tarball?.remove();
  await stop();
});

/** Runs a test runner in a folder of the project; returns its report, which both write alike. */
async function run(folder, program, args) {
  const cwd = place(folder);
  const output = await new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args.node, path.join(tools, 'node_modules', program), ...args.runner],
      { cwd },
      (error, ...texts) => resolve(texts.join('')),
    );
  });
  return { output, report: JSON.parse(readFileSync(place(folder, 'report.json'), 'utf8')) };
}

async function passed(context, { output, report }, cases) {
  const results = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((result) => ({ file: path.basename(name), ...result })),
  );
  assert.equal(results.length, cases, output);
  for (const { file, title, status, failureMessages } of results) {
    await context.test(`${title} (${file})`, () => assert.equal(status, 'passed', failureMessages.join('\n')));
  }
  // An error outside the tests fails the run.
  assert.equal(report.success, true, output);
}

test('every block of the page is run', () => assert.deepEqual(rest, []));

test('Vitest runs the component tests with jsdom and with happy-dom', async (context) => {
  const name = (file) => path.join('vitest', file);
  writeFileSync(place(name('set-up.mjs')), setUp);
  writeFileSync(place(name('PaperForm.jsx')), component);
  writeFileSync(place(name('PaperForm.test.jsx')), tests);
  for (const [from, to] of [
    ['vitest.config.mjs', 'vitest.config.mjs'],
    ['element.cases.mjs', 'element.test.mjs'],
  ]) {
    copyFileSync(new URL(`components/${from}`, import.meta.url), place(name(to)));
  }
  const cases = readFileSync(new URL('components/element.cases.mjs', import.meta.url), 'utf8').match(
    /^test\(/gm,
  ).length;
  const runner = ['run', '--reporter=json', '--outputFile=report.json'];
  await passed(context, await run('vitest', 'vitest/vitest.mjs', { node: [], runner }), 2 * (cases + 1));
});

test('Jest runs the component tests with jsdom', async (context) => {
  const plain = async (file, code) => {
    const { code: script } = await transform(code.replace(VITEST_ONLY, ''), { loader: 'jsx', jsx: 'automatic' });
    writeFileSync(place('jest', file), script.replaceAll('.jsx', '.mjs'));
  };
  assert.match(tests, VITEST_ONLY);
  await plain('set-up.mjs', setUp);
  await plain('PaperForm.mjs', component);
  await plain('PaperForm.test.mjs', tests);
  const configuration = {
    testEnvironment: 'jsdom',
    testMatch: ['**/*.test.mjs'],
    setupFiles: ['./set-up.mjs'],
    transform: {},
    testTimeout: 120_000,
  };
  writeFileSync(place('jest/jest.config.json'), JSON.stringify(configuration));
  const runner = ['--config', 'jest.config.json', '--json', '--outputFile', 'report.json'];
  await passed(context, await run('jest', 'jest/bin/jest.js', { node: ['--experimental-vm-modules'], runner }), 1);
});
