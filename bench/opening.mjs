// Opening a large file in Node, compared with AWS's Python Encryption SDK: from disk, and the output is dropped.
//
// What costs is V8's collector, which marks the whole heap again after every 10 to 30 MiB of new ArrayBuffers once the heap has more than 8 MiB,
// as with AWS's SDK loaded (Node 20, 22 and 24; `--trace-gc --trace-incremental-marking`: "allocation limit"): 60 to 100 times for 1 GiB, which
// takes a third of the CPU time. Bare SubtleCrypto calls in a loop do the same with such a heap, and need not with a smaller one. For each byte of
// the file a stream allocates one, SubtleCrypto's decrypt one in Node 20 and 22 and the plaintext one, all in memory that is not ours to free. What
// openFile reads is: it is freed as soon as it was opened. `--initial-heap-size=512` (MiB) lets the collector wait.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { startKms } from '../tests/support/servers/kms.mjs';
import { makeFile } from './support/files.mjs';
import { median, rate, timesAsFast } from './support/figures.mjs';
import { ask } from './support/programs.mjs';
import { pythonSdk } from './support/python.mjs';

const MEBIBYTES = 1024;
const SIZE = MEBIBYTES * 2 ** 20;
const ROUNDS = 5;
/** What docs/open.md advises; and streams by the bytes of each read, of which 64 KiB are Node's default. */
const READS = { openFile: 0, 'reads of 2 MiB': 2 ** 21, 'reads of 64 KiB': 2 ** 16 };
const PROGRAM = fileURLToPath(new URL('support/open-in-node.mjs', import.meta.url));

export const title = `Opening ${MEBIBYTES} MiB in Node`;

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const { KmsPublicKey, Sealer } = await import('kmseal');
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-bench-'));
  const kms = await startKms();
  try {
    const key = await kms.createKey({ spec: 'RSA_4096' });
    const keys = await KmsPublicKey.import(key);
    const sealed = path.join(folder, 'sealed');
    const file = createReadStream(await makeFile(folder, MEBIBYTES));
    await pipeline(Readable.fromWeb(await new Sealer({ keys }).seal(file, { size: SIZE })), createWriteStream(sealed));

    const { env } = kms.emulator;
    const python = await pythonSdk(folder, key, env);
    const seconds = { python: [] };
    const collections = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, read] of Object.entries(READS)) {
        const run = await ask(process.execPath, [PROGRAM, key.KeyId, sealed, `${read}`], env);
        (seconds[name] ??= []).push(run.seconds);
        (collections[name] ??= []).push(run.collections);
      }
      seconds.python.push((await python('open', sealed, 0)).seconds);
    }
    return Object.keys(READS).map((name) => ({
      what: `${name}, to AWS's Python SDK, its own loop`,
      value: timesAsFast(seconds, 'python', name),
      unit: 'x',
      least: 1,
      note: `${rate(SIZE, seconds[name])} to ${rate(SIZE, seconds.python)}, ${median(collections[name])} full collections`,
    }));
  } finally {
    await rm(folder, { recursive: true });
    await kms.close();
  }
}
