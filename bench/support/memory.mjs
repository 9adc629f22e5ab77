// The memory of Chromium's processes, from /proc.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { browserProcesses } from './processes.mjs';

const EVERY_MS = 50;

/** Proportional set size in bytes: memory shared by n processes counts one nth. */
async function pss(pid) {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(kibibytes) * 1024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return 0; // it has ended
    throw error;
  }
}

/**
 * Samples the memory of all renderers together, and of the browser's own process, until stop(), which returns for both how far it
 * came above where it was, in MiB.
 */
export async function watchMemory(driver) {
  const { browserPid, all } = await browserProcesses(driver);
  // That of the page, and spare ones, which do nothing.
  const pids = all.filter(({ command }) => command.includes('--type=renderer')).map(({ pid }) => pid);
  if (pids.length === 0) throw new Error('no renderer process was found');
  const sample = async () => {
    const [browser, ...renderers] = await Promise.all([browserPid, ...pids].map(pss));
    return { browser, renderers: renderers.reduce((sum, bytes) => sum + bytes, 0) };
  };
  const start = await sample();
  const peak = { ...start };
  let watching = true;
  const watched = (async () => {
    for (; watching; await delay(EVERY_MS)) {
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
