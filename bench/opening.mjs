// Opening in Node: many small files that were sealed with a cache, and one large file as a stream.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeFile } from './support/files.mjs';
import { median } from './support/figures.mjs';
import { startKms } from '../tests/support/kms.mjs';
import { TRAIL, countCalls } from '../tests/support/trail.mjs';

const FILES = 10_000;
const AT_A_TIME = 100;
const MIB = 512;
const ROUNDS = 5;

export const title = `Opening in Node: ${FILES} files of 1 KiB, and one of ${MIB} MiB`;

async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const { KmsPublicKey, Opener, Sealer } = await import('kmseal');
  const kms = await startKms({ env: TRAIL });
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-bench-'));
  try {
    const keys = await KmsPublicKey.import(await kms.createKey({ spec: 'RSA_4096' }));
    const openerWith = (cache) => new Opener({ keyIds: [keys.keyId], decrypt: kms.decrypt, cache });
    const cache = { maxAge: 600_000, maxMessagesEncrypted: 1000 };
    const sealer = new Sealer({ keys, cache });
    const envelopes = [];
    for (let index = 0; index < FILES; index++) envelopes.push(await sealer.seal(new Uint8Array(1024)));
    const openAll = async (opener, some) => {
      for (let first = 0; first < some.length; first += AT_A_TIME) {
        await Promise.all(some.slice(first, first + AT_A_TIME).map((envelope) => opener.open(envelope)));
      }
    };
    const seconds = await timed(() => openAll(openerWith(cache), envelopes));
    const calls = await countCalls(kms.emulator, 'Decrypt');
    const some = envelopes.slice(0, FILES / 10);
    const without = await timed(() => openAll(openerWith(undefined), some));

    const sealed = path.join(folder, 'sealed');
    const file = await makeFile(folder, MIB);
    await pipeline(Readable.fromWeb(await new Sealer({ keys }).seal(createReadStream(file), { size: MIB * 2 ** 20 })), createWriteStream(sealed));
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      times.push(await timed(async () => {
        const { plaintext } = await openerWith(undefined).open(createReadStream(sealed, { highWaterMark: 2 ** 20 }));
        for await (const chunk of plaintext) void chunk;
      }));
    }
    return [
      { what: 'KMS calls, sealed with a cache of 1,000 messages', value: calls, unit: '', most: FILES / 1000 },
      { what: 'small files a second, with a cache', value: FILES / seconds, unit: '' },
      { what: 'small files a second, without, the emulator being the KMS', value: some.length / without, unit: '' },
      { what: 'a large file from disk to a drained stream', value: (MIB * 2 ** 20) / median(times) / 1e6, unit: 'MB/s' },
    ];
  } finally {
    await rm(folder, { recursive: true });
    await kms.close();
  }
}
