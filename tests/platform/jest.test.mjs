// kmseal in Jest, which runs tests in a realm of its own: `Promise`, `ArrayBuffer` and `Error` are not those that Node's functions give.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { platformTools } from '../../scripts/lib/npm.mjs';
import { ROOT } from '../../scripts/lib/run.mjs';

const CASES = fileURLToPath(new URL('jest-cases.mjs', import.meta.url));

/** Runs the cases in an environment of Jest's; gives Jest's report of each. */
async function jest(environment) {
  const modules = path.join(await platformTools(), 'node_modules');
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-jest-'));
  try {
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(ROOT, path.join(folder, 'node_modules', 'kmseal'));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    copyFileSync(CASES, path.join(folder, 'cases.test.mjs'));
    const report = path.join(folder, 'report.json');
    const args = ['--experimental-vm-modules', path.join(modules, 'jest/bin/jest.js'), '--rootDir', folder, '--testMatch', '**/*.test.mjs'];
    args.push('--env', path.join(modules, `jest-environment-${environment}`), '--testTimeout', '600000', '--json', '--outputFile', report);
    await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: folder }, resolve);
    });
    return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ assertionResults }) => assertionResults);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [environment, cases] of [['node', 12], ['jsdom', 13]]) {
  test(`Jest's environment ${environment}`, async (context) => {
    const results = await jest(environment);
    assert.equal(results.length, cases);
    for (const { title, status, failureMessages } of results) {
      await context.test(title, () => assert.equal(status, 'passed', failureMessages.join('\n')));
    }
  });
}
