// AWS's Python Encryption SDK, as a peer (peers/esdk.py).
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { venv } from '../../tools/venv.mjs';
import { pemOf } from '../../tests/interop/peers/keyrings.mjs';
import { ask } from './programs.mjs';

const PROGRAM = fileURLToPath(new URL('../peers/esdk.py', import.meta.url));

/**
 * How to run it under a key of the emulator: `what` is open or seal; `read` is the bytes of each read, or 0 for the SDK's own loop.
 *
 * @param {string} folder where the key is written for it
 */
export async function pythonSdk(folder, key, env) {
  const keyFile = path.join(folder, 'python-key.json');
  await writeFile(keyFile, JSON.stringify({ keyId: key.KeyId, pem: pemOf(key.PublicKey) }));
  const python = await venv('interop');
  return (what, input, read) => ask(python, [PROGRAM, what, keyFile, input, '/dev/null', `${read}`], env);
}
