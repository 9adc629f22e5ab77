// The program that a page gives for a language, run.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { KmsPublicKey, Sealer } from 'kmseal';
import { blocksOf } from '../docs/blocks.mjs';
import { sample } from '../support/page/bytes.mjs';

/** A KMS RSA key, and the program with its ARN. */
async function withKmsKey(code, { kms }) {
  const key = await kms.createKey();
  return { keys: [await KmsPublicKey.import(key)], program: code.replace(/"arn:aws:kms:[^"]*"/, `"${key.KeyId}"`) };
}

/**
 * @param {import('./pair.mjs').Pair} pair
 * @param {{ page: string, heading: string, file: string }} block file: what its program is called
 * @param {(file: string, folder: string, env: NodeJS.ProcessEnv) => Promise<unknown>} run in the folder, which has paper.kmseal
 * @param {{ within?: () => Promise<string> | string, prepare?: (code: string, pair: import('./pair.mjs').Pair, folder: string) =>
 *   Promise<{ keys: any[], program: string }> }} [options] within: where the folder is made; prepare: the keys that it is sealed for
 */
export function documented(pair, { page, heading, file }, run, { within = tmpdir, prepare = withKmsKey } = {}) {
  test(`the program of ${page} under "${heading}" opens an envelope`, async () => {
    const [block, ...others] = blocksOf(page).filter((one) => one.heading === heading);
    assert.deepEqual(others, []);
    const folder = await mkdtemp(path.join(await within(), 'kmseal-documented-'));
    try {
      const { keys, program } = await prepare(block.code, pair, folder);
      const encryptionContext = { purpose: 'identity-paper', user: '4711' };
      await writeFile(
        path.join(folder, 'paper.kmseal'),
        await new Sealer({ keys }).seal(sample(70_000), { encryptionContext }),
      );
      await writeFile(path.join(folder, file), program);
      await run(path.join(folder, file), folder, { ...process.env, ...pair.kms.emulator.env });
      assert.ok((await readFile(path.join(folder, 'paper.pdf'))).equals(sample(70_000)));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
