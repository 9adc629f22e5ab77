// Running other programs, and the one line that a set-up step prints.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

export function step(text) {
  console.log(`set-up: ${text}`);
}

/** The path of an executable on PATH, or in other folders, or undefined. */
export function which(name, folders = process.env.PATH ?? '') {
  for (const folder of folders.split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** What a command prints, or undefined when it is missing or fails. */
export function read(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Runs a command in the project's folder and rejects with the end of its output if it fails.
 * @returns {Promise<void>}
 */
export function run(command, args, { env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-8192);
      });
    }
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`${[command, ...args].join(' ')} failed (${signal ?? status}):\n${output}`));
    });
  });
}

/** At most so many arguments of a command are shown: `npm test` names hundreds of files. */
const SHOWN = 16;

/** @param {string} command @param {string[]} args */
function line(command, args) {
  const rest = args.length - SHOWN;
  return `\n> ${[command, ...args.slice(0, SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])].join(' ')}`;
}

/** Runs a command in the open, in the project's folder, and rejects if it fails. */
export async function show(command, args, env) {
  console.log(line(command, args));
  const child = spawn(command, args, { cwd: ROOT, env, stdio: 'inherit' });
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(`${command} failed`);
}

/**
 * As show(), for a command beside others: it gets the time that they leave, and what it prints comes in one piece, at its end.
 * @returns {Promise<void>}
 */
export async function showTogether(command, args, env) {
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid) os.setPriority(child.pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  console.log(`${line(command, args)}\n${output}`);
  if (status !== 0) throw new Error(`${command} ${args[0]} failed`);
}
