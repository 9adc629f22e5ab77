// Who may read what --force replaces: only those who could before.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { KMSEAL } from './command.mjs';
import { buildPreload } from './preload/preload.mjs';
import { startSetting } from './setting.mjs';

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  await setting.succeeds(['seal', '--key', 'key.json', '--output', 'f.kmseal', '-'], { input: 'plain' });
});
after(() => setting?.close());

const acl = (name) =>
  execFileSync('getfacl', ['--omit-header', '--absolute-names', '--numeric', folder.at(name)]).toString();
const setAcl = (...args) => execFileSync('setfacl', args, { cwd: folder.root });
const open = (name) => setting.succeeds(['open', '--force', '--output', name, 'f.kmseal']);

describe('permissions that --force keeps', () => {
  test("--force keeps the access control list, and its mask does not become the group's rights", async () => {
    for (const [index, entries] of [
      'g::---,u:65534:rw',
      'g::r--,g:65534:rwx,m::r--',
      'u:65534:---',
      'u::r--,g::---,o::---,u:65534:r',
    ].entries()) {
      const name = folder.write(`list-${index}`, 'x');
      chmodSync(folder.at(name), 0o600);
      setAcl('-m', entries, name);
      const before = { list: acl(name), mode: folder.mode(name) };
      await open(name);
      assert.deepEqual({ list: acl(name), mode: folder.mode(name) }, before, entries);
      assert.equal(folder.read(name).toString(), 'plain');
    }
  });

  test('--force keeps a file without an access control list that way, whatever its folder gives to new files', async () => {
    mkdirSync(folder.at('generous'));
    folder.write('generous/old', 'x');
    chmodSync(folder.at('generous/old'), 0o640);
    setAcl('-d', '-m', 'u:65534:rwx,g:65534:rwx,m::rwx', 'generous');
    const before = acl('generous/old');
    await open('generous/old');
    assert.equal(acl('generous/old'), before);
    await setting.succeeds(['open', '--output', 'generous/new', 'f.kmseal']);
    // The mask is empty: the folder's entries give nothing.
    assert.match(acl('generous/new'), /^mask::---$/m);
    assert.equal(folder.mode('generous/new'), 0o600);
  });

  test('--force keeps the access control list of what reseal and seal replace', async () => {
    for (const args of [
      ['reseal', '--force', '--key', 'key.json', 'list.kmseal'],
      ['seal', '--force', '--key', 'key.json', '--output', 'list.kmseal', 'key.json'],
    ]) {
      folder.write('list.kmseal', folder.read('f.kmseal'));
      setAcl('-b', 'list.kmseal');
      setAcl('-m', 'u:65534:r', 'list.kmseal');
      const before = acl('list.kmseal');
      await setting.succeeds(args);
      assert.equal(acl('list.kmseal'), before);
    }
  });

  test('--force keeps mode bits except set-user-ID and set-group-ID', async () => {
    folder.write('setuid', 'x');
    for (const [mode, kept] of [
      [0o4755, 0o755],
      [0o6711, 0o711],
      [0o1640, 0o640],
    ]) {
      chmodSync(folder.at('setuid'), mode);
      await open('setuid');
      assert.equal((statSync(folder.at('setuid')).mode & 0o7777).toString(8), kept.toString(8));
    }
  });
});

describe('permissions that --force cannot keep', () => {
  const quietly = async (env) => {
    const { status, stderr } = await setting.run(
      ['reseal', '--quiet', '--force', '--key', 'key.json', 'warned.kmseal'],
      { env },
    );
    assert.equal(status, 0, stderr);
    return stderr;
  };
  const write = () => folder.write('warned.kmseal', folder.read('f.kmseal'));

  test('--force says, even with --quiet, that the owner could not be kept and who can now read the file', async () => {
    write();
    chmodSync(folder.at('warned.kmseal'), 0o644);
    assert.equal(await quietly(), '');
    assert.equal(folder.mode('warned.kmseal'), 0o644);
    const said = await quietly(buildPreload(folder).failing('fchown', '/.kmseal-', 'EPERM'));
    assert.match(
      said,
      /^kmseal: [^\n]*warned\.kmseal: its rights could not be kept; only its owner now, user \d+, can read it\n$/,
    );
    assert.ok(said.includes(`user ${statSync(folder.at('warned.kmseal')).uid},`));
    assert.equal(folder.mode('warned.kmseal'), 0o600);
  });

  test('--force says, even with --quiet, that other names of the file keep the old content', async () => {
    write();
    linkSync(folder.at('warned.kmseal'), folder.at('hard'));
    assert.match(
      await quietly(),
      /^kmseal: [^\n]*warned\.kmseal: its other names \(hard links\) keep what was there before\n$/,
    );
    assert.ok(folder.read('hard').equals(folder.read('f.kmseal')));
    assert.equal(await quietly(), '');
  });
});

describe('links and devices', () => {
  test('--force does not replace a link to a device, a folder or a pipe, nor anything in /dev', async () => {
    execFileSync('mkfifo', [folder.at('pipe')]);
    symlinkSync('/dev/null', folder.at('second'));
    for (const [name, to] of Object.entries({
      device: '/dev/null',
      'device-2': 'second',
      folder: '.',
      'to-pipe': 'pipe',
      descriptor: '/proc/self/fd/1',
      out: '/dev/stdout',
    })) {
      symlinkSync(to, folder.at(name));
      await setting.fails(
        ['open', '--force', '--output', name, 'f.kmseal'],
        1,
        /links to something that is not a regular file/,
      );
      assert.equal(readlinkSync(folder.at(name)), to);
    }
    const stdout = readlinkSync('/dev/stdout');
    await setting.fails(['open', '--force', '--output', '/dev/stdout', 'f.kmseal'], 1, /regular file/);
    assert.equal(readlinkSync('/dev/stdout'), stdout);
  });

  test('--force replaces a link to a file, or a dangling link, by a file, and leaves its target alone', async () => {
    folder.write('kept', 'kept');
    symlinkSync('kept', folder.at('link'));
    symlinkSync('nowhere', folder.at('dangling'));
    for (const name of ['link', 'dangling']) {
      await open(name);
      assert.ok(lstatSync(folder.at(name)).isFile());
      assert.equal(folder.mode(name), 0o600);
    }
    assert.equal(folder.read('kept').toString(), 'kept');
    assert.ok(!folder.list().includes('nowhere'));
  });
});

describe('impossible outputs', () => {
  const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  for (const [name, says] of [
    ['new-folder/', /cannot be the name of a file|os error/],
    ['missing/file', /No such file/],
    ['f.kmseal/x', /Not a directory/],
    [`${'n'.repeat(300)}`, /too long/],
    ['.', /not a regular file/],
    ['..', /not a regular file/],
  ]) {
    test(`seal refuses --output ${JSON.stringify(name.slice(0, 20))}, which cannot be a file, before it asks KMS`, async () => {
      const before = folder.list();
      await setting.fails(['open', '--key-id', setting.key.KeyId, '--output', name, 'f.kmseal'], 1, says, { env });
      assert.deepEqual(folder.list(), before);
    });
  }

  test('a result is refused whose place would be /dev, and /dev/shm is like any other folder', async () => {
    const [name, shared] = ['/dev', '/dev/shm'].map((place) => `${place}/kmseal-${process.pid}`);
    const says = /^kmseal: (\S+: )?\S+ would be in \/dev, .*--output/;
    try {
      await setting.fails(['seal', '--key', 'key.json', '--output', name, 'f.kmseal'], 1, says);
      const piped = ['-c', 'printf plain | "$0" "$@"', KMSEAL, 'seal', '--key', 'key.json', '/dev/stdin'];
      await setting.fails(piped, 1, says, { program: 'sh' });
      assert.ok(!existsSync(name) && !existsSync('/dev/stdin.kmseal'));
      // On Linux it is for files; other systems have none.
      if (existsSync('/dev/shm')) await setting.succeeds(['seal', '--key', 'key.json', '--output', shared, 'f.kmseal']);
    } finally {
      for (const file of [name, shared, '/dev/stdin.kmseal']) rmSync(file, { force: true });
    }
  });
});
