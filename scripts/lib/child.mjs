// Long-lived helper processes (emulator, browser drivers) that end when this process does, however it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

// The shell leads a process group of its own and reads a pipe that only we hold. End of file there means stop(), or that we are
// gone (by SIGKILL, too): the group gets SIGTERM and, once the command is over or 5 s have passed, SIGKILL, which takes along
// the browsers that a driver leaves behind. A command that ends by itself ends its group as well.
const GUARD = `trap : TERM
( trap : TERM; "$@" </dev/null; kill -KILL 0 ) &
read _
kill -TERM 0
sleep 5
kill -KILL 0`;

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function startChild(command, args, env = process.env) {
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', command, ...args], { env, detached: true, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.unref();
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-16384);
    });
  }
  child.stdin.on('error', () => {}); // the guard is gone already
  child.stdin.unref();
  child.unref();
  const exit = once(child, 'exit');

  return {
    /** The end of what it has printed. */
    get output() {
      return output;
    },

    /** Waits until `check()` returns something, and returns that. */
    async until(check, seconds = 60) {
      for (const limit = Date.now() + seconds * 1000; ; await delay(20)) {
        const result = await check();
        if (result) return result;
        const ended = child.exitCode !== null || child.signalCode !== null;
        if (ended || Date.now() > limit) {
          child.stdin.end();
          throw new Error(`${command} ${ended ? 'ended' : `is not ready after ${seconds} s`}:\n${output}`);
        }
      }
    },

    async stop() {
      child.ref();
      child.stdin.end();
      await exit;
    },
  };
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether a GET of `url` succeeds. */
export async function answers(url) {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
