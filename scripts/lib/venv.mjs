// Python virtual environments, one per file of scripts/requirements/.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { needDebian } from './debian.mjs';
import { ROOT, read, run, step } from './run.mjs';

/**
 * The Python of the virtual environment that holds exactly scripts/requirements/<name>.txt. Programs in it are started with
 * `python -m`: pip writes the folder's name while installing into its console scripts, and cached() renames it.
 */
export async function venv(name) {
  const requirements = path.join(ROOT, 'scripts', 'requirements', `${name}.txt`);
  const base = read('python3', ['-c', 'import sys; print(sys.executable, sys.version)']);
  if (!base) throw new Error('Python is missing: python3 is needed on PATH');
  const hash = createHash('sha256').update(readFileSync(requirements)).update(base).digest('hex').slice(0, 12);
  const folder = await cached('venvs', `${name}-${hash}`, async (root) => {
    // Debian's python3 lacks ensurepip until python3-venv is there.
    if (read('python3', ['-c', 'import ensurepip, venv']) === undefined) await needDebian(['python3-venv']);
    step(`python packages of scripts/requirements/${name}.txt`);
    await run('python3', ['-m', 'venv', root]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps'];
    await run(path.join(root, 'bin', 'python'), [...pip, '--requirement', requirements]);
  });
  return path.join(folder, 'bin', 'python');
}
