// A Lambda function on an S3 event: opens what was uploaded into another bucket.
//
//     KEY_ARN        the KMS key
//     PLAIN_BUCKET   where the plaintext goes
//
// Its role needs kms:Decrypt on the key, s3:GetObject on the one bucket's objects, and s3:PutObject, s3:GetObject and
// s3:AbortMultipartUpload on the other's; on that bucket itself s3:ListBucket, without which S3 does not tell that an object is missing.
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { Opener } from 'kmseal';
import { decodeKey, transformObject } from './s3-transform.mjs';

const { KEY_ARN, PLAIN_BUCKET } = process.env;

// Outside the handler: one of each, and one cache, for as long as Lambda keeps the instance.
const s3 = new S3Client({ forcePathStyle: process.env.S3_PATH_STYLE === '1' });
const kms = new KMSClient({ maxAttempts: 5 });
const opener = new Opener({
  keyIds: [KEY_ARN],
  decrypt: (input, { signal }) => kms.send(new DecryptCommand(input), { abortSignal: signal }),
  cache: { maxAge: 60_000 },
});

/** @param {{ Records: { s3: { bucket: { name: string }, object: { key: string, versionId?: string } } }[] }} event */
export async function handler(event) {
  for (const { s3: { bucket, object } } of event.Records) {
    const key = decodeKey(object.key);
    // uploads/USER/NAME.kmseal: the page seals with the user's id, so that nobody can pass another's envelope off as theirs.
    const [, user] = key.split('/');
    const from = { Bucket: bucket.name, Key: key, VersionId: object.versionId };
    const to = { Bucket: PLAIN_BUCKET, Key: key.replace(/\.kmseal$/, '') };
    await transformObject(s3, from, to, async (envelope) => {
      const { plaintext } = await opener.open(envelope, { encryptionContext: { purpose: 'upload', user } });
      return plaintext;
    });
  }
}
