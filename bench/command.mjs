// The command compared with AWS's Rust and Python Encryption SDKs: opening and sealing 1 GiB in frames of 256 KiB.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { printed } from '../tools/kms.mjs';
import { ROOT, show } from '../tools/run.mjs';
import { rustEsdk } from '../tools/rust-esdk.mjs';
import { startKms } from '../tests/support/servers/kms.mjs';
import { makeFile } from './support/files.mjs';
import { median, quickest, rate, timesAsFast } from './support/figures.mjs';
import { peakOf, time } from './support/programs.mjs';
import { pythonSdk } from './support/python.mjs';

const ROUNDS = 5;
const MEBIBYTES = 1024;
const SIZE = MEBIBYTES * 2 ** 20;
const KMSEAL = path.join(ROOT, 'target/release/kmseal');
/** The SDK's own loop, and reads of this many bytes. */
const LOOPS = [0, 65_536, 262_144, 2 ** 20];

export const title = 'The command, 1 GiB';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  await show('cargo', ['build', '--release', '--package', 'kmseal-cli'], process.env);
  const rust = await rustEsdk();
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-bench-'));
  const kms = await startKms();
  try {
    return await measure(folder, kms, rust);
  } finally {
    await kms.close();
    await rm(folder, { recursive: true });
  }
}

async function measure(folder, kms, rust) {
  const { env } = kms.emulator;
  const key = await kms.createKey({ spec: 'RSA_4096' });
  const at = (name) => path.join(folder, name);
  await writeFile(at('key.json'), JSON.stringify(printed(key)));
  const python = await pythonSdk(folder, key, env);
  const plain = await makeFile(folder, MEBIBYTES);
  const sealed = at('sealed');
  await time(KMSEAL, ['seal', '--quiet', '--key', at('key.json'), '--output', sealed, plain], env);

  const names = LOOPS.map((read) => `Python, ${read ? `reads of ${read}` : 'its own loop'}`);
  const seconds = { open: {}, seal: {} };
  const peaks = { open: {}, seal: {} };
  const note = (what, who, { seconds: one, peak }) => {
    (seconds[what][who] ??= []).push(one);
    peaks[what][who] = Math.max(peak, peaks[what][who] ?? 0);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    note('open', 'kmseal', await time(KMSEAL, ['open', '--key-id', key.KeyId, '--output', '-', sealed], env));
    note('seal', 'kmseal', await time(KMSEAL, ['seal', '--key', at('key.json'), '--output', '-', plain], env));
    note('open', 'rust', await openInRust(rust, env, key, sealed));
    for (const [index, read] of LOOPS.entries()) {
      note('open', names[index], await python('open', sealed, read));
      note('seal', names[index], await python('seal', plain, read));
    }
  }
  const best = { open: quickest(seconds.open, names), seal: quickest(seconds.seal, names) };
  const mebibytes = (bytes) => bytes / 2 ** 20;
  const beside = (what, who) => `${rate(SIZE, seconds[what].kmseal)} to ${rate(SIZE, seconds[what][who])}`;
  return [
    {
      what: "opening to AWS's Rust SDK",
      value: timesAsFast(seconds.open, 'rust'),
      unit: 'x',
      least: 5,
      note: beside('open', 'rust'),
    },
    {
      what: `opening to AWS's ${best.open}`,
      value: timesAsFast(seconds.open, best.open),
      unit: 'x',
      least: 1,
      note: beside('open', best.open),
    },
    {
      what: `sealing to AWS's ${names[0]}`,
      value: timesAsFast(seconds.seal, names[0]),
      unit: 'x',
      least: 3,
      note: beside('seal', names[0]),
    },
    {
      what: `sealing to AWS's ${best.seal}`,
      value: timesAsFast(seconds.seal, best.seal),
      unit: 'x',
      note: beside('seal', best.seal),
    },
    {
      what: 'peak memory, opening',
      value: mebibytes(peaks.open.kmseal),
      unit: 'MiB',
      most: 64,
      note: `Rust ${Math.round(mebibytes(peaks.open.rust))}, Python ${Math.round(mebibytes(peaks.open[best.open]))}`,
    },
    { what: 'peak memory, sealing', value: mebibytes(peaks.seal.kmseal), unit: 'MiB', most: 64 },
    { what: 'opening', value: median(seconds.open.kmseal), unit: 's' },
  ];
}

/** The seconds of the SDK's own call; reading the file and writing the result do not count. */
async function openInRust(program, env, { KeyId }, input) {
  const child = spawn(program, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  const keys = [{ keyId: KeyId, algorithm: 'RSAES_OAEP_SHA_256' }];
  child.stdin.write(`${JSON.stringify({ do: 'open', keys, encryptionContext: {}, input, output: '/dev/null' })}\n`);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const peak = peakOf(child.pid);
  child.stdin.end();
  await once(child, 'exit');
  const { seconds, message } = JSON.parse(line);
  if (message) throw new Error(`AWS's Rust SDK: ${message}`);
  return { seconds, peak };
}
