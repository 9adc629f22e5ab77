import type { Entry } from './element-files.js';
import { type KmsealFileTexts, TEXTS, fill } from './element-texts.js';
import type { KmsealError } from './index.js';

/** How it stands with all the files of an element. */
export interface Status {
  readonly sealing: boolean;
  readonly failed: boolean;
  readonly sealed: boolean;
  /** Whether the form must not go. */
  readonly unfinished: boolean;
  /** The sentence about what failed; empty if nothing did. */
  readonly failure: string;
}

/** @param refused whether the page set something that is refused */
export function statusOf(entries: readonly Entry[], refused: boolean, texts: KmsealFileTexts): Status {
  const has = (...states: Entry['state'][]) => entries.some(({ state }) => states.includes(state));
  const sealing = !refused && has('waiting', 'sealing');
  const failed = refused || has('failed');
  const failure = failed ? failureOf(entries, refused, texts) : '';
  return { sealing, failed, sealed: entries.length > 0 && !sealing && !failed, unfinished: sealing || failed, failure };
}

function failureOf(entries: readonly Entry[], refused: boolean, texts: KmsealFileTexts): string {
  const failed = entries.filter(({ state }) => state === 'failed');
  // The page's sealer may be of another copy of the package.
  const codes = new Set(failed.map(({ error }) => (error as Partial<KmsealError> | undefined)?.code));
  const [first] = failed;
  if (refused || !first || codes.has('ERR_CONTEXT')) return texts.notReady;
  if (failed.length > 1) return say('failedMany', texts, { count: failed.length });
  const unreadable = codes.has('ERR_READ') || codes.has('ERR_SOURCE_CHANGED');
  return say(unreadable ? 'unreadable' : 'failedOne', texts, { name: first.file.name });
}

/** Never empty, even if the page's text consists of a name and the file has none. */
function say(key: keyof KmsealFileTexts, texts: KmsealFileTexts, values: Readonly<Record<string, string | number>>): string {
  return fill(texts[key], values).trim() || fill(TEXTS[key], values);
}
