import type { Draft, Wrapping } from '#glue';
import { type Curve, sharedSecret } from './agreement.js';
import type { Senders } from '../cache/senders.js';
import type { Chunk } from '../io/bytes.js';
import { ignoreFailure } from '../io/promises.js';
import { encapsulate, isMlKem } from './encapsulation.js';

/** What the core plans for a recipient. */
interface Task {
  readonly index: number;
  readonly keySpec: string;
  readonly publicKey: Chunk;
}

/** Wraps a message's data key; undefined if that is done. The first of the messages that share it begins, and all wait. */
export function wrap(draft: Draft, senders: Senders): Promise<void> | undefined {
  const wrapping = draft.wrapping();
  if (!wrapping) return undefined;
  const begun = wrapping.work as Promise<void> | undefined;
  if (begun) {
    wrapping.free();
    return begun;
  }
  const work = perform(wrapping, senders);
  wrapping.work = work;
  ignoreFailure(work);
  return work;
}

async function perform(wrapping: Wrapping, senders: Senders): Promise<void> {
  try {
    const tasks = wrapping.tasks() as Task[];
    await Promise.all(
      tasks.map(async (task) => {
        const [sent, secret] = await exchange(task, senders);
        try {
          wrapping.accept(task.index, sent, secret);
        } finally {
          secret.fill(0);
        }
      }),
    );
    wrapping.finish();
  } catch (error) {
    wrapping.fail();
    throw error;
  } finally {
    wrapping.free();
  }
}

/** What goes into the envelope for a recipient, and the secret that it shares. */
async function exchange({ index, keySpec, publicKey }: Task, senders: Senders): Promise<readonly [Chunk, Chunk]> {
  if (KMSEAL_EVERY_KIND && isMlKem(keySpec)) return encapsulate(keySpec, publicKey);
  const curve = keySpec.replace('ECC_NIST_P', 'P-') as Curve;
  const sender = await senders(index, curve);
  return [sender.point, await sharedSecret(curve, publicKey, sender)];
}
