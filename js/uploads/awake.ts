interface Sentinel {
  release(): Promise<void>;
}

/** The part of a navigator that TypeScript's oldest lib.dom does not have. */
interface Navigator {
  wakeLock?: { request(type: 'screen'): Promise<Sentinel> };
}

/**
 * Keeps the screen on while `work` runs, where the browser can and the page is visible: a phone that falls asleep stops its uploads. The
 * browser takes the lock back when the page is hidden, so it is asked for again when the page is seen.
 */
export async function awake<T>(work: () => Promise<T>): Promise<T> {
  const { document, navigator } = globalThis as { document?: Document; navigator?: Navigator };
  let isDone = false;
  let held: Sentinel | undefined;
  const ask = async () => {
    try {
      if (document?.visibilityState !== 'visible') return;
      const sentinel = await navigator?.wakeLock?.request('screen');
      await held?.release();
      held = sentinel;
      if (isDone) await held?.release();
    } catch {
      // A low battery, a policy: the upload does not depend on it.
    }
  };
  document?.addEventListener('visibilitychange', ask);
  void ask();
  try {
    return await work();
  } finally {
    isDone = true;
    document?.removeEventListener('visibilitychange', ask);
    await held?.release().catch(() => {});
  }
}
