import { randomBytes } from '#random';
import { KmsealError } from '../errors.js';
import type { Chunk } from '../io/bytes.js';

/** Whether keys of a spec are ML-KEM keys. */
export const isMlKem = (keySpec: string) => keySpec.startsWith('ML_KEM');

/** What encapsulates for them: a script of its own, which few need. */
async function script(): Promise<typeof import('../ml-kem.js')> {
  try {
    return await import('../ml-kem.js');
  } catch (cause) {
    throw new KmsealError('ERR_LOAD', 'ml-kem.js could not be loaded; serve it beside index.js, then reload the page', {
      cause,
    });
  }
}

/**
 * Loads what seals for keys of a spec.
 *
 * @throws KmsealError ERR_LOAD
 */
export async function loadMlKem(keySpec: string): Promise<void> {
  await (await script()).ready(keySpec);
}

/**
 * A fresh secret for an ML-KEM key: what goes into the envelope, and the secret, which the caller wipes.
 *
 * @throws KmsealError ERR_LOAD, ERR_PLATFORM, ERR_INTERNAL
 */
export async function encapsulate(keySpec: string, publicKey: Chunk) {
  return (await script()).encapsulate(keySpec, publicKey, randomBytes);
}
