import { type KmsealFileTexts, say, sizeText } from './texts.js';

/** Why a file was not taken. */
export type Refusal =
  | { readonly because: 'notAccepted' | 'notTaken' | 'folder' | 'emptyFolder'; readonly name: string }
  | { readonly because: 'rejected'; readonly name: string; readonly reason: string }
  | { readonly because: 'tooLarge'; readonly name: string; readonly most: number }
  | { readonly because: 'tooMany'; readonly name: string; readonly most: number }
  | { readonly because: 'onlyOne' };

/** This many are named one by one. */
const NAMED_FILES = 10;

/** A sentence for each refused file; of very many, for the first ones and the number of the rest. */
export function sentencesOf(refusals: readonly Refusal[], texts: KmsealFileTexts): string[] {
  const sentences = refusals.slice(0, NAMED_FILES).map((refusal) => sentenceOf(refusal, texts));
  const count = refusals.length - NAMED_FILES;
  return count > 0 ? [...sentences, say(texts, 'moreNotTaken', { count })] : sentences;
}

function sentenceOf(refusal: Refusal, texts: KmsealFileTexts): string {
  switch (refusal.because) {
    case 'onlyOne':
      return say(texts, 'onlyOne');
    case 'tooLarge':
      return say(texts, 'tooLarge', { name: refusal.name, size: sizeText(refusal.most, texts) });
    case 'tooMany':
      return say(texts, 'tooMany', { name: refusal.name, count: refusal.most });
    case 'rejected':
      return say(texts, 'rejected', { name: refusal.name, reason: refusal.reason });
    default:
      return say(texts, refusal.because, { name: refusal.name });
  }
}
