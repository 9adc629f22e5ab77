// Many small files that were sealed with a cache, opened in Node.
import { performance } from 'node:perf_hooks';
import { startKms } from '../tests/support/servers/kms.mjs';
import { TRAIL, countCalls } from '../tests/support/servers/trail.mjs';

const FILES = 10_000;
const AT_A_TIME = 100;

export const title = `Opening ${FILES} files of 1 KiB in Node`;

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const { KmsPublicKey, Opener, Sealer } = await import('kmseal');
  const kms = await startKms({ env: TRAIL });
  try {
    const key = await KmsPublicKey.import(await kms.createKey({ spec: 'RSA_4096' }));
    const maxAge = 600_000;
    const sealer = new Sealer({ keys: [key], cache: { maxAge, maxMessagesEncrypted: 1000 } });
    const envelopes = [];
    for (let index = 0; index < FILES; index++) envelopes.push(await sealer.seal(new Uint8Array(1024)));

    const openAll = async (some, cache) => {
      const opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, cache });
      const start = performance.now();
      for (let first = 0; first < some.length; first += AT_A_TIME) {
        await Promise.all(some.slice(first, first + AT_A_TIME).map((envelope) => opener.open(envelope)));
      }
      return some.length / ((performance.now() - start) / 1000);
    };
    const withCache = await openAll(envelopes, { maxAge });
    const calls = await countCalls(kms.emulator, 'Decrypt');
    const without = await openAll(envelopes.slice(0, FILES / 10), undefined);
    return [
      { what: 'KMS calls, sealed with a cache of 1,000 messages', value: calls, unit: '', most: FILES / 1000 },
      { what: 'files a second, with a cache', value: withCache, unit: '' },
      { what: 'files a second, without, the emulator being the KMS', value: without, unit: '' },
    ];
  } finally {
    await kms.close();
  }
}
