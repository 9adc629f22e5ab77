import { button } from './dom.js';

/**
 * A button that pauses an upload and resumes it, also after an interruption.
 *
 * @param {{ name: string, announcer: import('./announcer.js').Announcer }} options name: of the file
 */
export function createPause({ name, announcer }) {
  let isPaused = false;
  /** Whether something other than the reader stopped it. */
  let isInterrupted = false;
  /** @type {Set<() => void>} */
  const waiting = new Set();
  /** @type {(isPaused: boolean) => void} */
  let listener = () => {};
  /** @type {(text: string) => void} */
  let note = () => {};

  const toggle = () => {
    const wasInterrupted = isInterrupted;
    isInterrupted = false;
    set(!isPaused);
    note(isPaused ? 'Paused. What has arrived is kept.' : 'Continuing');
    announcer.say(`${name}: ${isPaused ? 'paused' : 'continuing'}.`);
    // An interrupted upload waits for resume().
    if (!wasInterrupted) listener(isPaused);
  };
  const set = (/** @type {boolean} */ value) => {
    isPaused = value;
    label.textContent = isPaused ? 'Resume' : 'Pause';
    if (isPaused) return;
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const control = button('Pause', toggle, { about: name });
  const label = control.firstChild;
  control.hidden = true;

  return {
    button: control,
    get isPaused() {
      return isPaused;
    },

    /** @param {{ signal: AbortSignal, note: (text: string) => void }} work */
    start({ signal, ...work }) {
      note = work.note;
      isInterrupted = false;
      set(false);
      control.hidden = false;
      const unpaused = () =>
        new Promise((resolve, reject) => {
          if (!isPaused) return resolve(undefined);
          waiting.add(() => resolve(undefined));
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      return {
        unpaused,
        onPause(/** @type {typeof listener} */ asked) {
          listener = asked;
        },
        onRetry(/** @type {import('kmseal/s3').Retry} */ { error }) {
          const status = error.code === 'ERR_UPLOAD' ? error.status : undefined;
          const why = status === undefined ? 'No connection' : `Refused for now (status ${status})`;
          if (!isPaused) note(`${why}, trying again`);
        },
        async resume(/** @type {Error} */ error) {
          // Those who wait for a long-paused upload give it up, which is not reported.
          if (!isPaused) {
            isInterrupted = true;
            set(true);
            note(`Interrupted: ${error.message}`);
            announcer.alert(`${name} is interrupted: ${error.message}`);
          }
          const back = () => isInterrupted && toggle();
          addEventListener('online', back, { once: true });
          await unpaused().finally(() => removeEventListener('online', back));
          return true;
        },
        end() {
          listener = () => {};
          note = () => {};
          set(false);
          control.hidden = true;
        },
      };
    },
  };
}
