// kmseal in Node beside what other people's scripts put in the place of the platform's own.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { before, describe, test } from 'node:test';
import { makeKeyPair } from '../support/engines.mjs';
import { SCRIPTS, bundled } from './scripts.mjs';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

let pair;
before(async () => {
  pair = await makeKeyPair();
});

describe('in Node every operation is as without a script, and no rejection is left over', () => {
  for (const [name, contents] of Object.entries(SCRIPTS)) {
    test(`beside ${name}`, async () => {
      const child = fork(CHILD, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      let errors = '';
      child.stderr.on('data', (text) => (errors += text));
      child.send([await bundled(contents), pair]);
      let outcomes;
      child.on('message', (message) => (outcomes = message));
      const [code] = await once(child, 'exit');
      assert.ok(outcomes, errors);
      assert.deepEqual(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'right'), []);
      assert.equal(Object.keys(outcomes).length, 18);
      assert.equal(code, 0, errors);
    });
  }
});
