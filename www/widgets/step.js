import { voiceOf } from './announcer.js';
import { button, element, fromTemplate, line } from './dom.js';

/**
 * @typedef {object} Work
 * @property {AbortSignal} signal
 * @property {(progress: { loaded: number, total: number }, figure?: string) => void} onProgress
 * @property {(text: string) => void} note shows, in place of a figure, what the work is waiting for
 */

/**
 * @typedef {object} Outcome
 * @property {(Node | string)[]} shown
 * @property {string} said to screen readers
 */

/**
 * One action on a file: a button that starts it and cancels it while it runs, a progress bar, and the outcome.
 * The button stays one element throughout, so that keyboard focus is not lost when its work ends.
 */
export class Step {
  #options;
  #find;
  #button;
  /** @type {AbortController | undefined} */
  #running;

  /**
   * @param {object} options
   * @param {string} [options.title]
   * @param {number} [options.level] of the title among the page's headings
   * @param {string} options.label of the button
   * @param {string} options.again of the button after the action
   * @param {string} options.busy what happens while it runs, such as `Sealing a.pdf`
   * @param {string} options.fileName
   * @param {string} [options.look] of the button
   * @param {import('./announcer.js').Announcer} options.announcer
   * @param {(work: Work) => Promise<Outcome>} options.work
   */
  constructor(options) {
    this.#options = options;
    this.element = fromTemplate('step-template');
    this.#find = (selector) => /** @type {any} */ (this.element.querySelector(selector));
    const { title, level = 4 } = options;
    if (title !== undefined)
      this.element.prepend(element(/** @type {'h4'} */ (`h${level}`), { className: 'step-title', textContent: title }));
    this.#find('progress').setAttribute('aria-label', options.busy);
    this.#button = button('', () => {
      if (this.#running) this.#running.abort();
      else this.run();
    });
    this.actions.append(this.#button);
    this.offer();
  }

  /** The place of its button, and of others. @returns {HTMLElement} */
  get actions() {
    return this.#find('.step-actions');
  }

  get isRunning() {
    return this.#running !== undefined;
  }

  /** Removes the button until there is something to do. @param {string} reason */
  wait(reason) {
    this.stop();
    this.actions.hidden = true;
    this.#find('.step-progress').hidden = true;
    this.#find('.alert').textContent = '';
    this.#show(reason === '' ? [] : [line(reason)]);
  }

  /** Cancels running work, and no longer shows it. */
  stop() {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Offers the button. */
  offer() {
    this.#showButton(this.#options.label, this.#options.look ?? 'button primary');
    this.#show([]);
  }

  /**
   * Runs the action.
   *
   * @param {import('./announcer.js').Voice} [voice] speaks for it; by default for itself
   * @returns {Promise<void>} resolves at the end, whatever the outcome
   */
  async run(voice = voiceOf(this.#options.announcer)) {
    const { busy, label, look, again, work } = this.#options;
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    const announce = voice.start(busy);
    const bar = this.#find('progress');
    bar.removeAttribute('value');
    const note = (text) => {
      if (!signal.aborted) this.#find('.step-figure').textContent = text;
    };
    note('');
    this.#find('.step-progress').hidden = false;
    this.#find('.alert').textContent = '';
    this.#show([]);
    this.#showButton('Cancel', 'button', busy);

    const onProgress = ({ loaded, total }, figure) => {
      if (signal.aborted) return;
      const fraction = total === 0 ? 1 : loaded / total;
      bar.value = fraction;
      note([`${Math.floor(100 * fraction)} %`, ...(figure ? [figure] : [])].join(', '));
      announce(fraction);
    };
    const outcome = await work({ signal, onProgress, note }).then(
      (done) => () => this.#succeed(done, again, voice),
      (error) => () => (signal.aborted ? this.#cancelled(voice) : this.#fail(error, voice)),
    );
    // stop() has been called meanwhile.
    if (this.#running !== running) return voice.cancel(busy);
    this.#running = undefined;
    this.#find('.step-progress').hidden = true;
    this.#showButton(label, look ?? 'button primary');
    outcome();
  }

  /** @param {Outcome} outcome @param {string} label @param {import('./announcer.js').Voice} voice */
  #succeed({ shown, said }, label, voice) {
    this.#show(shown);
    this.#showButton(label, 'link');
    voice.succeed(said);
  }

  /** @param {import('./announcer.js').Voice} voice */
  #cancelled(voice) {
    this.#show([line('Cancelled.')]);
    voice.cancel(this.#options.busy);
  }

  /** @param {(Error & { code?: string })} error @param {import('./announcer.js').Voice} voice */
  #fail(error, voice) {
    const code = error.code === undefined ? [] : [' ', element('code', { textContent: error.code })];
    this.#find('.alert').replaceChildren(error.message, ...code);
    voice.fail(`${this.#options.fileName}: ${error.message}`);
  }

  /** @param {(Node | string)[]} nodes */
  #show(nodes) {
    this.#find('.step-result').replaceChildren(...nodes);
  }

  /**
   * The button names its file to people who do not see its place.
   *
   * @param {string} text
   * @param {string} className
   */
  #showButton(text, className, about = this.#options.fileName) {
    this.#button.className = className;
    this.#button.replaceChildren(text, element('span', { className: 'visually-hidden', textContent: `: ${about}` }));
    this.actions.hidden = false;
  }
}
