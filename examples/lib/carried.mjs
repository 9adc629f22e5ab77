// Which properties of an object are kept when it is sealed for another key: metadata, headers, storage class and tags, so
// that expiry by tag still applies. Access lists, encryption at rest, and Object Lock are the target bucket's.
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { Refused } from './failures.mjs';

const HEADERS = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'ContentType',
  'StorageClass',
  'WebsiteRedirectLocation',
];

/** Parameters of PutObject, from HeadObject's answer. */
export async function carried(s3, from, source) {
  // S3 reports how many entries it cannot show in a header.
  if (source.MissingMeta)
    throw new Refused(`${source.MissingMeta} entries of the object's metadata cannot be read, and would be lost`);
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ ...from, VersionId: source.VersionId }));
  const expires = new Date(source.ExpiresString ?? NaN);
  return {
    ...Object.fromEntries(HEADERS.map((name) => [name, source[name]])),
    Expires: Number.isNaN(expires.getTime()) ? undefined : expires,
    Metadata: source.Metadata,
    Tagging:
      TagSet.map(({ Key, Value }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`).join('&') || undefined,
  };
}
