// Encryption contexts whose order, normalization or names implementations have handled differently.
export const CONTEXTS = {
  none: {},
  'keys that JavaScript, locales and bytes order differently': {
    b: '2',
    B: '1',
    a: 'a',
    10: 'ten',
    9: 'nine',
    Z: 'z',
    _: '_',
  },
  'an empty value': { empty: '', user: '4711' },
  'other scripts, composed and decomposed': {
    ключ: 'значение',
    'caf\u00e9': 'composed',
    'cafe\u0301': 'decomposed',
    鍵: '値',
    ﬁ: 'ligature',
  },
  // UTF-16 puts the surrogates of an astral key before U+E000 to U+FFFF, UTF-8 after them.
  'astral keys': { '\uff5e': 'last in UTF-16', '😀': 'last in UTF-8', '\u{10ffff}': '\u{1f511}', '\uf900': 'x' },
  "names of Object's own": JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}'),
  'a hundred pairs': Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key ${index}`, `value ${index}`])),
};

/** Lengths around the frame lengths in use, and a long one. */
export const MIB = 2 ** 20;
export const lengthsAround = (frame) => [0, 1, frame - 1, frame, frame + 1, 3 * MIB];
