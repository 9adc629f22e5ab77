// Deno and Bun: each imports the installed package, seals, and opens through the emulator's KMS. (Node: consumers.test.mjs.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { outputOf } from '../support/tarball.mjs';

let project;
let host;
before(async () => {
  project = await startProject();
  host = await startHost();
});
after(async () => {
  await host?.close();
  project?.remove();
});

const RUNTIMES = {
  deno: [
    'run',
    '--no-config',
    '--node-modules-dir=manual',
    '--allow-read=.',
    '--allow-write=.',
    '--allow-net=127.0.0.1',
  ],
  bun: ['run'],
};

for (const [name, args] of Object.entries(RUNTIMES)) {
  test(`${name} seals and opens`, async () => {
    const { endpoint } = host.kms.emulator;
    const printed = await outputOf(
      project.bin(name),
      [...args, 'app/runtime.js', host.origin, endpoint],
      project.project,
    );
    assert.deepEqual(JSON.parse(printed), {
      size: 3_000_026,
      words: 'sealed outside of browsers',
      keyId: host.key.KeyId,
      code: 'ERR_CONTEXT',
    });
  });
}

/** The content of a file that is rewritten while it is sealed. Only Bun mixes the old bytes with the new ones: docs/seal.md. */
const REWRITTEN = { deno: [1], bun: [1, 2], node: 'ERR_READ' };

for (const [name, openAsBlob] of Object.entries(REWRITTEN)) {
  test(`${name} notices through openFile that a file was rewritten`, async () => {
    const { endpoint } = host.kms.emulator;
    const program = name === 'node' ? process.execPath : project.bin(name);
    const args = [...(RUNTIMES[name] ?? []), 'app/rewritten.js', host.origin, endpoint];
    const printed = JSON.parse(await outputOf(program, args, project.project));
    assert.deepEqual(printed, { openAsBlob, openFile: 'ERR_SOURCE_CHANGED' });
  });
}
