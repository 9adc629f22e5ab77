// What is handed in and is not what it seems, for Node and, served to them, pages: each case throws if it ends otherwise than it must.
import { BUFFERS } from './input-buffers.mjs';
import { SOURCES } from './input-sources.mjs';

/** @typedef {{ sealer: (options?: object) => any, opener: (options?: object) => any, inspect: Function, reseal: Function }} Kit */

/** @type {Record<string, (kit: Kit) => Promise<unknown>>} */
export const CASES = { ...BUFFERS, ...SOURCES };
