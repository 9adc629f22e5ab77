// kmseal in Jest, which runs tests in a realm of its own: `Promise`, `ArrayBuffer` and `Error` are not those that Node's functions give.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { componentTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { blocksOf } from '../docs/blocks.mjs';

const CASES = fileURLToPath(new URL('test-runner-cases.mjs', import.meta.url));

/** The set-up file of docs/hosting.md. */
const [{ code: SET_UP }] = blocksOf('docs/hosting.md').filter(({ heading }) => heading === 'Test runners');

/** Runs the cases in a Jest environment; returns Jest's report of each. */
async function jest(environment, setUp) {
  const modules = path.join(await componentTools(), 'node_modules');
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-jest-'));
  try {
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(ROOT, path.join(folder, 'node_modules', 'kmseal'));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    copyFileSync(CASES, path.join(folder, 'cases.test.mjs'));
    // Babel takes nothing in node_modules, where users have the package; here that is a link, which Jest follows.
    const settings = {
      rootDir: folder,
      testMatch: ['**/*.test.mjs'],
      transform: {},
      setupFiles: setUp ? ['./set-up.mjs'] : [],
    };
    writeFileSync(path.join(folder, 'set-up.mjs'), SET_UP);
    writeFileSync(path.join(folder, 'jest.config.json'), JSON.stringify(settings));
    const report = path.join(folder, 'report.json');
    const args = ['--experimental-vm-modules', path.join(modules, 'jest/bin/jest.js')];
    args.push(
      '--env',
      path.join(modules, `jest-environment-${environment}`),
      '--testTimeout',
      '600000',
      '--json',
      '--outputFile',
      report,
    );
    await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: folder }, resolve);
    });
    return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ assertionResults }) => assertionResults);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The cases are one more where SubtleCrypto is missing. */
const RUNS = {
  "Jest's environment node": { environment: 'node', cases: 12 },
  "Jest's environment jsdom": { environment: 'jsdom', cases: 13 },
  "Jest's environment jsdom with the line of the docs": { environment: 'jsdom', setUp: true, cases: 12 },
};

for (const [title, { environment, setUp, cases }] of Object.entries(RUNS)) {
  test(`every case passes in ${title}`, async (context) => {
    const results = await jest(environment, setUp);
    assert.equal(results.length, cases);
    for (const { title, status, failureMessages } of results) {
      await context.test(title, () => assert.equal(status, 'passed', failureMessages.join('\n')));
    }
  });
}
