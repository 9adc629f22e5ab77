import type { KmsealFileTexts, Places, TEXTS } from '../element/texts.js';

/** The plural categories of each language, which a test compares with those of Intl.PluralRules. */
interface Categories {
  ar: 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
  de: 'one' | 'other';
  es: 'one' | 'many' | 'other';
  fr: 'one' | 'many' | 'other';
  it: 'one' | 'many' | 'other';
  ja: 'other';
  pl: 'one' | 'few' | 'many' | 'other';
  pt: 'one' | 'many' | 'other';
}

/** Has exactly these values. */
type With<Names, Text> = [Places<Text>] extends [Names] ? ([Names] extends [Places<Text>] ? Text : never) : never;
/** Has all values if it is used for any number; if the number follows from the category, a language may use words. */
type Plural<Names, Category, Text> = Text extends { readonly other: infer Other }
  ? [Category, Places<Text>] extends [keyof Text, Names]
    ? [keyof Text, With<Names, Other>] extends [Category, Other]
      ? [With<Names, Other>] extends [never]
        ? never
        : Text
      : never
    : never
  : never;

/**
 * What the texts of a language have to be: all that there are in English, each with its values and no other ones, and where English
 * has a plural, each category of the language.
 */
export type Translation<T extends { readonly locale: keyof Categories }> = {
  readonly [K in keyof KmsealFileTexts]: K extends keyof T
    ? (typeof TEXTS)[K] extends string
      ? With<K extends 'locale' ? never : Places<(typeof TEXTS)[K]>, T[K]>
      : [Categories[T['locale']]] extends ['other']
        ? With<Places<(typeof TEXTS)[K]>, T[K]>
        : Plural<Places<(typeof TEXTS)[K]>, Categories[T['locale']], T[K]>
    : never;
};
