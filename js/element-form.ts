import type { Status } from './element-status.js';
import type { KmsealFileTexts } from './element-texts.js';
import type { Submitted } from './element-value.js';

/** What a form submits: all of the files or none, and nothing for browsers to restore a form from. */
export function setValue(internals: ElementInternals, sealed: readonly Submitted[], { name, metaName }: { name: string; metaName: string }): void {
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
  /** What the page itself finds wrong; empty if nothing. */
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

export function setStates({ states }: ElementInternals, status: Status): void {
  // Before Chromium 125, Firefox 126 and Safari 17.4 there were none, or only such as begin with two hyphens.
  if (!CSS.supports('selector(:state(a))')) return;
  for (const state of ['sealing', 'sealed', 'failed'] as const) {
    if (status[state]) states.add(state);
    else states.delete(state);
  }
}
