// The command `kmseal` in a folder of its own, with KMS and keys.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TESTED_COMMAND } from '../../tools/tested-command.mjs';

export const KMSEAL = TESTED_COMMAND;

/** A folder that is removed after the tests; names are relative to it. */
export function createFolder() {
  const root = mkdtempSync(path.join(tmpdir(), 'kmseal-command-'));
  const at = (name) => path.join(root, name);
  return {
    root,
    at,
    read: (name) => readFileSync(at(name)),
    write(name, bytes) {
      writeFileSync(at(name), bytes);
      return name;
    },
    list: (name = '.') => readdirSync(at(name)).sort(),
    mode: (name) => statSync(at(name)).mode & 0o777,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/**
 * Starts the command there.
 * @param {{ root: string }} folder
 * @param {Record<string, string>} env AWS settings; this machine's own are hidden
 * @param {string} [program] a program that starts the command
 */
export function startCommand(folder, env, args, program = KMSEAL) {
  const { PATH, TMPDIR } = process.env;
  // HOME: no AWS configuration of the person who runs the tests.
  return spawn(program, args, {
    cwd: folder.root,
    env: { PATH, TMPDIR, HOME: folder.root, AWS_EC2_METADATA_DISABLED: 'true', ...env },
  });
}

/** The command's outcome with this standard input: `{ status, signal, stdout, stderr }`. */
export async function endOf(child, input) {
  const [out, err] = [[], []];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  child.stdin.on('error', () => {}); // it may end before it has read everything
  if (input !== undefined) child.stdin.end(input);
  const [status, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  return { status, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

/** Runs the command to its end. */
export function runCommand(folder, env, args, { input = '', program } = {}) {
  return endOf(startCommand(folder, env, args, program), input);
}
