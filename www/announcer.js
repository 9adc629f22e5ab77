const EVERY_MS = 5000;

/**
 * Tells screen readers how work goes on. A progress bar is not announced by itself, and one that speaks at every change
 * drowns everything else: so at the start, at each quarter but not more than once in five seconds, and at the end.
 *
 * @param {HTMLElement} status an element with role="status" that is always in the page
 */
export function createAnnouncer(status) {
  const say = (text) => {
    status.textContent = text;
  };
  return {
    say,
    /** @param {string} what for example `Sealing a.pdf` */
    start(what) {
      let quarter = 0;
      let spokenAt = performance.now();
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
