// What a translation must not be, each with the mistake that the compiler finds.
import type { TEXTS } from '../../../js/element/texts.js';
import type { Translation } from '../../../js/locales/translation.js';

declare const texts: Omit<typeof TEXTS, 'locale'> & { readonly locale: 'de' };
declare const polish: Omit<typeof TEXTS, 'locale'> & { readonly locale: 'pl' };

texts satisfies Translation<typeof texts>;

const without = { ...texts, removed: 'weg' } as const;
// @ts-expect-error the name is missing
without satisfies Translation<typeof without>;

const misspelt = { ...texts, removed: '{nam} weg' } as const;
// @ts-expect-error there is no such value
misspelt satisfies Translation<typeof misspelt>;

const more = { ...texts, cancel: '{name} abbrechen' } as const;
// @ts-expect-error this text has no value
more satisfies Translation<typeof more>;

const single = { ...texts, startedMany: '{count} Dateien' } as const;
// @ts-expect-error German has two forms
single satisfies Translation<typeof single>;

const uncounted = { ...texts, startedMany: { one: 'eine Datei', other: 'Dateien' } } as const;
// @ts-expect-error the number is missing where it may be any
uncounted satisfies Translation<typeof uncounted>;

// @ts-expect-error Polish has four forms
polish satisfies Translation<typeof polish>;

const { cancel: _, ...incomplete } = texts;
// @ts-expect-error a text is missing
incomplete satisfies Translation<typeof incomplete>;
