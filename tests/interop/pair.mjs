// The SDK of a language and KMS, for the tests of one file.
import { after, before } from 'node:test';
import { startKms } from '../support/servers/kms.mjs';

/**
 * @param {string} name the language
 * @param {(emulator: Awaited<ReturnType<typeof startKms>>['emulator']) => Promise<import('./peers/peer.mjs').Peer>} start of peers/
 * @returns {Pair} `kms` and `peer` are there once the tests run
 * @typedef {{ name: string, kms: Awaited<ReturnType<typeof startKms>>, peer: import('./peers/peer.mjs').Peer }} Pair
 */
export function startPair(name, start) {
  const pair = /** @type {Pair} */ ({ name });
  before(async () => {
    pair.kms = await startKms();
    pair.peer = await start(pair.kms.emulator);
  });
  after(async () => {
    await pair.peer?.close();
    await pair.kms?.close();
  });
  return pair;
}
