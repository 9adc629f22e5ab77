// Descriptions of files that are resealed. A description is a small envelope with a file's name and type, in the metadata of the file's object or
// beside it as KEY.description. It is bound to the message id of its file, which is another one after resealing. So it is made again.
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { inspect } from 'kmseal';
import { carried } from './carried.mjs';
import { besideKey } from './object-keys.mjs';
import { head, look, versionOf } from './record.mjs';
import { transformObject } from './transform.mjs';

const NAME = 'kmseal-description';
/** Bytes of an envelope in which its header is. */
const FIRST = 65_536;
/** Bytes of names and values that S3 takes as metadata. */
const MOST_METADATA = 2048;

const lengthOf = (metadata) => Buffer.byteLength(Object.entries(metadata).flat().join(''));

/** @param {{ s3: import('@aws-sdk/client-s3').S3Client, opener: import('kmseal').Opener, sealer: import('kmseal').Sealer }} clients */
export function describing({ s3, opener, sealer }) {
  const read = async (object, start, end) =>
    (
      await s3.send(new GetObjectCommand({ ...object, Range: `bytes=${start}-${end - 1}` }))
    ).Body.transformToByteArray();

  /** The message id of an envelope. Its header and its last frame are authentic by then. */
  async function messageIdOf(object, encryptionContext) {
    const { ContentLength: size } = await s3.send(new HeadObjectCommand(object));
    const source = { size, read: (start, end) => read(object, start, end) };
    const { plaintext, messageId } = await opener.openRange(source, { encryptionContext, end: 0 });
    await plaintext.cancel();
    return messageId;
  }

  /** A description for the new envelope; one that is not of the old envelope is refused. `header`: of inspect(). */
  async function again(description, { old, header, encryptionContext }) {
    const messageId = await messageIdOf(old, encryptionContext);
    const described = await opener.describe(description, { messageId, encryptionContext });
    const { messageId: newId, encryptionContext: stored } = header;
    const required = Object.entries(encryptionContext).filter(([name]) => !Object.hasOwn(stored, name));
    const json = Buffer.from(JSON.stringify({ ...described, messageId: newId }));
    const requiredEncryptionContext = Object.fromEntries(required);
    return Buffer.from(await sealer.seal(json, { encryptionContext: stored, requiredEncryptionContext }));
  }

  return {
    /**
     * What becomes of an object's description in metadata: parameters for write() of transform.mjs. One that has grown too long for metadata
     * goes beside, by beside().
     */
    async within(stream, { source, from, record, encryptionContext }) {
      const { [NAME]: description, ...rest } = source.Metadata ?? {};
      if (description === undefined) return { stream };
      const { header, whole } = await peeked(stream);
      const old = versionFrom(from, versionOf(source));
      const sealed = (await again(description, { old, header, encryptionContext })).toString('base64url');
      const metadata = { ...rest, [NAME]: sealed };
      return { stream: whole, metadata: lengthOf({ ...metadata, ...record }) <= MOST_METADATA ? metadata : rest };
    },

    /**
     * Makes the description beside a file again that was resealed, as transformObject() does.
     * @param {Omit<import('./transform.mjs').Job, 'transform' | 'carry'> & { encryptionContext: Record<string, string> }} job
     * @returns {Promise<import('./transform.mjs').Done>}
     */
    async beside({ encryptionContext, ...job }) {
      const { from, to } = job;
      const { there, made } = await look(s3, to);
      if (there.Metadata?.[NAME] !== undefined) return { outcome: 'already there' };
      const old = versionFrom(from, made.version);
      // As a stream: of bytes and Blobs inspect() would miss the end.
      const start = new Blob([new Uint8Array(await read({ ...to, IfMatch: there.ETag }, 0, FIRST))]);
      const header = await inspect(start.stream());
      const within = (await head(s3, old))?.Metadata?.[NAME];
      const place = { ...to, Key: besideKey(to.Key) };
      if (within !== undefined) {
        const Body = await again(within, { old, header, encryptionContext });
        await s3.send(new PutObjectCommand({ ...place, Body, IfNoneMatch: '*' })).catch((error) => {
          if (error.name !== 'PreconditionFailed') throw error; // else an earlier try has written it
        });
        return { outcome: 'written' };
      }
      const described = { ...from, Key: besideKey(from.Key) };
      return transformObject(s3, {
        ...job,
        from: described,
        to: place,
        carry: (source) => carried(s3, described, source),
        async transform(body) {
          const description = Buffer.concat(await body.toArray());
          return { stream: new Blob([await again(description, { old, header, encryptionContext })]).stream() };
        },
      });
    },
  };
}

/** A version as versionOf() names it, or nothing if another one has its place. */
function versionFrom(object, version) {
  const [VersionId, IfMatch] = version.split(' ');
  return { ...object, IfMatch, ...(VersionId !== 'null' && { VersionId }) };
}

/** The header of an envelope that is being sealed, and the whole of it. */
async function peeked(stream) {
  const reader = stream.getReader();
  const chunks = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (!done) chunks.push(value);
      const header = await inspect(new Blob(chunks).stream()).catch((error) => {
        if (done || error.code !== 'ERR_TRUNCATED') throw error;
      });
      if (header) return { header, whole: continued(chunks, reader) };
    }
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  }
}

const continued = (chunks, reader) =>
  new ReadableStream({
    async pull(controller) {
      const { done, value } = chunks.length > 0 ? { value: chunks.shift() } : await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
