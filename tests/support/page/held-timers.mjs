// Limits of time that a test lets pass, since real ones would depend on the machine's pace; for pages and for Node.

/** Milliseconds from which on a timer is held; more than a driver waits for a script, which WebKit's does with timers of the page. */
const HELD = 400_000;

/** Holds the realm's long timers: they end when the test says so. */
export function holdTimers() {
  const { setTimeout, clearTimeout } = globalThis;
  const held = new Map();
  const others = new Map();
  let last = 0;
  globalThis.setTimeout = (work, delay, ...values) => {
    if (delay >= HELD) {
      held.set(--last, { delay, work: () => work(...values) });
      return last;
    }
    const id = setTimeout(work, delay, ...values);
    others.set(id, delay);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    others.delete(id);
    if (!held.delete(id)) clearTimeout(id);
  };
  return {
    /** In milliseconds, of those that are held and of those that were set and not cleared. */
    delays: () => [...Array.from(held.values(), ({ delay }) => delay), ...others.values()],
    /** Ends those that are held, of that delay or of any, and says how many there were. */
    expire(delay) {
      const due = [...held].filter(([, timer]) => delay === undefined || timer.delay === delay);
      for (const [id, { work }] of due) {
        held.delete(id);
        work();
      }
      return due.length;
    },
  };
}
