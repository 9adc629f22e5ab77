// Long-lived helper processes (emulator, browser drivers) that end when this process does, however it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
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
 * @param {string} [cwd]
 */
export function startChild(command, args, env = process.env, cwd = process.cwd()) {
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', command, ...args], { cwd, env, detached: true, stdio: 'pipe' });
  // Pipes, which can leave the process to end.
  const [input, ...outputs] = /** @type {import('node:net').Socket[]} */ ([child.stdin, child.stdout, child.stderr]);
  input.unref();
  child.unref();
  return held(command, { input, outputs, ref: () => child.ref(), exit: once(child, 'exit') });
}

/**
 * A process that another one forks for each connection to its socket. The connection is its output, and it ends with that.
 * @param {string} socket
 * @param {string} message what it is told
 */
export function startForked(socket, message) {
  const connection = connect(socket);
  connection.write(message);
  const exit = new Promise((resolve) => connection.once('close', resolve));
  return held(socket, { input: connection, outputs: [connection], ref: () => connection.ref(), exit });
}

/**
 * @param {string} name
 * @param {{ input: import('node:net').Socket, outputs: import('node:net').Socket[], ref: () => void, exit: Promise<unknown> }} child
 *   input: with its end the process ends
 */
function held(name, { input, outputs, ref, exit }) {
  let [output, ended] = ['', false];
  exit.then(() => {
    ended = true;
  });
  for (const stream of outputs) {
    stream.unref();
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-16384);
    });
  }
  input.on('error', () => {}); // it is gone already

  return {
    /** The end of its output. */
    get output() {
      return output;
    },

    /** Waits until `check()` returns something, and returns that. On a machine with much else to do the start of an emulator takes a minute. */
    async until(check, seconds = 300) {
      for (const limit = Date.now() + seconds * 1000; ; await delay(20)) {
        const result = await check();
        if (result) return result;
        if (ended || Date.now() > limit) {
          input.end();
          throw new Error(`${name} ${ended ? 'ended' : `is not ready after ${seconds} s`}:\n${output}`);
        }
      }
    },

    async stop() {
      ref();
      input.end();
      await exit;
    },
  };
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * A child on a port of 127.0.0.1, once it answers there. Another process may take the port between freePort() and the child; then another
 * one is tried.
 *
 * @param {(port: number) => ReturnType<typeof startChild>} start
 * @param {{ path?: string, seconds?: number }} [options] path: what it answers when it is ready
 */
export async function startOnPort(start, { path = '/', seconds } = {}) {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const child = start(port);
    try {
      await child.until(() => answers(origin + path), seconds);
      return {
        origin,
        stop: child.stop,
        /** The end of its output. */
        get output() {
          return child.output;
        },
      };
    } catch (error) {
      await child.stop();
      if (tries === 5 || !/in use/i.test(child.output)) throw error;
    }
  }
}

/** Whether a GET of `url` succeeds. */
async function answers(url) {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
