import type { Status } from './status.js';
import type { KmsealFileTexts } from './texts.js';
import type { Submitted } from './value.js';

/** What a form submits: all of the files or none, and nothing from which browsers could restore a form. */
export function setValue(
  internals: ElementInternals,
  sealed: readonly Submitted[],
  { name, metaName }: { name: string; metaName: string },
): void {
  if (sealed.length === 0) return internals.setFormValue(null, null);
  const data = new FormData();
  for (const { file, meta } of sealed) {
    if (name) data.append(name, file);
    if (metaName && meta) data.append(metaName, meta);
  }
  internals.setFormValue(data, null);
}

interface Validity {
  status: Status;
  /** The page's own error message; empty if there is none. */
  custom: string;
  missing: boolean;
  texts: KmsealFileTexts;
  /** Where the browser shows its message. */
  anchor: HTMLElement;
}

/** Validity follows from states, and the texts only from validity. */
export function setValidity(internals: ElementInternals, { status, custom, missing, texts, anchor }: Validity): void {
  const customError = status.unfinished || custom !== '';
  if (!customError && !missing) return internals.setValidity({});
  const message = status.failure || (status.sealing ? texts.busy : custom) || texts.missing;
  internals.setValidity({ customError, valueMissing: missing }, message, anchor);
}

/** @param userInvalid whether it is invalid, and the person had the chance to know */
export function setStates({ states }: ElementInternals, status: Status, userInvalid: boolean): void {
  // Chromium before 125, Firefox before 126 and Safari before 17.4 have no states, or only with two hyphens; test DOMs have none.
  if (!globalThis.CSS?.supports('selector(:state(a))')) return;
  const { sealing, sealed, failed } = status;
  for (const [state, is] of Object.entries({ sealing, sealed, failed, 'user-invalid': userInvalid })) {
    if (is) states.add(state);
    else states.delete(state);
  }
}
