// What `npm start` and `npm test` say on a machine that lacks what they need.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-set-up-'));
after(() => rmSync(folder, { recursive: true }));

/** What the set-up of `need` prints as its error, with nothing on PATH but these programs. */
function setUp(need, programs) {
  for (const [name, script] of Object.entries(programs))
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { KMSEAL_PYTHON: known, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs', need], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...env, PATH: folder },
  });
  for (const name of Object.keys(programs)) rmSync(path.join(folder, name));
  assert.equal(status, 1);
  return stderr;
}

test('the set-up says which Python it needs when python3 is missing or too old', () => {
  const wanted = 'put python3 on PATH, of version 3.11 or newer';
  assert.equal(setUp('emulator', {}), `set-up: Python is missing: ${wanted}\n`);
  for (const version of ['3.9.18', '3.10.0rc1', '2.7.18'])
    assert.equal(
      setUp('emulator', { python3: `echo '/usr/bin/python3 ${version} (main, Jan 1 2026)'` }),
      `set-up: Python ${version} is too old: ${wanted}\n`,
    );
  assert.match(readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8'), /Python 3\.11 or newer/);
});

test('the set-up says where Rust comes from when cargo is missing', () => {
  assert.match(setUp('rust', {}), /^set-up: Rust is missing: install it with rustup \(https:\/\/rustup\.rs\)\n$/);
});
