// kmseal in Vitest: Node and both test DOMs, imported by default, inlined and optimized, and in realms of their own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { npmTools } from '../../tools/npm.mjs';
import { blocksOf } from '../docs/blocks.mjs';
import { installTarball } from '../support/tarball.mjs';
import { PROJECTS } from './vitest/vitest.config.mjs';

/** One more case where SubtleCrypto is missing. */
const casesOf = (project) => (project === 'jsdom in vmThreads' ? 13 : 12);

let tools;
let tarball;
before(async () => {
  tools = await npmTools('tests/consumers/vitest');
  tarball = installTarball({ within: tools });
  const place = (name) => path.join(tarball.project, name);
  copyFileSync(new URL('vitest/vitest.config.mjs', import.meta.url), place('vitest.config.mjs'));
  for (const name of Object.keys(PROJECTS))
    copyFileSync(new URL('test-runner-cases.mjs', import.meta.url), place(`${name}.test.mjs`));
  const [{ code }] = blocksOf('docs/hosting.md').filter(({ heading }) => heading === 'Test runners');
  writeFileSync(place('set-up.mjs'), code);
});
after(() => tarball?.remove());

test('every case passes in all environments of Vitest', async (context) => {
  const [node, vitest] = ['node-24/bin/node', 'vitest/vitest.mjs'].map((name) =>
    path.join(tools, 'node_modules', name),
  );
  const report = path.join(tarball.project, 'report.json');
  const output = await new Promise((resolve) => {
    execFile(
      node,
      [vitest, 'run', '--reporter=json', '--outputFile', report],
      { cwd: tarball.project },
      (error, ...texts) => resolve(texts.join('')),
    );
  });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const results = new Map(
    testResults.map(({ name, assertionResults }) => [path.basename(name, '.test.mjs'), assertionResults]),
  );
  for (const project of Object.keys(PROJECTS)) {
    await context.test(project, () => {
      const cases = results.get(project);
      assert.deepEqual(
        cases?.flatMap(({ title, failureMessages }) => failureMessages.map((text) => `${title}: ${text}`)),
        [],
        output,
      );
      assert.equal(cases.length, casesOf(project));
    });
  }
});
