// The package as it is published: packed, and installed in an empty project.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { execFile, spawnSync } from 'node:child_process';
import { ROOT } from '../../tools/run.mjs';
import { compiler } from '../../tools/typescript.mjs';

/** What a command prints, which must succeed. */
export function output(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw error ?? new Error(`${[command, ...args].join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}

/** What TypeScript's compiler prints, which must succeed. @param {string[]} args @param {string} cwd @param {string} [project] whose compiler */
export function tsc(args, cwd, project) {
  const [program, ...first] = compiler(project);
  return output(program, [...first, ...args], cwd);
}

/** As output(), for commands that need a server of this process. */
export async function outputOf(command, args, cwd, env = process.env) {
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: 600_000 });
  return stdout;
}

/** A hash of all that npm may put into the tarball: the files beside the manifest, and the folders that it names. */
function hashOfPacked() {
  const hash = createHash('sha256').update(process.version);
  const folders = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).files;
  const filesIn = (folder, recursive) =>
    readdirSync(path.join(ROOT, folder), { withFileTypes: true, recursive })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  const named = folders.filter((name) => existsSync(path.join(ROOT, name))).flatMap((name) => filesIn(name, true));
  for (const file of [...filesIn('.', false), ...named].sort())
    hash.update(`${path.relative(ROOT, file)}\0`).update(createHash('sha256').update(readFileSync(file)).digest());
  return hash.digest('hex').slice(0, 12);
}

/**
 * What is built, as npm packs it. That takes a second, so that the test files of a run share one tarball.
 * @returns {{ archive: string, files: string[] }} archive: the tarball; files: those in it
 */
export function packed() {
  const all = path.join(ROOT, 'target/packed');
  const folder = path.join(all, hashOfPacked());
  if (!existsSync(folder)) {
    mkdirSync(all, { recursive: true });
    const unfinished = mkdtempSync(path.join(all, '.new-'));
    const report = output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', unfinished], ROOT);
    writeFileSync(path.join(unfinished, 'report.json'), report);
    try {
      renameSync(unfinished, folder);
    } catch {
      // Another test file packed the same at the same time.
      rmSync(unfinished, { recursive: true });
    }
    const old = readdirSync(all).filter((name) => !name.startsWith('.new-') && name !== path.basename(folder));
    for (const name of old) rmSync(path.join(all, name), { recursive: true, force: true });
  }
  const [{ filename, files }] = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
  return { archive: path.join(folder, filename), files: files.map((file) => file.path).sort() };
}

/**
 * Installs what is built.
 * @param {{ within?: string }} [options] within: the folder that the project is in, whose node_modules it sees
 * @returns {{ archive: string, files: string[], project: string, installed: string, remove: () => void }} archive: the
 *   tarball; files: those in it; project: an ES module project that depends on nothing else; installed: the package's folder in it
 */
export function installTarball({ within = tmpdir() } = {}) {
  const folder = mkdtempSync(path.join(within, 'kmseal-tarball-'));
  const project = path.join(folder, 'project');
  const installed = path.join(project, 'node_modules', 'kmseal');
  mkdirSync(installed, { recursive: true });
  const { archive, files } = packed();
  // As npm installs a package without dependencies, which tests/consumers/peers.test.mjs has it do.
  output('tar', ['-xzf', archive, '--strip-components=1', '-C', installed]);
  const dependencies = { kmseal: `file:${archive}` };
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies }),
  );
  return {
    archive,
    files,
    project,
    installed,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
