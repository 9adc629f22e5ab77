// The processes of browsers, which tests kill.
import { readFileSync, readdirSync } from 'node:fs';
import { seen } from '../until.mjs';

/** The processes that this one has started, and theirs. */
function descendants() {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // The name, in brackets, may have spaces.
        const parent = Number(
          readFileSync(`/proc/${pid}/stat`, 'utf8')
            .replace(/^.*\) /s, '')
            .split(' ')[1],
        );
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(pid), parent, command }];
      } catch {
        return []; // it has ended
      }
    });
  const found = new Set([process.pid]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid }) => pid !== process.pid && found.has(pid));
}

/** Kills those of them that it is said of, at once, and waits until they are gone. @param {(process: { pid: number, command: string }) => boolean} isOne */
export async function killAll(isOne) {
  const killed = descendants().filter(isOne);
  if (killed.length === 0) throw new Error('no such process is there');
  for (const { pid } of killed) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error; // it went with its parent
    }
  }
  await seen(() => !descendants().some(isOne));
}
