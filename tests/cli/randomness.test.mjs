// The command without the system's randomness: it seals nothing, and says so. The system's call fails, as a library that is loaded
// before the C library makes it; the standard library can still draw for its hash tables.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createFolder, runCommand } from './command.mjs';

const LIBRARY = `
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
ssize_t getrandom(void *to, size_t length, unsigned flags) {
  if (flags) return syscall(SYS_getrandom, to, length, flags);
  errno = EIO;
  return -1;
}
`;

let folder;
before(() => {
  folder = createFolder();
  const pem = readFileSync(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
  const PublicKey = pem.replaceAll(/-----.*-----|\s/g, '');
  const KeyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  folder.write('key.json', JSON.stringify({ KeyId, PublicKey, KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }));
  folder.write('none.c', LIBRARY);
  // Rust's own linker.
  execFileSync('cc', ['-shared', '-fPIC', '-o', folder.at('none.so'), folder.at('none.c')]);
});
after(() => folder?.remove());

const seal = (env, ...args) => runCommand(folder, env, ['seal', '--key', 'key.json', ...args, '-'], { input: 'plain' });

test('seal fails without randomness, and leaves no file', async () => {
  const without = { LD_PRELOAD: folder.at('none.so') };
  const before = folder.list();
  for (const args of [
    ['--output', 'sealed'],
    ['--output', '-'],
  ]) {
    const { status, stdout, stderr } = await seal(without, ...args);
    assert.notEqual(status, 0, stderr);
    assert.match(stderr, /^kmseal: .*random[^\n]*\n$/);
    assert.equal(stdout.length, 0);
    assert.deepEqual(folder.list(), before);
  }
  const { status, stderr } = await seal({}, '--output', 'sealed');
  assert.equal(status, 0, stderr);
});
