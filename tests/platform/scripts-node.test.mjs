// kmseal in Node beside scripts of others that replace the platform's own functions.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { before, describe, test } from 'node:test';
import { makeKeyPair } from '../support/page/engines.mjs';
import { SCRIPTS, SMALLER, bundled } from './scripts.mjs';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

let pair;
before(async () => {
  pair = await makeKeyPair();
});

describe('Node beside other scripts', () => {
  for (const [name, contents] of Object.entries(SCRIPTS)) {
    test(`every operation works in Node beside ${name}, and leaves no unhandled rejection`, async () => {
      const child = fork(CHILD, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      let errors = '';
      child.stderr.on('data', (text) => (errors += text));
      const isLarge = !SMALLER.includes(name);
      child.send([await bundled(contents), pair, isLarge]);
      let outcomes;
      child.on('message', (message) => (outcomes = message));
      const [code] = await once(child, 'exit');
      assert.ok(outcomes, errors);
      assert.deepEqual(
        Object.entries(outcomes).filter(([, outcome]) => outcome !== 'right'),
        [],
      );
      assert.equal(Object.keys(outcomes).length, isLarge ? 17 : 15);
      assert.equal(code, 0, errors);
    });
  }
});
