// Files that others change, replace or delete while the command works, each at a moment that the test chooses.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, endOf, startCommand } from './command.mjs';
import { buildPreload } from './preload/preload.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(1_500_000);

let setting;
let folder;
let preload;
let next;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  preload = buildPreload(folder);
  next = await setting.kms.createKey();
  setting.keyFile('next.json', next);
});
after(() => setting?.close());

const seal = (input, ...args) => setting.succeeds(['seal', '--key', 'key.json', ...args, '-'], { input });
const unfinished = () => folder.list().filter((name) => name.startsWith('.kmseal-'));

/** Runs the command, and does this when it reaches the call. */
async function meanwhile({ call, part, nth }, act, args, redirection = '') {
  const { env, reached } = preload.pausing(call, part, nth);
  const child = startCommand(
    folder,
    { ...setting.env, ...env },
    ['-c', `exec "$0" "$@" ${redirection}`, KMSEAL, ...args],
    'sh',
  );
  const end = endOf(child, '');
  const pause = await reached(end);
  act();
  await pause.close();
  return end;
}

/** Overwrites bytes of a file in place. */
function overwrite(name, at, text) {
  const file = openSync(folder.at(name), 'r+');
  writeSync(file, text, at);
  closeSync(file);
}

const CHANGES = {
  'rewritten in place at both ends': (name) => {
    overwrite(name, 0, 'B');
    overwrite(name, PLAINTEXT.length - 1, 'B');
  },
  'rewritten, and its time put back': (name) => {
    const { atime, mtime } = statSync(folder.at(name));
    overwrite(name, 0, 'B');
    utimesSync(folder.at(name), atime, mtime);
  },
  'truncated and grown again': (name) => {
    truncateSync(folder.at(name), 1000);
    truncateSync(folder.at(name), PLAINTEXT.length);
  },
  truncated: (name) => truncateSync(folder.at(name), 1000),
  'appended to': (name) => appendFileSync(folder.at(name), 'more'),
};

describe('files that change while they are sealed', () => {
  for (const [what, change] of Object.entries(CHANGES)) {
    for (const [how, args, redirection] of [
      ['by its name', ['source']],
      ['on standard input', ['--output', 'source.kmseal', '-'], '< source'],
      ['through a link', ['--output', 'source.kmseal', 'link']],
    ]) {
      test(`seal refuses a file that is ${what} while it is read ${how}`, async () => {
        for (const name of ['source', 'link', 'source.kmseal']) rmSync(folder.at(name), { force: true });
        folder.write('source', PLAINTEXT);
        linkSync(folder.at('source'), folder.at('link'));
        const part = how === 'through a link' ? '/link' : '/source';
        // Its beginning has been read, its end has not.
        const { status, stderr } = await meanwhile(
          { call: 'read', part, nth: 3 },
          () => change('source'),
          ['seal', '--key', 'key.json', ...args],
          redirection,
        );
        assert.equal(status, 1, stderr);
        assert.match(stderr, /the file changed while the command sealed it; seal it again \(ERR_SOURCE_CHANGED\)/);
        assert.ok(!folder.list().includes('source.kmseal'));
        assert.deepEqual(unfinished(), []);
      });
    }
  }

  test('an envelope whose file is rewritten while it streams does not open', async () => {
    folder.write('source', PLAINTEXT);
    const change = CHANGES['rewritten in place at both ends'];
    const args = ['seal', '--key', 'key.json', '--frame-length', '65536', '-'];
    const { status, stdout } = await meanwhile(
      { call: 'read', part: '/source', nth: 6 },
      () => change('source'),
      args,
      '< source',
    );
    assert.equal(status, 1);
    assert.ok(stdout.length > PLAINTEXT.length / 2, `${stdout.length} bytes`);
    await setting.fails(['open', '-'], 3, /ERR_TRUNCATED/, { input: stdout });
  });

  test('seal refuses a file that was empty at first', async () => {
    folder.write('empty', '');
    const { status, stderr } = await meanwhile(
      { call: 'read', part: '/empty', nth: 1 },
      () => appendFileSync(folder.at('empty'), 'late'),
      ['seal', '--key', 'key.json', 'empty'],
    );
    assert.deepEqual(
      { status, isExplained: /ERR_SOURCE_CHANGED/.test(stderr) },
      { status: 1, isExplained: true },
      stderr,
    );
  });
});

test('seal accepts a file that something has read from before, and one that others only read', async () => {
  folder.write('lines', 'first line\nthe rest\n');
  const script = 'read first; exec "$0" "$@"';
  const child = startCommand(
    folder,
    setting.env,
    ['-c', `{ ${script}; } < lines`, KMSEAL, 'seal', '--key', 'key.json', '-'],
    'sh',
  );
  const { status, stdout, stderr } = await endOf(child, '');
  assert.equal(status, 0, stderr);
  assert.equal((await setting.succeeds(['open', '-'], { input: stdout })).toString(), 'the rest\n');
  const end = await meanwhile({ call: 'read', part: '/lines', nth: 1 }, () => folder.read('lines'), [
    'seal',
    '--key',
    'key.json',
    'lines',
  ]);
  assert.equal(end.status, 0, end.stderr);
});

test('seal accepts files that the kernel makes up, whose size is meaningless', async () => {
  for (const file of ['/proc/version', '/proc/self/status', '/sys/kernel/mm/transparent_hugepage/enabled']) {
    const envelope = await setting.succeeds(['seal', '--key', 'key.json', '--output', '-', file]);
    assert.ok((await setting.succeeds(['open', '-'], { input: envelope })).length > 10, file);
  }
});

/** The moments: before the command checks that the target is still the same, and after that, at the very last moment. */
const MOMENTS = {
  'before its last look': { call: 'fsync', part: '/.kmseal-' },
  'after its last look': { call: 'renameat2', part: '', nth: 1 },
};

describe('envelopes that change while they are resealed', () => {
  const CASES = {
    'replaced by a newer one': () => renameSync(folder.at('newer'), folder.at('target.kmseal')),
    'replaced by one that lies about its time': () => {
      const { atime, mtime } = statSync(folder.at('target.kmseal'));
      utimesSync(folder.at('newer'), atime, mtime);
      renameSync(folder.at('newer'), folder.at('target.kmseal'));
    },
    deleted: () => rmSync(folder.at('target.kmseal')),
    'written over': () => writeFileSync(folder.at('target.kmseal'), folder.read('newer')),
  };
  for (const [what, act] of Object.entries(CASES)) {
    for (const [when, moment] of Object.entries(MOMENTS)) {
      test(`reseal --force leaves alone an envelope that was ${what} ${when}`, async () => {
        folder.write('target.kmseal', await seal(PLAINTEXT));
        folder.write('newer', await seal('newer'));
        const newer = folder.read('newer');
        const part = moment.part || 'target.kmseal';
        const { status, stderr } = await meanwhile({ ...moment, part }, act, [
          'reseal',
          '--force',
          '--key',
          'next.json',
          'target.kmseal',
        ]);
        assert.equal(status, 1, stderr);
        assert.match(
          stderr,
          /another program changed, replaced or deleted \S*target\.kmseal, which is left as it is now/,
        );
        const there = folder.list().includes('target.kmseal') && folder.read('target.kmseal');
        if (what === 'deleted') assert.equal(there, false);
        else assert.ok(there.equals(newer));
        assert.deepEqual(unfinished(), []);
      });
    }
  }
});

describe('files that change while they are replaced', () => {
  for (const [command, input] of [
    ['seal', () => PLAINTEXT],
    ['open', () => seal(PLAINTEXT)],
  ]) {
    const args = (name) => [
      command,
      '--force',
      ...(command === 'seal' ? ['--key', 'key.json'] : []),
      '--output',
      name,
      'from',
    ];
    test(`${command} --force replaces nothing that appeared or changed after it began`, async () => {
      folder.write('from', await input());
      for (const [when, moment] of Object.entries(MOMENTS)) {
        folder.write('there', 'old');
        folder.write('newer', 'newer');
        const part = moment.part || 'there';
        const { status, stderr } = await meanwhile(
          { ...moment, part },
          () => renameSync(folder.at('newer'), folder.at('there')),
          args('there'),
        );
        assert.equal(status, 1, `${when}: ${stderr}`);
        assert.equal(folder.read('there').toString(), 'newer');
        rmSync(folder.at('there'));
      }
      const { status } = await meanwhile(
        { call: 'fsync', part: '(deleted)' },
        () => folder.write('there', 'appeared'),
        args('there'),
      );
      assert.equal(status, 1);
      assert.equal(folder.read('there').toString(), 'appeared');
      assert.deepEqual(unfinished(), []);
    });

    test(`${command} --force replaces nothing whose permissions were revoked after it began`, async () => {
      folder.write('from', await input());
      folder.write('secret', 'old');
      chmodSync(folder.at('secret'), 0o644);
      const { status } = await meanwhile(
        MOMENTS['before its last look'],
        () => chmodSync(folder.at('secret'), 0o600),
        args('secret'),
      );
      assert.equal(status, 1);
      assert.deepEqual(
        { mode: folder.mode('secret'), read: folder.read('secret').toString() },
        { mode: 0o600, read: 'old' },
      );
    });
  }
});

describe('several files of one run', () => {
  test("files of one run do not take each other's places", async () => {
    folder.write('a', 'a');
    const before = await seal('before');
    folder.write('a.kmseal', before);
    const args = ['seal', '--force', '--key', 'key.json'];
    const { status, stderr } = await setting.run([...args, 'a', 'a.kmseal']);
    assert.equal(status, 1);
    assert.match(stderr, /^kmseal: a: a\.kmseal is also a FILE of this run;[^\n]*\n$/);
    assert.ok(folder.read('a.kmseal').equals(before));
    assert.ok(folder.list().includes('a.kmseal.kmseal'));
    await setting.succeeds([...args, 'a']);
  });

  test('files of one run are each written once', async () => {
    folder.write('b', 'b');
    for (const [args, name] of [
      [['seal', '--key', 'key.json'], 'b'],
      [['open'], 'b.kmseal'],
    ]) {
      const { status, stderr } = await setting.run([...args, '--quiet', '--force', name, `./${name}`]);
      assert.equal(status, 1);
      assert.match(stderr, /^kmseal: \.\/b[^\n]* was written in this run[^\n]*\n$/);
    }
  });
});
