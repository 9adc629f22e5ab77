import { causeOf } from './causes.js';
import { type Entry, isPending } from './files.js';
import { codeOf } from './item.js';
import { type KmsealFileTexts, TEXTS, say } from './texts.js';

/** The state of all the files of an element. */
export interface Status {
  readonly sealing: boolean;
  readonly failed: boolean;
  readonly sealed: boolean;
  /** Whether the form must not go. */
  readonly unfinished: boolean;
  /** The sentence about the failure; empty if nothing failed. */
  readonly failure: string;
  /** The code of the first error, for support; empty if nothing failed. */
  readonly code: string;
}

/** @param refused the refused value of the page */
export function statusOf(entries: readonly Entry[], refused: unknown, texts: KmsealFileTexts): Status {
  const failures = entries.filter(({ state }) => state === 'failed');
  const sealing = !refused && entries.some(isPending);
  const failed = Boolean(refused) || failures.length > 0;
  const failure = failed ? failureOf(failures, refused, texts) : '';
  const code = failed ? codeOf(refused ?? failures[0]!.error) : '';
  return {
    sealing,
    failed,
    sealed: entries.length > 0 && !sealing && !failed,
    unfinished: sealing || failed,
    failure,
    code,
  };
}

function failureOf(failures: readonly Entry[], refused: unknown, texts: KmsealFileTexts): string {
  const causes = new Set(failures.map(causeOf));
  const [first] = failures;
  const [cause] = causes;
  if (refused || !first || !cause || causes.has('notReady')) return texts.notReady;
  if (failures.length === 1) return say(texts, cause, { name: first.file.name });
  // A fault of the key or the page concerns all files.
  const common = causes.size === 1 && !/\{name\}/.test(TEXTS[cause]);
  return common ? say(texts, cause, { name: '' }) : say(texts, 'failedMany', { count: failures.length });
}

/** Whether a change of one entry changes nothing for the whole: others are still waiting, and none failed. */
export function isSteady({ sealing, failed }: Status, { state }: Entry, isPending: boolean): boolean {
  return sealing && !failed && state !== 'failed' && isPending;
}
