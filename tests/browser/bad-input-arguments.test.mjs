// Wrong arguments, contexts, sources and states of the sealing side: the code, and the sentence that helps.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { BROWSERS } from '../../tools/browsers.mjs';
import { refuses } from '../support/browsers/table.mjs';
import { SEALERS } from './bad-input/sealers.mjs';
import { CONTEXTS } from './bad-input/contexts.mjs';
import { SOURCES } from './bad-input/sources.mjs';
import { OTHERS } from './bad-input/others.mjs';

const values = () => readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');

const prepare = async (kmseal, pem) => {
  const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const key = await kmseal.KmsPublicKey.import(pem, { keyId });
  const { Sealer, Opener } = kmseal;
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
  const streamOf = (...chunks) =>
    new ReadableStream({
      start(controller) {
        chunks.forEach((chunk) => controller.enqueue(chunk));
        controller.close();
      },
    });
  const drain = async (stream) => new Uint8Array(await new Response(await stream).arrayBuffer()).length;
  const read = async (stream) => {
    for (const reader = (await stream).getReader(); !(await reader.read()).done; );
  };
  const bytes = new Uint8Array(10);
  const sealer = new Sealer({ keys: [key] });
  const prepared = await sealer.prepare(new Blob(['abc']));
  const closed = { sealer: new Sealer({ keys: [key] }), sealed: await sealer.prepare(new Blob(['abc'])) };
  closed.sealer.close();
  closed.sealed.close();
  const decrypt = async () => ({});
  return {
    key,
    Sealer,
    Opener,
    shared,
    streamOf,
    drain,
    read,
    bytes,
    sealer,
    prepared,
    closed,
    keyId,
    decrypt,
    make: (options) => new Sealer({ keys: [key], ...options }),
    cached: (cache) => new Sealer({ keys: [key], cache }),
    opener: (options) => new Opener({ keyIds: [keyId], decrypt, ...options }),
    within: (encryptionContext) => sealer.seal(bytes, { encryptionContext }),
    requiring: (requiredEncryptionContext) => sealer.seal(bytes, { requiredEncryptionContext }),
  };
};

refuses(BROWSERS, [...SEALERS, ...CONTEXTS, ...SOURCES, ...OTHERS], {
  values,
  prepare,
  // Begun before all of them, in the instance that ran them all.
  afterwards: async ({ prepared, sealer, bytes }) => [
    prepared.size,
    (await prepared.slice()).size,
    (await sealer.seal(bytes)).length,
  ],
  unharmed: ([size, sliced, sealed]) => assert.deepEqual({ sliced, sealed }, { sliced: size, sealed: size + 7 }),
});
