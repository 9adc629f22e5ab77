// The Lambda function of an S3 Batch Operations job that seals envelopes for another key, in place or into another bucket. S3 lists the
// objects, fans out, retries and reports; this function does the tasks of one call.
//
//     KEY_ARN          the KMS key that opens, or ECC_KEY_ARN if it is an ECC key
//     PUBLIC_KEY       the JSON of `aws kms get-public-key` of the key to seal for; an ML-KEM key needs EXPERIMENTAL=1
//     RAW_PUBLIC_KEY   the JSON of `kmseal key --raw` of an RSA key of your own that shall open, too; none by default. Beside an ML-KEM key it
//                      needs MIXED=1: what is sealed for both is not quantum-safe
//     TO_BUCKET        where the results go; the envelopes' own bucket only if it is versioned
//
// and the other settings of lib/settings.mjs. Deploy this file with the folder lib next to it, and kmseal, @aws-sdk/client-kms,
// @aws-sdk/client-s3 and @aws-sdk/lib-storage from npm, under the role ResealFunctionRole of infra/kmseal.yaml, which is for in place.
//
// These keys replace all that an envelope had: one that is not named, such as a break-glass key, opens it no more.
//
// It reseals the current version of each key. Old versions stay sealed for the old key: tasks that name one fail, and in place the previous
// envelope becomes one. Keep the old key until the bucket's lifecycle rule has removed them. In another bucket it replaces only what
// it made of the same key itself. It copies metadata, headers, storage class and tags; lib/carried.mjs lists the rest. Descriptions of files, in metadata
// or as KEY.description, are made again, since they are bound to the old envelope; their own tasks find that done. S3 sends an event for each
// resealed object as for an upload; lambda-open.mjs sees that there is nothing to open again.
import { KmsPublicKey, RsaPublicKey, Sealer, reseal } from 'kmseal';
import { batchHandler } from './lib/batch.mjs';
import { carried } from './lib/carried.mjs';
import { describing } from './lib/descriptions.mjs';
import { jsonSetting } from './lib/environment.mjs';
import { contextOf, decodeKey, describedBy } from './lib/object-keys.mjs';
import { start } from './lib/settings.mjs';
import { transformObject } from './lib/transform.mjs';

const publicKey = await KmsPublicKey.import(jsonSetting('PUBLIC_KEY'), {
  experimental: process.env.EXPERIMENTAL === '1',
});
const ownKeys = process.env.RAW_PUBLIC_KEY ? [await RsaPublicKey.import(jsonSetting('RAW_PUBLIC_KEY'))] : [];
const sealer = new Sealer({
  keys: [publicKey, ...ownKeys],
  mixed: process.env.MIXED === '1',
  cache: { maxAge: 300_000 },
});
const { s3, opener, bucket: target } = await start('TO_BUCKET');

const descriptions = describing({ s3, opener, sealer });
const operation = ['reseal', publicKey.keyId, ...[publicKey, ...ownKeys].map((key) => key.fingerprint)].join(' ');

export const handler = batchHandler(async ({ bucket, encodedKey, versionId }) => {
  const asked = decodeKey(encodedKey);
  // The file comes first, also for the task of its description: that is bound to the new envelope.
  const key = describedBy(asked) ?? asked;
  const isFile = key === asked;
  const encryptionContext = contextOf(key);
  const from = { Bucket: bucket, Key: key };
  const to = { Bucket: target.Bucket, Key: key };
  const job = { operation, from, to, versioned: target.versioned };
  const done = await transformObject(s3, {
    ...job,
    versionId: isFile ? versionId : undefined,
    carry: (source) => carried(s3, from, source),
    async transform(envelope, { source, record }) {
      const stream = await reseal(envelope, { opener, sealer, encryptionContext, size: source.ContentLength });
      return descriptions.within(stream, { source, from, record, encryptionContext });
    },
  });
  if (!['written', 'already there'].includes(done.outcome)) return done;
  const described = await descriptions.beside({
    ...job,
    encryptionContext,
    versionId: isFile ? undefined : versionId,
  });
  return isFile ? done : described;
});
