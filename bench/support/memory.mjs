// The memory of Chromium's processes, from /proc.
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

/** The renderers that descend from a browser's process: that of the page, and spare ones, which do nothing. */
async function renderersOf(browserPid) {
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

/**
 * Samples the memory of all renderers together, and of the browser's own process, until stop(), which gives for both how far it
 * came above where it was, in MiB.
 */
export async function watchMemory(driver) {
  const browserPid = (await driver.getCapabilities()).get('goog:processID');
  const pids = await renderersOf(browserPid);
  if (pids.length === 0) throw new Error('no renderer process was found');
  const sample = async () => {
    const [browser, ...renderers] = await Promise.all([browserPid, ...pids].map(pss));
    return { browser, renderers: renderers.reduce((sum, bytes) => sum + bytes, 0) };
  };
  const start = await sample();
  const peak = { ...start };
  let watching = true;
  const watched = (async () => {
    for (; watching; await delay(EVERY)) {
      for (const [kind, bytes] of Object.entries(await sample())) peak[kind] = Math.max(peak[kind], bytes);
    }
  })();
  return {
    async stop() {
      watching = false;
      await watched;
      const above = (kind) => (peak[kind] - start[kind]) / 2 ** 20;
      return { renderers: above('renderers'), browser: above('browser') };
    },
  };
}
