// How the command is packed: an archive for each target, with manual pages and completions, and npm packages.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

const SHELLS = { bash: 'kmseal.bash', zsh: '_kmseal', fish: 'kmseal.fish', powershell: '_kmseal.ps1' };
const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT'];

/**
 * What is built, by Rust's name of the target, and the npm package that holds it. On Linux npm gets the static programs, which run
 * beside any C library.
 */
export const TARGETS = {
  'x86_64-unknown-linux-gnu': undefined,
  'aarch64-unknown-linux-gnu': undefined,
  'x86_64-unknown-linux-musl': { os: 'linux', cpu: 'x64' },
  'aarch64-unknown-linux-musl': { os: 'linux', cpu: 'arm64' },
  'x86_64-apple-darwin': { os: 'darwin', cpu: 'x64' },
  'aarch64-apple-darwin': { os: 'darwin', cpu: 'arm64' },
  'x86_64-pc-windows-msvc': { os: 'win32', cpu: 'x64' },
  'aarch64-pc-windows-msvc': { os: 'win32', cpu: 'arm64' },
};

/** The version of the crate, which all packages have. */
export const version = () => /^version = "(.+)"$/m.exec(readFileSync(path.join(ROOT, 'cli/Cargo.toml'), 'utf8'))[1];

export const nameOf = ({ os, cpu }) => `@kmseal/cli-${os}-${cpu}`;

const programOf = (target) => (target.includes('windows') ? 'kmseal.exe' : 'kmseal');

const common = () => ({
  version: version(),
  license: 'MIT OR Apache-2.0',
  repository: { type: 'git', url: 'git+https://github.com/kmseal/kmseal.git', directory: 'cli' },
  homepage: 'https://github.com/kmseal/kmseal/blob/main/docs/command.md',
});

function newFolder(...names) {
  const folder = path.join(...names);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of LICENCES) copyFileSync(path.join(ROOT, name), path.join(folder, name));
  return folder;
}

/**
 * Makes `kmseal-TARGET.tgz`, from which `cargo binstall` installs (cli/Cargo.toml).
 * @param {string} program the built one, which must run here: it prints its own manual pages and completions
 * @param {string} to a folder
 */
export function packArchive(target, program, to) {
  const name = `kmseal-${target}`;
  const folder = newFolder(to, name);
  const built = path.join(folder, programOf(target));
  copyFileSync(program, built);
  chmodSync(built, 0o755);
  mkdirSync(path.join(folder, 'man'));
  mkdirSync(path.join(folder, 'completions'));
  const print = (file, ...args) => writeFileSync(path.join(folder, file), execFileSync(program, args));
  print('man/kmseal.1', 'man');
  for (const command of subcommands(program)) print(`man/kmseal-${command}.1`, 'man', command);
  for (const [shell, file] of Object.entries(SHELLS)) print(`completions/${file}`, 'completions', shell);
  execFileSync('tar', ['-czf', `${name}.tgz`, name], { cwd: to });
  rmSync(folder, { recursive: true });
  return path.join(to, `${name}.tgz`);
}

/** The subcommands that the program's help lists. */
export function subcommands(program) {
  const [, list] = /\nCommands:\n((?: .*\n)+)/.exec(execFileSync(program, ['--help']).toString());
  return Array.from(list.matchAll(/^ {2}(\w+)/gm), ([, name]) => name).filter((name) => name !== 'help');
}

/** Packs the npm package of one platform. */
export function packPlatform(target, program, to) {
  const platform = TARGETS[target];
  const folder = newFolder(to, 'npm', target);
  const built = path.join(folder, programOf(target));
  copyFileSync(program, built);
  chmodSync(built, 0o755);
  const description = `The command kmseal for ${platform.os} on ${platform.cpu}. Install kmseal-cli.`;
  const manifest = {
    name: nameOf(platform),
    description,
    ...common(),
    os: [platform.os],
    cpu: [platform.cpu],
    files: [programOf(target)],
  };
  return pack(folder, manifest, to);
}

/** Packs kmseal-cli, which names all of them. */
export function packLauncher(to) {
  const folder = newFolder(to, 'npm', 'kmseal-cli');
  for (const name of ['kmseal.mjs', 'README.md'])
    copyFileSync(path.join(ROOT, 'cli/npm', name), path.join(folder, name));
  const platforms = Object.values(TARGETS).filter(Boolean);
  const manifest = {
    name: 'kmseal-cli',
    description: 'The command kmseal: seals files so that only AWS KMS can open them, and opens them.',
    keywords: ['aws-kms', 'aws-encryption-sdk', 'envelope-encryption', 'file-encryption', 'cli'],
    ...common(),
    type: 'module',
    bin: { 'kmseal-cli': 'kmseal.mjs', kmseal: 'kmseal.mjs' },
    files: ['kmseal.mjs'],
    engines: JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).engines,
    optionalDependencies: Object.fromEntries(platforms.map((platform) => [nameOf(platform), version()])),
  };
  return pack(folder, manifest, to);
}

function pack(folder, manifest, to) {
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['pack', '--json', '--pack-destination', path.resolve(to)];
  const out = execFileSync(npm, args, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  rmSync(folder, { recursive: true });
  return path.join(to, JSON.parse(out)[0].filename);
}
