import type { Header, Unlocked } from '#glue';
import { fromBase64url, toBase64url } from '../io/base64url.js';
import { type Chunk, joined } from '../io/bytes.js';
import { checkedContext } from '../io/context.js';
import { closedError } from '../errors.js';
import type { OpenerOptions } from './opener-options.js';
import type { EncryptionContext, UnlockedHeader } from '../types.js';

const VERSION = 1;
/** Bytes of the hash, and of the key. */
const FIELD_BYTES = 32;

/** What an unlocked header is as JSON. */
export function handOver(unlocked: Unlocked): Pick<UnlockedHeader, 'version' | 'headerHash' | 'contentKey'> {
  const bytes = unlocked.handOver() as Chunk;
  unlocked.free();
  const headerHash = toBase64url(bytes.subarray(0, FIELD_BYTES));
  const contentKey = toBase64url(bytes.subarray(FIELD_BYTES));
  bytes.fill(0);
  return { version: VERSION, headerHash, contentKey };
}

/** An unlocked header that an opener was given. Its key is kept as bytes, which can be wiped. */
export class HandedOver {
  #bytes: Chunk | undefined;
  readonly #context: EncryptionContext | undefined;
  readonly #keyId: string;

  constructor({ unlocked, keyIds, keys, rawKeys }: OpenerOptions) {
    const { version, headerHash, contentKey, encryptionContext, keyId } = Object(unlocked) as UnlockedHeader;
    const texts = `${headerHash} ${contentKey}`;
    const isOne = version === VERSION && typeof keyId === 'string' && /^[\w-]{43} [\w-]{43}$/.test(texts);
    if (!isOne || (keyIds ?? keys ?? rawKeys))
      throw new TypeError('unlocked must be what opener.unlock() gave, with all its fields and no keys beside it');
    this.#context = checkedContext(encryptionContext);
    this.#keyId = keyId;
    this.#bytes = joined(texts.split(' ').map(fromBase64url));
  }

  /** What the caller expects beside its context must be in it. */
  unlock(header: Header, expected: EncryptionContext | undefined): { unlocked: Unlocked; keyId: string } {
    // It was closed while the header was read.
    if (!this.#bytes) throw closedError('opener');
    return { unlocked: header.unlock(this.#bytes, { ...this.#context, ...expected }), keyId: this.#keyId };
  }

  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }
}
