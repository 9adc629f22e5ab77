// Opening a large file in Node, beside AWS's Python Encryption SDK: from disk, what comes out is dropped.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { startKms } from '../tests/support/kms.mjs';
import { makeFile } from './support/files.mjs';
import { rate, timesAsFast } from './support/figures.mjs';
import { ask } from './support/programs.mjs';
import { pythonSdk } from './support/python.mjs';

const MIB = 1024;
const SIZE = MIB * 2 ** 20;
const ROUNDS = 5;
/** Bytes of each read: what the README advises, and what Node does unless told. */
const READS = { 'reads of 2 MiB': 2 ** 21, 'reads of 64 KiB': 2 ** 16 };
const PROGRAM = fileURLToPath(new URL('support/open-in-node.mjs', import.meta.url));

export const title = `Opening ${MIB} MiB in Node`;

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const { KmsPublicKey, Sealer } = await import('kmseal');
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-bench-'));
  const kms = await startKms();
  try {
    const key = await kms.createKey({ spec: 'RSA_4096' });
    const keys = await KmsPublicKey.import(key);
    const sealed = path.join(folder, 'sealed');
    const file = createReadStream(await makeFile(folder, MIB));
    await pipeline(Readable.fromWeb(await new Sealer({ keys }).seal(file, { size: SIZE })), createWriteStream(sealed));

    const { env } = kms.emulator;
    const python = await pythonSdk(folder, key, env);
    const seconds = { python: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, read] of Object.entries(READS)) {
        (seconds[name] ??= []).push((await ask(process.execPath, [PROGRAM, key.KeyId, sealed, `${read}`], env)).seconds);
      }
      seconds.python.push((await python('open', sealed, 0)).seconds);
    }
    const [advised, plain] = Object.keys(READS).map((name) => ({
      what: `${name}, to AWS's Python SDK, its own loop`,
      value: timesAsFast(seconds, 'python', name),
      unit: 'x',
      note: `${rate(SIZE, seconds[name])} to ${rate(SIZE, seconds.python)}`,
    }));
    return [{ ...advised, least: 1 }, plain];
  } finally {
    await rm(folder, { recursive: true });
    await kms.close();
  }
}
