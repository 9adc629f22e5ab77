// AWS's own Encryption SDKs as second implementations: one process that seals and opens on request, in Python (esdk.py), Java, Go,
// JavaScript or Rust (the folders of these names). The other modules of this folder start one each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { KEYRINGS } from './keyrings.mjs';

/** @typedef {Awaited<ReturnType<typeof startPeer>>} Peer */

/** @param {{ env: Record<string, string> }} emulator of KMS @param {string} program @param {string[]} args */
export async function startPeer(emulator, program, args) {
  const folder = await mkdtemp(path.join(tmpdir(), 'kmseal-interop-'));
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const env = { ...process.env, ...emulator.env };
  // It ends when its standard input does, and therefore with this process.
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {}); // it has ended, which its missing answer shows
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
     * @param {{ keyrings?: object[], keys?: import('@aws-sdk/client-kms').GetPublicKeyCommandOutput[], algorithm?: string,
     *   frameLength?: number, encryptionContext?: Record<string, string>, required?: string[] }} options keyrings: of KEYRINGS; keys: RSA
     *   keys of KMS, in place of them; required: keys of the context that are authenticated and not stored
     * @returns {Promise<Uint8Array>} the message
     */
    async seal(
      plaintext,
      { algorithm, keys = [], keyrings = keys.map((key) => KEYRINGS.kmsRsa(key, algorithm)), ...rest },
    ) {
      const { frameLength = 4096, encryptionContext = {}, required = [] } = rest;
      const request = { do: 'seal', keys: keyrings, encryptionContext, required, frameLength };
      return (await ask(plaintext, request)).bytes;
    },

    /**
     * @param {Uint8Array} message
     * @param {{ keyrings?: object[], keyIds?: string[], algorithm?: string, encryptionContext?: Record<string, string> }} options
     *   keyIds: of RSA keys of KMS, in place of keyrings; encryptionContext: the pairs that are expected, with those that are not stored
     * @returns {Promise<{ plaintext: Uint8Array, encryptionContext: Record<string, string> }>} with the stored context
     */
    async open(message, { algorithm, keyIds = [], keyrings, encryptionContext = {} }) {
      const keys = keyrings ?? keyIds.map((KeyId) => KEYRINGS.kmsRsa({ KeyId }, algorithm));
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
