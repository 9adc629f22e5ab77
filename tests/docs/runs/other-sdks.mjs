// How the blocks of docs/other-sdks.md run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../tools/run.mjs';
import { venv } from '../../../tools/venv.mjs';
import { outputOf } from '../../support/tarball.mjs';
import { PAPER, SAMPLE } from '../stage.mjs';
import { fill, write } from '../blocks.mjs';

export default {
  Python: {
    async python({ folder, host, env, sealPaper }, code) {
      await sealPaper();
      const program = fill(code, { [SAMPLE.arn]: host.key.KeyId, [SAMPLE.region]: 'us-east-1' });
      const file = write('open.py', `${program}\nprint(plaintext.decode())\n`);
      assert.equal(await outputOf(await venv('interop'), [file], folder, env), `${PAPER}\n`);
    },
  },
  Rust: {
    // The SDK takes 20 minutes to build: `npm run test:interop` runs the program whose calls these are.
    rust(_stage, code) {
      const program = readFileSync(path.join(ROOT, 'tests/interop/rust-esdk/src/main.rs'), 'utf8');
      const words = [...code.matchAll(/^use [^;]*;/gm), ...code.matchAll(/\.\w+\(|\w+::\w+(?:::\w+)*\(/g)].map(
        ([word]) => word,
      );
      assert.ok(words.length > 20, words.join(' '));
      assert.deepEqual(
        words.filter((word) => !program.includes(word)),
        [],
      );
    },
  },
};
