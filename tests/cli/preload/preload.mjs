// Faults of the disk, and moments to interfere: calls of the command to the C library that fail or wait.
import { execFileSync } from 'node:child_process';
import { constants as FILE } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { ROOT } from '../../../tools/run.mjs';

/**
 * @param {ReturnType<import('../command.mjs').createFolder>} folder
 * @returns a function that makes environments for the command in that folder
 */
export function buildPreload(folder) {
  const library = folder.at('preload.so');
  const source = path.join(ROOT, 'tests/cli/preload/preload.c');
  // The compiler that links Rust programs.
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  let fifos = 0;
  const preload = ({ call, path: part, nth }) => ({
    LD_PRELOAD: library,
    PRELOAD_CALL: call,
    PRELOAD_PATH: part,
    ...(nth && { PRELOAD_NTH: String(nth) }),
  });
  return {
    /** As on a file system where every file has a name. */
    named: { LD_PRELOAD: library, PRELOAD_NAMED: '1' },

    /** This call fails with this error. */
    failing: (call, part, error, nth) => ({
      ...preload({ call, path: part, nth }),
      PRELOAD_ERRNO: String(constants.errno[error]),
    }),

    /**
     * This call waits: `reached` opens when the command is there, and closing what that returns lets the call continue. A command that
     * ends before is an error.
     */
    pausing(call, part, nth) {
      fifos += 1;
      const fifo = folder.at(`preload-${fifos}.fifo`);
      execFileSync('mkfifo', [fifo]);
      return {
        env: { ...preload({ call, path: part, nth }), PRELOAD_PAUSE: fifo },
        async reached(end) {
          const opened = open(fifo, 'w');
          const ended = Promise.resolve(end).then(async (result) => {
            // The open above waits for a reader.
            await (await open(fifo, FILE.O_RDONLY | FILE.O_NONBLOCK)).close();
            throw new Error(`the command never came to ${call}: ${JSON.stringify({ ...result, stdout: undefined })}`);
          });
          ended.catch(() => {});
          return Promise.race([opened, ended]);
        },
      };
    },
  };
}
