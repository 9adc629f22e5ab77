const EVERY_MS = 5000;

/**
 * Tells screen readers about progress. A progress bar is not announced by itself, and one that speaks at every change
 * drowns everything else. So it speaks at the start, at each quarter but at most once in five seconds, and at the end.
 *
 * One for a page, so that nothing speaks over anything else. It writes to two elements that are always in the page, `#status` with
 * role="status" and `#alert` with role="alert".
 */
export function createAnnouncer() {
  const status = document.getElementById('status');
  const urgent = document.getElementById('alert');
  const say = (/** @type {string} */ text) => {
    status.textContent = text;
  };
  return {
    say,
    alert(/** @type {string} */ text) {
      urgent.textContent = text;
    },
    /** @param {string} what for example `Sealing a.pdf` */
    start(what) {
      let quarter = 0;
      let spokenAt = performance.now();
      urgent.textContent = '';
      say(`${what}.`);
      return (/** @type {number} */ fraction) => {
        const reached = Math.floor(fraction * 4);
        const now = performance.now();
        if (reached <= quarter || reached === 4 || now - spokenAt < EVERY_MS) return;
        quarter = reached;
        spokenAt = now;
        say(`${what}: ${reached * 25} percent.`);
      };
    },
  };
}

/** @typedef {ReturnType<typeof createAnnouncer>} Announcer */

/**
 * What a Step reports of its work, to the announcer that speaks for it.
 *
 * @typedef {object} Voice
 * @property {(busy: string) => (fraction: number) => void} start
 * @property {(said: string) => void} succeed
 * @property {(busy: string) => void} cancel
 * @property {(message: string) => void} fail
 */

/** Speaks for one piece of work. @param {Announcer} announcer @returns {Voice} */
export const voiceOf = (announcer) => ({
  start: announcer.start,
  succeed: announcer.say,
  cancel: (busy) => announcer.say(`${busy}: cancelled.`),
  fail: announcer.alert,
});

/**
 * Speaks once for work on several files: of all of them together, and at the end of those that failed.
 *
 * @param {Announcer} announcer
 * @param {object} batch
 * @param {number} batch.count
 * @param {string} batch.busy for example `Sealing 3 files`
 * @param {(done: number) => string} batch.finished for example `3 files are sealed`
 * @returns {Voice[]} one for each file
 */
export function voicesOf(announcer, { count, busy, finished }) {
  if (count === 1) return [voiceOf(announcer)];
  const report = announcer.start(busy);
  const fractions = Array(count).fill(0);
  const failures = [];
  let [left, done] = [count, 0];
  const end = () => {
    if (--left > 0) return;
    announcer.say(`${finished(done)}.`);
    if (failures.length > 0) announcer.alert(failures.join(' '));
  };
  return fractions.map((_, index) => ({
    start: () => (fraction) => {
      fractions[index] = fraction;
      report(fractions.reduce((sum, each) => sum + each) / count);
    },
    succeed() {
      done += 1;
      end();
    },
    cancel: end,
    fail(message) {
      failures.push(message);
      end();
    },
  }));
}
