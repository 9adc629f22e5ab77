import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, GetBucketCorsCommand, PutBucketCorsCommand, S3Client } from '@aws-sdk/client-s3';

// The SDK announces a year ahead which version of Node its later releases will need. Ours is pinned and works with this one, and people
// who start the demo cannot act on it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/**
 * Clients for AWS, or for an emulator where there is an `endpoint`.
 *
 * @param {{ region: string, endpoint?: string, credentials?: { accessKeyId: string, secretAccessKey: string } }} options
 */
export function connect({ region, endpoint, credentials }) {
  const common = { region, endpoint, credentials };
  return {
    kms: new KMSClient(common),
    s3: new S3Client({
      ...common,
      // An IP address has no subdomain for the bucket's name.
      forcePathStyle: endpoint !== undefined,
      // Otherwise the checksum of an empty body is signed into every presigned PUT.
      requestChecksumCalculation: 'WHEN_REQUIRED',
    }),
  };
}

/** @param {KMSClient} kms @param {string} keyId a key ARN, a key id or an alias */
export const getPublicKey = (kms, keyId) => kms.send(new GetPublicKeyCommand({ KeyId: keyId }));

/** The headers of a PUT. */
const HEADERS = ['content-type', 'if-none-match', 'x-amz-checksum-sha256', 'x-amz-meta-kmseal-description'];

/** The bucket's CORS rule, which lets the page PUT to a presigned URL and see a part's ETag. @param {string[]} origins */
export const corsRule = (origins) => ({
  AllowedOrigins: origins,
  AllowedMethods: ['PUT'],
  AllowedHeaders: HEADERS,
  ExposeHeaders: ['ETag'],
});

/** @param {S3Client} s3 @param {string} bucket @param {string[]} origins */
export async function createBucket(s3, bucket, origins) {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [corsRule(origins)] } }));
}

/**
 * Whether a bucket that we may not change lets the page in.
 *
 * @param {S3Client} s3
 * @param {string} bucket
 * @param {string[]} origins
 */
export async function bucketAllows(s3, bucket, origins) {
  try {
    const { CORSRules = [] } = await s3.send(new GetBucketCorsCommand({ Bucket: bucket }));
    const allows = (origin) =>
      CORSRules.some(
        (rule) =>
          rule.AllowedMethods.includes('PUT') &&
          rule.AllowedOrigins.some((allowed) => allowed === '*' || allowed === origin) &&
          HEADERS.every((name) =>
            rule.AllowedHeaders?.some((header) => header === '*' || header.toLowerCase() === name),
          ) &&
          rule.ExposeHeaders?.some((header) => header.toLowerCase() === 'etag'),
      );
    return origins.every(allows);
  } catch (error) {
    if (error.name === 'NoSuchCORSConfiguration') return false;
    throw error;
  }
}
