// AWS's own Encryption SDKs as second implementations: one process that seals and opens on request, in Python (esdk.py) or in
// Rust (rust-esdk).
import { spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { venv } from '../../scripts/lib/venv.mjs';

const PROGRAM = fileURLToPath(new URL('esdk.py', import.meta.url));
const SHA_256 = 'RSAES_OAEP_SHA_256';

/** KMS's answer to GetPublicKey as the SDK wants it. */
export function describeKey({ KeyId, PublicKey }, algorithm) {
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  return { keyId: KeyId, pem: key.export({ format: 'pem', type: 'spki' }), algorithm };
}

/** @param {Awaited<ReturnType<import('../../scripts/lib/emulator.mjs').startEmulator>>} emulator */
export async function startPython(emulator) {
  return startPeer(emulator, await venv('interop'), [PROGRAM]);
}

/** @param {string} program the built rust-esdk */
export function startRust(emulator, program) {
  return startPeer(emulator, program, []);
}

async function startPeer(emulator, program, args) {
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-interop-'));
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const env = { ...process.env, ...emulator.env };
  // It ends when its standard input does, and so with this process.
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {}); // it has ended, which its missing answer tells
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  let last = Promise.resolve();
  /** Requests wait for each other. */
  const ask = (bytes, request) => {
    const answer = last.then(async () => {
      await writeFile(input, bytes);
      child.stdin.write(`${JSON.stringify({ ...request, input, output })}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the SDK ended: its words are above');
      const { error, message, ...result } = JSON.parse(value);
      if (error) throw Object.assign(new Error(message), { name: error });
      return { ...result, bytes: new Uint8Array(await readFile(output)) };
    });
    last = answer.catch(() => {});
    return answer;
  };

  return {
    /**
     * @param {Uint8Array} plaintext
     * @param {{ keys: import('@aws-sdk/client-kms').GetPublicKeyCommandOutput[], algorithm?: string, frameLength?: number,
     *   encryptionContext?: Record<string, string>, required?: string[] }} options required: keys of the context that are
     *   authenticated and not stored
     * @returns {Promise<Uint8Array>} the message
     */
    async seal(plaintext, { keys, algorithm = SHA_256, frameLength = 4096, encryptionContext = {}, required = [] }) {
      const described = keys.map((key) => describeKey(key, algorithm));
      const request = { do: 'seal', keys: described, encryptionContext, required, frameLength };
      return (await ask(plaintext, request)).bytes;
    },

    /**
     * @param {Uint8Array} message
     * @param {{ keyIds: string[], algorithm?: string, encryptionContext?: Record<string, string> }} options
     *   encryptionContext: the pairs that are expected, with those that are not stored
     * @returns {Promise<{ plaintext: Uint8Array, encryptionContext: Record<string, string> }>} with the stored context
     */
    async open(message, { keyIds, algorithm = SHA_256, encryptionContext = {} }) {
      const keys = keyIds.map((keyId) => ({ keyId, algorithm }));
      const { bytes, ...result } = await ask(message, { do: 'open', keys, encryptionContext });
      return { plaintext: bytes, ...result };
    },

    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
