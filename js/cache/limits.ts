import { wholeNumber } from '../io/bytes.js';
import type { CacheOptions, OpenerCacheOptions } from './options.js';

/** The least and the most of a limit, and its value by default; one without a default must be given. */
interface Bound {
  readonly min: number;
  readonly max?: number;
  readonly value?: number;
}

type Bounds<Options> = { readonly [name in keyof Options]-?: Bound };
/** Every limit of a cache. */
export type CacheLimits<Options> = { readonly [name in keyof Options]-?: number };

const MAX_AGE: Bound = { min: 1 };
const CAPACITY: Bound = { min: 1, value: 100 };
/** caching-cmm.md, "Limit Messages" and "Limit Bytes". */
const MESSAGES: Bound = { min: 1, max: 4_294_967_296, value: 4_294_967_296 };
const BYTES: Bound = { min: 0, value: Infinity };

export const SEALER_CACHE: Bounds<CacheOptions> = {
  maxAge: MAX_AGE,
  capacity: CAPACITY,
  maxMessagesEncrypted: MESSAGES,
  maxBytesEncrypted: BYTES,
};
export const OPENER_CACHE: Bounds<OpenerCacheOptions> = {
  maxAge: MAX_AGE,
  capacity: CAPACITY,
  maxMessages: MESSAGES,
  maxBytes: BYTES,
};

/** The options of a cache, checked and complete. A limit under a name that the cache does not have would hold nothing: that is an error. */
export function limitsOf<Options extends object>(options: Options, bounds: Bounds<Options>): CacheLimits<Options> {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(bounds, name))
      throw new TypeError(`cache has no ${name}; it takes ${Object.keys(bounds).join(', ')}`);
  }
  const limits = Object.entries<Bound>(bounds).map(([name, { min, max, value }]) => {
    const given = options[name as keyof Options];
    return [name, given === undefined && value ? value : wholeNumber(given, `cache.${name}`, min, max)];
  });
  return Object.fromEntries(limits) as CacheLimits<Options>;
}
