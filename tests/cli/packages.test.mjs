// The command as people get it: from npm, by `cargo binstall`, and with its manual pages.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  TARGETS,
  nameOf,
  packArchive,
  packLauncher,
  packPlatform,
  subcommands,
  version,
} from '../../tools/command-packages.mjs';
import { ROOT } from '../../tools/run.mjs';
import { KMSEAL, createFolder, endOf } from './command.mjs';
import { startSetting } from './setting.mjs';

/** The target of this machine, whose package the built program is put into. */
const HERE = Object.keys(TARGETS).find(
  (target) => TARGETS[target]?.os === process.platform && TARGETS[target].cpu === process.arch,
);

let setting;
let folder;
/** The program as it is released, without what is for debuggers: that is ten times as long, and takes a minute to pack. */
let program;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  program = folder.at('built');
  execFileSync('strip', ['-o', program, KMSEAL]);
});
after(() => setting?.close());

const run = (program, ...args) =>
  spawnSync(program, args, { cwd: folder.root, encoding: 'utf8', env: { ...process.env, ...setting.env } });

describe('kmseal-cli from npm', () => {
  let launcher;
  before(() => {
    launcher = packLauncher(folder.root);
    folder.write('package.json', '{ "private": true }');
    // Offline: that of this platform is beside it, and those of others are optional.
    const tarballs = [launcher, packPlatform(HERE, program, folder.root)].map((file) => `./${path.basename(file)}`);
    const { status, stderr } = run('npm', 'install', '--offline', '--no-audit', '--no-fund', ...tarballs);
    assert.equal(status, 0, stderr);
  });

  test('npx kmseal-cli runs the program of this platform, with its output and exit status', () => {
    const { status, stdout, stderr } = run('npx', '--offline', 'kmseal-cli', 'key', 'alias/uploads');
    assert.equal(status, 0, stderr);
    assert.equal(JSON.parse(stdout).KeyId, setting.key.KeyId);
    assert.match(stderr, /^fingerprint SHA256:/m);
    assert.equal(run('npx', '--offline', 'kmseal', 'key', 'alias/none').status, 5);
  });

  test('the npm package passes on standard input, standard output and a signal', async () => {
    const bin = folder.at('node_modules/.bin/kmseal');
    const sealed = spawnSync(bin, ['seal', '--key', 'key.json', '-'], { cwd: folder.root, input: 'plain' });
    assert.equal(sealed.status, 0, sealed.stderr.toString());
    const opened = spawnSync(bin, ['open', '-'], {
      cwd: folder.root,
      input: sealed.stdout,
      env: { ...process.env, ...setting.env },
    });
    assert.equal(opened.stdout.toString(), 'plain');
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const child = spawn(bin, ['seal', '--key', 'key.json', '-'], { cwd: folder.root });
      const end = endOf(child);
      // The header comes before the first frame is full, and says that the program waits for more.
      child.stdin.write('x');
      await once(child.stdout, 'data');
      child.kill(signal);
      const ended = await end;
      assert.deepEqual(
        { status: ended.status, signal: ended.signal },
        { status: 128 + constants.signals[signal], signal: null },
      );
    }
  });

  test('the npm package without that of the platform says what is missing', () => {
    const alone = createFolder();
    try {
      alone.write('package.json', '{ "private": true }');
      execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--omit=optional', launcher], {
        cwd: alone.root,
      });
      const { status, stderr } = run(alone.at('node_modules/.bin/kmseal-cli'), '--version');
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`the package ${nameOf(TARGETS[HERE])} is missing; install kmseal-cli again`));
    } finally {
      alone.remove();
    }
  });

  test('the npm package names one package for each platform, of its own version, and runs no script', () => {
    const manifest = JSON.parse(readFileSync(folder.at('node_modules/kmseal-cli/package.json'), 'utf8'));
    const names = Object.values(TARGETS).filter(Boolean).map(nameOf);
    assert.deepEqual(manifest.optionalDependencies, Object.fromEntries(names.map((name) => [name, version()])));
    assert.equal(manifest.version, JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version);
    assert.equal(manifest.scripts, undefined);
    assert.equal(manifest.dependencies, undefined);
  });
});

describe('the archive', () => {
  test('the archive has the program where cargo binstall looks, manual pages, completions and licences', () => {
    const archive = packArchive(HERE, program, folder.root);
    const cargo = readFileSync(path.join(ROOT, 'cli/Cargo.toml'), 'utf8');
    const filled = (key) => {
      const [, template] = new RegExp(`^${key} = "(.*)"$`, 'm').exec(cargo);
      const values = { repo: 'REPO', version: version(), target: HERE, bin: 'kmseal', 'binary-ext': '' };
      return template.replace(/\{ ([\w-]+) \}/g, (_, name) => values[name]);
    };
    assert.equal(filled('pkg-url'), `REPO/releases/download/v${version()}/${path.basename(archive)}`);
    execFileSync('tar', ['-xzf', archive], { cwd: folder.root });
    const packed = folder.at(filled('bin-dir'));
    assert.equal(execFileSync(packed, ['--version']).toString(), `kmseal ${version()}\n`);
    const root = path.dirname(packed);
    assert.deepEqual(readdirSync(root).sort(), ['LICENSE-APACHE', 'LICENSE-MIT', 'completions', 'kmseal', 'man']);
    const pages = ['kmseal', ...subcommands(KMSEAL).map((name) => `kmseal-${name}`)].map((name) => `${name}.1`);
    assert.deepEqual(readdirSync(path.join(root, 'man')).sort(), pages.sort());
    for (const name of ['kmseal', 'kmseal-seal', 'kmseal-check']) {
      assert.match(readFileSync(path.join(root, 'man', `${name}.1`), 'utf8'), new RegExp(`^\\.TH ${name} 1`, 'm'));
    }
  });

  test('the workflow builds the archive of every target', () => {
    const workflow = readFileSync(path.join(ROOT, '.github/workflows/binaries.yml'), 'utf8');
    const built = Array.from(workflow.matchAll(/target: ([\w-]+),/g), ([, target]) => target);
    assert.deepEqual(built.sort(), Object.keys(TARGETS).sort());
  });
});

describe('man', () => {
  test('man prints a page of each subcommand with its options, and refuses other words', async () => {
    for (const command of subcommands(KMSEAL)) {
      const page = (await setting.succeeds(['man', command])).toString();
      assert.match(page, new RegExp(`^\\.TH kmseal-${command} 1`, 'm'));
    }
    assert.match((await setting.succeeds(['man', 'seal'])).toString(), /required\\-encryption\\-context/);
    await setting.fails(['man', 'nothing'], 2, /"nothing" is not a subcommand/);
  });
});
