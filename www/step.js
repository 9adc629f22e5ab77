import { element, fromTemplate } from '/dom.js';

/**
 * @typedef {object} Work
 * @property {AbortSignal} signal
 * @property {(progress: { loaded: number, total: number }, figure: string) => void} onProgress
 */

/**
 * @typedef {object} Outcome
 * @property {(Node | string)[]} shown
 * @property {string} said to screen readers
 */

let made = 0;

/**
 * One thing that is done with a file: a button that starts it and, while it runs, cancels it; a progress bar; what came of it.
 * The button stays one element throughout, so that keyboard focus is not lost when its work ends.
 */
export class Step {
  #options;
  #find;
  /** @type {AbortController | undefined} */
  #running;

  /**
   * @param {object} options
   * @param {string} options.title
   * @param {string} options.label of the button
   * @param {string} options.again of the button once it has been done
   * @param {string} options.busy what goes on while it runs, such as `Sealing a.pdf`
   * @param {string} options.fileName
   * @param {ReturnType<typeof import('/announcer.js').createAnnouncer>} options.announcer
   * @param {(work: Work) => Promise<Outcome>} options.work
   */
  constructor(options) {
    this.#options = options;
    this.element = fromTemplate('step-template');
    this.#find = (selector) => /** @type {any} */ (this.element.querySelector(selector));
    const heading = this.#find('h4');
    heading.textContent = options.title;
    heading.id = `step-${(made += 1)}`;
    this.element.setAttribute('aria-labelledby', heading.id);
    this.#find('progress').setAttribute('aria-label', options.busy);
    this.#find('button').addEventListener('click', () => {
      if (this.#running) this.#running.abort();
      else this.run();
    });
    this.offer();
  }

  /** Takes the button away until there is something to do. @param {string} reason */
  wait(reason) {
    this.#running?.abort();
    this.#running = undefined;
    this.#find('.step-action').hidden = true;
    this.#find('.step-progress').hidden = true;
    this.#find('.alert').textContent = '';
    this.#show([element('p', { className: 'quiet', textContent: reason })]);
  }

  /** Offers the button. */
  offer() {
    this.#showButton(this.#options.label, 'button primary');
    this.#show([]);
  }

  /** Does it. Resolves when it is over, whatever came of it. */
  async run() {
    const { announcer, busy, label, again, work } = this.#options;
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    const announce = announcer.start(busy);
    const bar = this.#find('progress');
    bar.removeAttribute('value');
    this.#find('.step-figure').textContent = '';
    this.#find('.step-progress').hidden = false;
    this.#find('.alert').textContent = '';
    this.#show([]);
    this.#showButton('Cancel', 'button', busy);

    const onProgress = ({ loaded, total }, figure) => {
      const fraction = total === 0 ? 1 : loaded / total;
      bar.value = fraction;
      this.#find('.step-figure').textContent = `${Math.floor(100 * fraction)} %, ${figure}`;
      announce(fraction);
    };
    const outcome = await work({ signal, onProgress }).then(
      (done) => () => this.#succeed(done, again),
      (error) => () => (signal.aborted ? this.#cancelled() : this.#fail(error)),
    );
    // wait() has taken the step over meanwhile.
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#find('.step-progress').hidden = true;
    this.#showButton(label, 'button primary');
    outcome();
  }

  /** @param {Outcome} outcome @param {string} label */
  #succeed({ shown, said }, label) {
    this.#show(shown);
    this.#showButton(label, 'link');
    this.#options.announcer.say(said);
  }

  #cancelled() {
    this.#show([element('p', { className: 'quiet', textContent: 'Cancelled.' })]);
    this.#options.announcer.say(`${this.#options.busy}: cancelled.`);
  }

  /** @param {(Error & { code?: string })} error */
  #fail(error) {
    const code = error.code === undefined ? [] : [' ', element('code', { textContent: error.code })];
    this.#find('.alert').replaceChildren(error.message, ...code);
  }

  /** @param {(Node | string)[]} nodes */
  #show(nodes) {
    this.#find('.step-result').replaceChildren(...nodes);
  }

  /**
   * The button says which file it is about to those who do not see where it stands.
   *
   * @param {string} text
   * @param {string} className
   */
  #showButton(text, className, about = this.#options.fileName) {
    const button = this.#find('button');
    button.className = className;
    button.replaceChildren(text, element('span', { className: 'visually-hidden', textContent: `: ${about}` }));
    this.#find('.step-action').hidden = false;
  }
}
