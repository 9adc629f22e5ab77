import { setTimeout as delay } from 'node:timers/promises';

/** Waits until it is so, or fails after two minutes. */
export async function seen(check) {
  for (const limit = Date.now() + 120_000; !(await check()); await delay(20)) {
    if (Date.now() > limit) throw new Error('nothing of the kind in two minutes');
  }
}
