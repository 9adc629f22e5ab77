// The memory of a Chromium's renderer processes, from /proc.
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const EVERY = 50;

/** Proportional set size in bytes: of memory shared with n processes it counts one nth. */
async function pss(pid) {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(kibibytes) * 1024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return 0; // it has ended
    throw error;
  }
}

/** The renderers that descend from a process: that of the page, and spare ones, which do nothing. */
async function renderers(browserPid) {
  const processes = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      const [stat, command] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8')]);
      processes.set(pid, { parent: Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]), command });
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error;
    }
  }
  const descends = (pid) => pid === browserPid || (processes.has(pid) && descends(processes.get(pid).parent));
  return [...processes.keys()].filter((pid) => processes.get(pid).command.includes('--type=renderer') && descends(pid));
}

/** Samples the memory of all renderers together until stop(), which gives it at the start and at its peak. */
export async function watchRenderers(driver) {
  const pid = (await driver.getCapabilities()).get('goog:processID');
  const pids = await renderers(pid);
  if (pids.length === 0) throw new Error('no renderer process was found');
  const sample = async () => (await Promise.all(pids.map(pss))).reduce((sum, bytes) => sum + bytes, 0);
  const start = await sample();
  let peak = start;
  let watching = true;
  const watched = (async () => {
    for (; watching; await delay(EVERY)) peak = Math.max(peak, await sample());
  })();
  return {
    async stop() {
      watching = false;
      await watched;
      return { start, peak };
    },
  };
}
