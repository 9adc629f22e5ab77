// The server half of examples/open-in-page: in front of KMS, and of an S3 behind a relay, whose bucket may have a CORS rule.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { CreateBucketCommand, PutBucketCorsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { unlocking } from '../../../examples/open-in-page/server.mjs';
import { startKms } from './kms.mjs';
import { startRelay } from './relay.mjs';

const BUCKET = 'uploads';
/** By the cookie of their sessions. Anna and Otto have one employer, Bob another. */
const USERS = {
  anna: { id: 'anna', tenant: 'a' },
  otto: { id: 'otto', tenant: 'a' },
  bob: { id: 'bob', tenant: 'b' },
};

const contextOf = (upload, tenant) => ({ purpose: 'upload', upload, tenant });

/** The server half: KMS, S3 behind a relay, and the handler. @param {Partial<Parameters<typeof unlocking>[0]>} [options] */
export async function startUnlocking(options) {
  const kms = await startKms({ auth: true });
  const relay = await startRelay(kms.emulator.endpoint);
  const s3 = new S3Client({
    ...kms.emulator.config,
    endpoint: relay.origin,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const key = await KmsPublicKey.import(await kms.createKey());
  const sealer = new Sealer({ keys: [key], frameLength: 64 * 1024, cache: { maxAge: 3_600_000 } });
  const opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, cache: { maxAge: 3_600_000 } });
  const logged = [];
  const handler = unlocking({
    s3,
    bucket: BUCKET,
    opener,
    signIn: async ({ headers }) => USERS[/session=(\w+)/.exec(headers.cookie)?.[1]],
    find: async (id) =>
      id === 'unknown' ? undefined : { key: id, encryptionContext: { purpose: 'upload', upload: id } },
    maySee: (user, { tenant }) => user.tenant === tenant,
    limit: { requests: 10_000, seconds: 3600 },
    log: (entry) => logged.push(entry),
    ...options,
  });
  const server = createServer({ keepAliveTimeout: 0 }, handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    kms,
    relay,
    key,
    logged,
    origin,
    /** Has the server unlock a file. @param {string} id @param {RequestInit['headers']} headers @param {BodyInit} [body] */
    unlock: (id, headers, body) => fetch(`${origin}/unlock/${id}`, { method: 'POST', headers, body }),
    /** Seals for an upload of a tenant's, under one data key for each context. */
    seal: (plaintext, upload, tenant = 'a') => sealer.seal(plaintext, { encryptionContext: contextOf(upload, tenant) }),
    store: (id, Body, Metadata) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: id, Body, Metadata })),
    /**
     * Uploads like a page: the envelope, and its description in the object's metadata.
     * @param {Uint8Array} plaintext
     * @param {{ name: string, type: string }} [about]
     * @param {(envelope: Buffer) => void} [change] alters the envelope before it is stored
     * @returns {Promise<string>} its id
     */
    async put(plaintext, about, change) {
      const id = randomUUID();
      const sealed = await sealer.prepare(new Blob([plaintext]), { encryptionContext: contextOf(id, 'a') });
      const description = about && Buffer.from(await sealed.describe(about)).toString('base64url');
      const envelope = Buffer.from(await (await sealed.slice()).arrayBuffer());
      sealed.close();
      change?.(envelope);
      await this.store(id, envelope, description && { 'kmseal-description': description });
      return id;
    },
    /** The same, whose envelope is altered in the middle. */
    putAltered(plaintext, about) {
      return this.put(plaintext, about, (envelope) => (envelope[envelope.length >> 1] ^= 1));
    },
    /** Lets the pages of an origin read the bucket. */
    allow: (origin) =>
      s3.send(
        new PutBucketCorsCommand({
          Bucket: BUCKET,
          CORSConfiguration: {
            CORSRules: [{ AllowedOrigins: [origin], AllowedMethods: ['GET'], AllowedHeaders: ['range'] }],
          },
        }),
      ),
    async close() {
      server.close();
      server.closeAllConnections();
      sealer.close();
      opener.close();
      s3.destroy();
      await relay.close();
      await kms.close();
    },
  };
}
