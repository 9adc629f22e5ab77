// Python virtual environments, one per file of tools/requirements/.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { needDebian } from './debian.mjs';
import { ROOT, read, run, step } from './run.mjs';

/** What all of tools/requirements/ installs with; CONTRIBUTING.md says it. */
const OLDEST = [3, 11];

/**
 * The Python of the virtual environment that holds exactly tools/requirements/<name>.txt. Programs in it are started with
 * `python -m`: pip writes the folder's name while installing into its console scripts, and cached() renames it.
 */
export async function venv(name) {
  const requirements = path.join(ROOT, 'tools', 'requirements', `${name}.txt`);
  // What test files inherit: where python3 is a script that looks for it, each asking takes a seventh of a second.
  const base = process.env.KMSEAL_PYTHON ?? read('python3', ['-c', 'import sys; print(sys.executable, sys.version)']);
  const wanted = `put python3 on PATH, of version ${OLDEST.join('.')} or newer`;
  if (!base) throw new Error(`Python is missing: ${wanted}`);
  const [, version, major, minor] = / ((\d+)\.(\d+)\S*) \(/.exec(base);
  const isOlder = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  if (isOlder) throw new Error(`Python ${version} is too old: ${wanted}`);
  process.env.KMSEAL_PYTHON = base;
  const folder = await cached('venvs', `${name}-${hashOf(readFileSync(requirements), base)}`, async (root) => {
    const pip = await pipFor(base);
    step(`python packages of tools/requirements/${name}.txt`);
    await run('python3', ['-m', 'venv', '--without-pip', root]);
    const python = path.join(root, 'bin', 'python');
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
    const exact = ['--no-deps', '--require-hashes', '--requirement', requirements];
    await run(pip, ['-m', 'pip', '--python', python, 'install', ...quiet, ...exact]);
  });
  return path.join(folder, 'bin', 'python');
}

/**
 * A Python with pip, for all environments: it takes four seconds to unpack and compile, in each as long as the packages.
 * @param {string} base
 */
async function pipFor(base) {
  const folder = await cached('venvs', `pip-${hashOf(base)}`, async (root) => {
    // Debian's python3 lacks ensurepip until python3-venv is there.
    if (read('python3', ['-c', 'import ensurepip, venv']) === undefined) await needDebian(['python3-venv']);
    await run('python3', ['-m', 'venv', root]);
  });
  return path.join(folder, 'bin', 'python');
}

const hashOf = (...parts) =>
  parts
    .reduce((sum, part) => sum.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 12);
