// Programs that are measured from outside: how long they run, and the most memory that they held.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const EVERY_MS = 10;

/** The most memory a process has held so far, in bytes (proc_pid_status(5), VmHWM); 0 once it has ended. */
export function peakOf(pid) {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [0, 0];
    return Number(kibibytes) * 1024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return 0;
    throw error;
  }
}

/** Runs a program to its end; its output is dropped. */
export async function time(program, args, env) {
  const nowhere = openSync('/dev/null', 'w');
  const begun = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', nowhere, 'inherit'] });
  let peak = 0;
  const watching = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, EVERY_MS);
  const [status] = await once(child, 'exit');
  const seconds = (performance.now() - begun) / 1000;
  clearInterval(watching);
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with status ${status}`);
  return { seconds, peak };
}

/** Runs a program that measures itself and prints JSON. */
export async function ask(program, args, env) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${program} ended with status ${status}`);
  return JSON.parse(text);
}
