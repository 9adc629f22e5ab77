// Opening a large file in Node, beside AWS's Python Encryption SDK: from disk, what comes out is dropped.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startKms } from '../tests/support/kms.mjs';
import { makeFile } from './support/files.mjs';
import { rate, timesAsFast } from './support/figures.mjs';
import { pythonSdk } from './support/python.mjs';

const MIB = 512;
const SIZE = MIB * 2 ** 20;
const ROUNDS = 5;

export const title = `Opening ${MIB} MiB in Node`;

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const { KmsPublicKey, Opener, Sealer } = await import('kmseal');
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-bench-'));
  const kms = await startKms();
  try {
    const key = await kms.createKey({ spec: 'RSA_4096' });
    const keys = await KmsPublicKey.import(key);
    const sealed = path.join(folder, 'sealed');
    const file = createReadStream(await makeFile(folder, MIB));
    await pipeline(Readable.fromWeb(await new Sealer({ keys }).seal(file, { size: SIZE })), createWriteStream(sealed));

    const python = await pythonSdk(folder, key, kms.emulator.env);
    const seconds = { kmseal: [], python: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const opener = new Opener({ keyIds: [keys.keyId], decrypt: kms.decrypt });
      const start = performance.now();
      const { plaintext } = await opener.open(createReadStream(sealed));
      for await (const chunk of plaintext) void chunk;
      seconds.kmseal.push((performance.now() - start) / 1000);
      seconds.python.push((await python('open', sealed, 0)).seconds);
    }
    const note = `${rate(SIZE, seconds.kmseal)} to ${rate(SIZE, seconds.python)}`;
    return [{ what: "to AWS's Python SDK, its own loop", value: timesAsFast(seconds, 'python'), unit: 'x', least: 1, note }];
  } finally {
    await rm(folder, { recursive: true });
    await kms.close();
  }
}
