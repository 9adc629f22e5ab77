// The package as it is published: packed, and installed in an empty project.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { execFile, spawnSync } from 'node:child_process';
import { ROOT } from '../../tools/run.mjs';

/** What a command prints, which must succeed. */
export function output(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw error ?? new Error(`${[command, ...args].join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}

/** As output(), for commands that need a server of this process. */
export async function outputOf(command, args, cwd, env = process.env) {
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: 600_000 });
  return stdout;
}

/**
 * Packs what is built, and installs it.
 * @param {{ within?: string }} [options] within: the folder that the project is in, whose node_modules it sees
 * @returns {{ archive: string, files: string[], project: string, installed: string, remove: () => void }} archive: the
 *   tarball; files: those in it; project: an ES module project that depends on nothing else; installed: the package's folder in it
 */
export function installTarball({ within = tmpdir() } = {}) {
  const folder = mkdtempSync(path.join(within, 'kmseal-tarball-'));
  const project = path.join(folder, 'project');
  const installed = path.join(project, 'node_modules', 'kmseal');
  mkdirSync(installed, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename, files }] = JSON.parse(output('npm', pack, ROOT));
  const archive = path.join(folder, filename);
  // As npm installs a package without dependencies, which tests/package/peers.test.mjs has it do.
  output('tar', ['-xzf', archive, '--strip-components=1', '-C', installed]);
  const dependencies = { kmseal: `file:../${filename}` };
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies }),
  );
  return {
    archive,
    files: files.map((file) => file.path).sort(),
    project,
    installed,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
