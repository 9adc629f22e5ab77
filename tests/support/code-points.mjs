// Characters for fast-check's strings.
import fc from 'fast-check';

/** Any code point but a surrogate, as its unit 'binary' is: that one maps a million of them first, which takes a second. */
export const codePoint = fc
  .oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
