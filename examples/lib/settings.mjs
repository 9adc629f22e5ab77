// Settings and clients of KMS and S3, for the functions next to this folder that open. A function calls start() once, while it
// starts: a missing or misspelt setting must stop it before the first object.
//
//     KEY_ARN              ARN of the RSA or ML-KEM key of KMS that opens, or several, separated by commas: the nearest first
//     ECC_KEY_ARN          the same of ECC keys, whose public keys KMS is asked for; at least one of the two is set
//     FROM_OWNER           account of the bucket of envelopes; that of the first key by default
//     TO_OWNER             account of the bucket of results; that of the first key by default
//
// and those of environment.mjs. KMS is asked again after 5,000 ms at the latest.
import {
  DecapsulateCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  GetPublicKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { Opener } from 'kmseal';
import { ACCOUNT, BUCKET, keyArns, requestTimeout, retries, s3Client, setting } from './environment.mjs';

/**
 * Connects to KMS and S3.
 * @param {string} bucketSetting the name of the setting that says where the results go
 */
export async function start(bucketSetting) {
  const keys = keyArns('ECC_KEY_ARN');
  if (keys.length === 0) setting('KEY_ARN');
  const keyIds = keyArns();
  const [, , , , account] = [...keyIds, ...keys][0].split(':');
  const [FROM_OWNER, TO_OWNER] = ['FROM_OWNER', 'TO_OWNER'].map((name) => setting(name, ACCOUNT, account));
  const Bucket = setting(bucketSetting, BUCKET);
  const s3 = s3Client((bucket) => (bucket === Bucket ? TO_OWNER : FROM_OWNER));
  const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));

  // A client for each region: one region's outage leaves the keys of the others.
  const clients = {};
  const kms = { retryMode: 'adaptive', ...retries(5000) };
  const clientOf = (region) => (clients[region] ??= new KMSClient({ region, ...kms }));
  const calls = (Command) => (input, options) => clientOf(input.KeyId.split(':')[3]).send(new Command(input), options);
  const opener = new Opener({
    ...(keyIds.length > 0 && { keyIds, decrypt: calls(DecryptCommand), decapsulate: calls(DecapsulateCommand) }),
    ...(keys.length > 0 && {
      keys,
      getPublicKey: calls(GetPublicKeyCommand),
      deriveSharedSecret: calls(DeriveSharedSecretCommand),
    }),
    idleTimeout: requestTimeout(), // of an object's body that stands still in the middle
    cache: { maxAge: 300_000 }, // for as long as Lambda keeps the instance
  });
  return { s3, opener, bucket: { Bucket, versioned: Status === 'Enabled' } };
}
