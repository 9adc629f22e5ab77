import type { FormControl } from './control.js';
import type { Explainer } from './explainer.js';

/**
 * Whether the person had the chance to make a control valid, as `:user-invalid` has it: something was chosen, or the form was to be sent. A
 * script that only asks, by checkValidity(), changes nothing. (HTML Standard, "user validity", which a custom element is not told.)
 */
export class UserValidity {
  readonly #control: FormControl;
  readonly #explainer: Explainer;
  readonly #changed: () => void;
  #asked = false;
  /** The submit button that was pressed; the form is checked in the same task. */
  #pressed: HTMLElement | undefined;

  /** @param changed is called when the person was asked and nothing else reports it */
  constructor(control: FormControl, explainer: Explainer, changed: () => void) {
    this.#control = control;
    this.#explainer = explainer;
    this.#changed = changed;
    control.addEventListener('invalid', (event) => this.#invalid(event));
  }

  get asked(): boolean {
    return this.#asked;
  }

  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#changed();
  }

  /** As after a reset of the form. */
  forget(): void {
    this.#asked = false;
  }

  /** Must be called for each click in the page, also outside the form. The Enter key clicks the button, too. */
  clicked(event: Event): void {
    const button = (event.composedPath()[0] as Element).closest?.<HTMLButtonElement>('button, input');
    if (!button?.form || button.form !== this.#control.form || !['submit', 'image'].includes(button.type)) return;
    this.#pressed = button;
    setTimeout(() => (this.#pressed = undefined));
  }

  #invalid({ defaultPrevented }: Event): void {
    if (this.#pressed) {
      this.ask();
      // Otherwise the page reports it.
      if (!defaultPrevented) this.#explainer.tellHidden(this.#pressed);
      return;
    }
    // Any other report, such as requestSubmit(), then focuses a control of the form.
    const document = this.#control.ownerDocument;
    const listen = () => this.ask();
    document.addEventListener('focusin', listen, true);
    setTimeout(() => document.removeEventListener('focusin', listen, true));
  }
}
