import { setTimeout as delay } from 'node:timers/promises';

/** Waits until it is so, or fails after two minutes. It looks ever less often: who asks a page takes time from what is waited for. */
export async function seen(check) {
  const begun = Date.now();
  while (!(await check())) {
    const waited = Date.now() - begun;
    if (waited > 120_000) throw new Error('nothing of the kind in two minutes');
    await delay(Math.min(20 + waited / 8, 200));
  }
}
