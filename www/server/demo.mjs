import { createHash } from 'node:crypto';
import { startEmulator } from '../../scripts/lib/emulator.mjs';
import { createRsaKey } from '../../scripts/lib/kms.mjs';
import { bucketAllows, connect, corsRule, createBucket, getPublicKey } from './aws.mjs';
import { listen, serveDemo } from './serve.mjs';

const ALIAS = 'alias/kmseal-demo';
const BUCKET = 'kmseal-demo';

/** The emulator holds objects in memory, and some of them three times while it sends them. */
const EMULATOR_MAX_UPLOAD = 512 * 2 ** 20;

/** S3 takes no more in one PUT. */
const S3_MAX_UPLOAD = 5 * 2 ** 30;

/**
 * Serves the demo: on AWS with `keyArn` and `bucket`, else on an emulator with a key and a bucket of its own.
 *
 * @param {{ keyArn?: string, bucket?: string, ports: number[], unfinished?: import('./unfinished.mjs').Unfinished }} options ports: tried
 *   in turn, 0 for any that is free; unfinished: other bounds for what is begun
 */
export async function startDemo({ keyArn, bucket, ports, unfinished }) {
  const listening = await listen(ports);
  const prepare = keyArn ? () => onAws(keyArn, bucket, listening.origins) : onEmulator;
  const { stop, ...backend } = await prepare(listening.origins).catch((error) => {
    listening.server.close();
    throw error;
  });
  const { origin, close } = await serveDemo(listening, { ...backend, unfinished });
  return {
    origin,
    ...backend,
    fingerprint: `SHA256:${createHash('sha256').update(backend.publicKey.PublicKey).digest('base64')}`,
    async close() {
      await close();
      await stop();
    },
  };
}

/** @param {string[]} origins */
async function onEmulator(origins) {
  // With auth, since only then the bucket's CORS rule counts as it does on S3.
  const emulator = await startEmulator({ auth: true });
  const { kms, s3 } = connect(emulator.config);
  await createRsaKey(kms, { spec: 'RSA_4096', alias: ALIAS });
  await createBucket(s3, BUCKET, origins);
  return {
    kms,
    s3,
    bucket: BUCKET,
    publicKey: await getPublicKey(kms, ALIAS),
    maxUploadSize: EMULATOR_MAX_UPLOAD,
    emulated: true,
    stop: emulator.stop,
  };
}

/** @param {string} keyArn @param {string | undefined} bucket @param {string[]} origins */
async function onAws(keyArn, bucket, origins) {
  const region = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\//.exec(keyArn)?.[1];
  if (!region) throw new Error('KMSEAL_KEY_ARN must be the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID.');
  if (!bucket) throw new Error(`KMSEAL_BUCKET must name a bucket in ${region} for the envelopes.`);
  const { kms, s3 } = connect({ region });
  if (!(await bucketAllows(s3, bucket, origins))) {
    const rules = JSON.stringify({ CORSRules: [corsRule(origins)] });
    throw new Error(
      `The bucket ${bucket} does not let the page upload. This replaces its CORS rules by the one that is needed:\n\n` +
        `    aws s3api put-bucket-cors --bucket ${bucket} --cors-configuration '${rules}'\n`,
    );
  }
  return {
    kms,
    s3,
    bucket,
    publicKey: await getPublicKey(kms, keyArn),
    maxUploadSize: S3_MAX_UPLOAD,
    emulated: false,
    stop: async () => {},
  };
}
