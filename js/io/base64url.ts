import type { Chunk } from './bytes.js';

/** In base64url without padding (RFC 4648, 5). Byte by byte: a description's would be too many arguments of one call for some engines. */
export const toBase64url = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** The bytes of such a text. */
export const fromBase64url = (text: string): Chunk =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
