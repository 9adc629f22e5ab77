import { startEmulator } from '../../tools/emulator.mjs';
import { createKey } from '../../tools/kms.mjs';
import { bucketAllows, connect, corsRule, createBucket, getPublicKey } from './aws.mjs';
import { fingerprintOf } from './keys.mjs';
import { listen, serveDemo } from './serve.mjs';

/**
 * The first is that of the ways to upload; the front page offers all of them.
 * @type {import('@aws-sdk/client-kms').KeySpec[]}
 */
const SPECS = ['RSA_4096', 'ECC_NIST_P384', 'ML_KEM_768'];
const BUCKET = 'kmseal-demo';

const MIB = 2 ** 20;

/** The emulator keeps objects in memory, and some of them three times while it sends them. */
const EMULATOR_MAX_FILE_BYTES = 512 * MIB;

/** S3 accepts no more in one PUT. */
const S3_MAX_UPLOAD_BYTES = 5 * 1024 * MIB;

/** An envelope is larger than its file: by 32 bytes a frame of 256 KiB, and by a header. */
const overhead = (bytes) => bytes / 4096 + MIB / 4;

/**
 * Serves the demo: on AWS with `keyArn` and `bucket`, else on an emulator with a key and a bucket of its own.
 *
 * @param {{ keyArn?: string, bucket?: string, ports: number[], specs?: import('@aws-sdk/client-kms').KeySpec[],
 *   unfinished?: import('./unfinished.mjs').Unfinished }} options ports: tried in turn, 0 for any that is free; specs: of the emulator's keys;
 *   unfinished: other bounds for what is begun
 */
export async function startDemo({ keyArn, bucket, ports, specs = SPECS, unfinished }) {
  const listening = await listen(ports);
  const prepare = keyArn ? () => onAws(keyArn, bucket, listening.origins) : () => onEmulator(listening.origins, specs);
  const { stop, ...backend } = await prepare().catch((error) => {
    listening.server.close();
    listening.server.closeAllConnections();
    throw error;
  });
  const { origin, close } = await serveDemo(listening, { ...backend, unfinished });
  const [publicKey] = backend.publicKeys;
  return {
    origin,
    server: listening.server,
    ...backend,
    publicKey,
    fingerprint: fingerprintOf(publicKey),
    async close() {
      await close();
      await stop();
    },
  };
}

/** @param {string[]} origins @param {import('@aws-sdk/client-kms').KeySpec[]} specs */
async function onEmulator(origins, specs) {
  // With auth, since only then the emulator enforces the bucket's CORS rule as S3 does.
  const emulator = await startEmulator({ auth: true });
  const { kms, s3 } = connect(emulator.config);
  const publicKeys = await Promise.all(specs.map((spec) => createKey(kms, { spec })));
  await createBucket(s3, BUCKET, origins);
  return {
    kms,
    s3,
    bucket: BUCKET,
    publicKeys,
    maxFileSize: EMULATOR_MAX_FILE_BYTES,
    maxUploadSize: EMULATOR_MAX_FILE_BYTES + overhead(EMULATOR_MAX_FILE_BYTES),
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
    publicKeys: [await getPublicKey(kms, keyArn)],
    maxFileSize: S3_MAX_UPLOAD_BYTES - 2 * MIB,
    maxUploadSize: S3_MAX_UPLOAD_BYTES,
    emulated: false,
    stop: async () => {},
  };
}
