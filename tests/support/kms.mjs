// KMS for a test: the emulator, a client, keys, and a list of the Decrypt calls.
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { startEmulator } from '../../scripts/lib/emulator.mjs';
import { createRsaKey } from '../../scripts/lib/kms.mjs';

/** @param {Parameters<typeof startEmulator>[0]} [options] */
export async function startKms(options) {
  const emulator = await startEmulator(options);
  const clients = [];
  const createClient = (config) => {
    const client = new KMSClient({ ...emulator.config, ...config });
    clients.push(client);
    return client;
  };
  const client = createClient();
  const calls = [];
  return {
    emulator,
    client,
    createClient,
    /** The key id of every Decrypt call so far. */
    calls,
    createKey: (settings) => createRsaKey(client, { spec: 'RSA_2048', ...settings }),

    /** What an Opener is given. */
    decrypt(input, { signal } = {}) {
      calls.push(input.KeyId);
      return client.send(new DecryptCommand(input), { abortSignal: signal });
    },

    async close() {
      for (const one of clients) one.destroy();
      await emulator.stop();
    },
  };
}

/** Asks KMS once about each ciphertext, for tests that open one envelope thousands of times. */
export function remembering(decrypt) {
  const answers = new Map();
  return async (input, options) => {
    const asked = Buffer.from(input.CiphertextBlob).toString('base64');
    if (!answers.has(asked)) answers.set(asked, await decrypt(input, options));
    const { KeyId, Plaintext } = answers.get(asked);
    return { KeyId, Plaintext: Plaintext.slice() };
  };
}

/** A route for startServer() through which a page calls KMS Decrypt (page.mjs). */
export function decryptRoute(kms) {
  return (app) =>
    app.post('/decrypt', async (context) => {
      const { CiphertextBlob, ...input } = await context.req.json();
      try {
        const answer = await kms.decrypt({ ...input, CiphertextBlob: Buffer.from(CiphertextBlob, 'base64') });
        return context.json({ KeyId: answer.KeyId, Plaintext: Buffer.from(answer.Plaintext).toString('base64') });
      } catch ({ name, message }) {
        return context.json({ name, message }, 400);
      }
    });
}
