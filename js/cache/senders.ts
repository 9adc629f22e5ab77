import { type Curve, type Sender, makeSender } from '../frames/agreement.js';
import type { CacheLimits } from './limits.js';
import type { CacheOptions } from './options.js';
import { ignoreFailure } from '../io/promises.js';
import { CacheWatch, timeLeft } from './watch.js';

/** Gives the sender for one recipient, by its index. */
export type Senders = (index: number, curve: Curve) => Promise<Sender>;

/** A fresh sender for every data key. */
export const freshSenders: Senders = (_, curve) => makeSender(curve);

interface Kept {
  readonly senders: Map<number, Promise<Sender>>;
  readonly born: number;
  messages: number;
  bytes: number;
}

/** Senders that are kept within limits, one for each recipient: an opener needs one DeriveSharedSecret for all that they seal. */
export class SenderCache {
  readonly limits: CacheLimits<CacheOptions>;
  #kept: Kept | undefined;
  readonly #watch = new CacheWatch(
    () => this.#expire(),
    () => {
      this.#kept = undefined;
    },
  );

  constructor(limits: CacheLimits<CacheOptions>) {
    this.limits = limits;
  }

  /** Reserves the use of the kept senders for one message; of an unknown number of bytes it gets fresh ones. */
  reserve(bytes: number | undefined): Senders {
    const { maxMessagesEncrypted, maxBytesEncrypted } = this.limits;
    if (bytes === undefined || bytes > maxBytesEncrypted) return freshSenders;
    this.#expire();
    let kept = this.#kept;
    if (!kept || kept.messages >= maxMessagesEncrypted || kept.bytes + bytes > maxBytesEncrypted) {
      this.#kept = kept = { senders: new Map(), born: Date.now(), messages: 0, bytes: 0 };
      this.#watch.start();
    }
    kept.messages++;
    kept.bytes += bytes;
    return (index, curve) => kept.senders.get(index) ?? make(kept, index, curve);
  }

  /** Drops them. */
  close(): void {
    this.#watch.forget();
  }

  /** Drops them if they are too old; returns the milliseconds that are left. */
  #expire(): number | undefined {
    if (!this.#kept) return undefined;
    const left = timeLeft(this.#kept.born, this.limits.maxAge);
    if (left > 0) return left;
    this.#kept = undefined;
    return undefined;
  }
}

/** A failure is not kept. */
function make({ senders }: Kept, index: number, curve: Curve): Promise<Sender> {
  const sender = makeSender(curve);
  senders.set(index, sender);
  ignoreFailure(sender.catch(() => senders.delete(index)));
  return sender;
}
