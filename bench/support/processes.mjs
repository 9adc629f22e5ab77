// Chromium's processes and the time that they have used, from /proc.
import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';

/** The kernel's unit of time, per second. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The fields of /proc/PID/stat from the third one on (proc(5)): the second one, a name, may hold spaces. */
async function statOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The browser's own process and all that descend from it. */
export async function browserProcesses(driver) {
  const browserPid = (await driver.getCapabilities()).get('goog:processID');
  const processes = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      const [stat, command] = await Promise.all([statOf(pid), readFile(`/proc/${pid}/cmdline`, 'utf8')]);
      processes.set(pid, {
        pid,
        parent: Number(stat[1]),
        seconds: (Number(stat[11]) + Number(stat[12])) / TICKS,
        command,
      });
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error; // it has ended
    }
  }
  const descends = (pid) => pid === browserPid || (processes.has(pid) && descends(processes.get(pid).parent));
  return { browserPid, all: [...processes.values()].filter(({ pid }) => descends(pid)) };
}

/** Seconds of CPU time, in user and kernel mode, that the browser's processes have used. */
export async function cpuSeconds(driver) {
  return (await browserProcesses(driver)).all.reduce((sum, { seconds }) => sum + seconds, 0);
}
