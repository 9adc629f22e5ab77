// A Lambda function for S3's events, direct, through an SQS queue or through EventBridge: looks at each new object before anybody opens it, and
// moves what could never be opened, or is not what its key says, to a quarantine prefix. It has no permission at KMS, and reads no
// more of an object than the header and the head of the final frame.
//
//     FROM_OWNER          account of the bucket
//     QUARANTINE_PREFIX   where refused objects go, in their own bucket; quarantine/ by default
//     EVENT_BUS           name of EventBridge's bus that the application is told through; default by default
//     PART_SIZE           bytes; larger objects are copied in parts of it. 512 MiB by default, 5 GiB at most
//
// the keys of lib/recipients.mjs and the other settings of lib/environment.mjs. Deploy this file with the folder lib next to it, and kmseal,
// @aws-sdk/client-eventbridge and @aws-sdk/client-s3 from npm; infra/kmseal.yaml has the function, its role, its queue and its log.
//
// An object is refused that is not an envelope, is for other keys, has a context other than lib/object-keys.mjs makes of its key, or is not
// as long as its frames say. Its copy has the tags kmseal-refused, a code, and kmseal-reason, a sentence, and not its own tags. A
// description (KEY.description) is an envelope like any other, and a small one.
//
// It looks at the current version of a key. An event for an earlier one does nothing, since the later one has its own. An event that is
// repeated finds what is done, and the application may be told twice: an event with the same object.key, version-id and etag is the same.
// It is told after the copy and before the deletion, so that a crash in between loses nothing.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { ACCOUNT, retries, s3Client, setting } from './lib/environment.mjs';
import { examine, isRefusal } from './lib/examine.mjs';
import { notificationHandler } from './lib/notifications.mjs';
import { contextOf, describedBy, rawKey, withoutDots } from './lib/object-keys.mjs';
import { copyTagged, quarantineKey, removeExamined } from './lib/quarantine.mjs';
import { ownKeys } from './lib/recipients.mjs';
import { head } from './lib/record.mjs';

const TRIES = 4;
/** The object was replaced or deleted meanwhile. */
const CONFLICTS = new Set(['PreconditionFailed', 'NoSuchKey']);
const MAX_PART_BYTES = 5 * 2 ** 30;

const owner = setting('FROM_OWNER', ACCOUNT);
const prefix = setting('QUARANTINE_PREFIX', /^[\w!.'()-][\w!.'()/-]*\/$/, 'quarantine/');
const EventBusName = setting('EVENT_BUS', /^[\w./:-]+$/, 'default');
const partSize = Math.min(Number(setting('PART_SIZE', /^[1-9]\d*$/, `${2 ** 29}`)), MAX_PART_BYTES);
const isOwn = ownKeys();
const s3 = s3Client(() => owner);
const events = new EventBridgeClient(retries(5000));

export const handler = notificationHandler(async ({ bucket, object }) => {
  const at = { Bucket: bucket.name, Key: rawKey(object.key) };
  // Whatever the bucket's filter says: what is in quarantine is never moved into it again.
  if (at.Key.startsWith(prefix)) return { outcome: 'in quarantine' };
  for (let tries = 1; ; tries++) {
    try {
      return await once(at, object);
    } catch (error) {
      // ERR_READ has S3's error as its cause.
      if (tries === TRIES || !(CONFLICTS.has(error.name) || CONFLICTS.has(error.cause?.name))) throw error;
    }
  }
});

/**
 * @param {{ Bucket: string, Key: string }} at
 * @param {import('./lib/notifications.mjs').Named['object']} event
 */
async function once(at, { versionId, sequencer }) {
  const found = await head(s3, at);
  if (!found) return { outcome: 'source gone' };
  if (versionId && found.VersionId !== versionId) return { outcome: 'superseded' };
  const source = { ...found, ...at };
  const described = describedBy(at.Key);
  const told = {
    bucket: { name: at.Bucket },
    object: {
      key: at.Key,
      size: source.ContentLength,
      etag: source.ETag.replaceAll('"', ''),
      'version-id': source.VersionId,
      sequencer,
    },
    kind: described === undefined ? 'file' : 'description',
  };
  try {
    const encryptionContext = contextOf(withoutDots(described ?? at.Key));
    const isDescription = described !== undefined;
    const { messageId, plaintextSize } = await examine(rangesOf(source), { isOwn, encryptionContext, isDescription });
    await tell('Envelope Accepted', { ...told, envelope: { messageId, plaintextSize } });
    return { outcome: 'accepted' };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { code, message } = error;
    const key = quarantineKey(prefix, source);
    await copyTagged(s3, source, { Key: key, tags: { 'kmseal-refused': code, 'kmseal-reason': message }, partSize });
    await tell('Envelope Refused', { ...told, refused: { code, reason: message }, quarantine: { key } });
    await removeExamined(s3, source);
    return { outcome: 'refused', code };
  }
}

/** Parts of the object, all of the same one. */
function rangesOf({ Bucket, Key, ETag, ContentLength: size }) {
  const read = async (start, end, { signal }) => {
    const Range = `bytes=${start}-${end - 1}`;
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, IfMatch: ETag, Range }), {
      abortSignal: signal,
    });
    return new Uint8Array(await Body.transformToByteArray());
  };
  return { size, read };
}

/** @param {'Envelope Accepted' | 'Envelope Refused'} DetailType */
async function tell(DetailType, detail) {
  const entry = { EventBusName, Source: 'kmseal.intake', DetailType, Detail: JSON.stringify(detail) };
  const { FailedEntryCount, Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }));
  // The call itself succeeds when its entry fails.
  if (FailedEntryCount) throw Object.assign(new Error(Entries[0].ErrorMessage), { name: Entries[0].ErrorCode });
}
