// KMS for a test: the emulator, a client, keys, and a list of the calls that open.
import { DecapsulateCommand, DecryptCommand, DeriveSharedSecretCommand, KMSClient } from '@aws-sdk/client-kms';
import { startEmulator } from '../../../tools/emulator.mjs';
import { createKey } from '../../../tools/kms.mjs';

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
  /** What an Opener is given. */
  const opens =
    (Command) =>
    (input, { signal } = {}) => {
      calls.push(input.KeyId);
      return client.send(new Command(input), { abortSignal: signal });
    };
  const operations = {
    decrypt: opens(DecryptCommand),
    deriveSharedSecret: opens(DeriveSharedSecretCommand),
    decapsulate: opens(DecapsulateCommand),
  };
  return {
    emulator,
    client,
    createClient,
    /** The key id of every call so far that opens. */
    calls,
    createKey: (settings) => createKey(client, { spec: 'RSA_2048', ...settings }),

    ...operations,

    /** An opener for a key of any kind. @param {import('kmseal').GetPublicKeyOutput} answer */
    async openerFor(answer) {
      const { KmsPublicKey, Opener } = await import('kmseal');
      return new Opener({ keys: [await KmsPublicKey.import(answer, { experimental: true })], ...operations });
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

/** Routes for startServer() through which a page calls KMS's operations that open (kit.mjs). */
export function kmsRoutes(kms) {
  const route = (app, path, call, sent, got) =>
    app.post(path, async (context) => {
      const { [sent]: bytes, ...input } = await context.req.json();
      try {
        const { $metadata, ...answer } = await call({ ...input, [sent]: Buffer.from(bytes, 'base64') });
        return context.json({ ...answer, [got]: Buffer.from(answer[got]).toString('base64') });
      } catch ({ name, message }) {
        return context.json({ name, message }, 400);
      }
    });
  return (app) => {
    route(app, '/decrypt', kms.decrypt, 'CiphertextBlob', 'Plaintext');
    route(app, '/derive', kms.deriveSharedSecret, 'PublicKey', 'SharedSecret');
    route(app, '/decapsulate', kms.decapsulate, 'SharedSecretCiphertextBlob', 'SharedSecret');
  };
}
