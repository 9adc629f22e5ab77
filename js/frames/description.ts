import type { Message } from '#glue';
import { type Chunk, bytesAtCall, isBlob, joined, tagOf } from '../io/bytes.js';
import { readSlice } from '../io/chunks.js';
import { KmsealError } from '../errors.js';
import { fromBase64url } from '../io/base64url.js';
import type { Bytes, Description, DescriptionFields } from '../types.js';

/** Bytes of a description's JSON: far more than a name needs, and little to hold for a server that opens it. */
const MOST_JSON_BYTES = 65_536; // 64 KiB
/** Bytes of its envelope: room for that, for the longest context and for a hundred encrypted data keys. */
const MOST_SEALED_BYTES = 1_048_576; // 1 MiB

/** What a description says of a file. */
interface OwnFields extends DescriptionFields {
  /** Undefined of what is still being made. */
  readonly size: number | undefined;
  readonly messageId: string;
}

/** Whether our own fields have their types, as far as they are there. */
const isTyped = ({ name = '', type = '', lastModified = 0, size = 0 }: DescriptionFields) =>
  [name, type, lastModified, size].map((value) => typeof value).join() === 'string,string,number,number';

/** What JSON has; it would leave out anything else, or write something else in its place. */
const PLAIN = ['Array', 'Boolean', 'Null', 'Number', 'Object', 'String', 'Undefined'];

const MUST_BE = 'a description must be a JSON object: name and type must be strings, lastModified must be a number';

function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const tag = tagOf(value);
  // What `toJSON` makes of it, as with a Date, is another value; and JSON turns a gap in a list into null.
  const isOther = value !== this[key] || (value === undefined && Array.isArray(this));
  if (isOther || !PLAIN.includes(tag) || (tag === 'Number' && !Number.isFinite(value))) throw new TypeError(MUST_BE);
  return value;
}

/** A description as JSON. */
export function descriptionJson(file: OwnFields, fields: DescriptionFields): string {
  const { size, messageId } = file;
  const description = { ...file, ...fields, size, messageId };
  if (tagOf(fields) !== 'Object' || !isTyped(description)) throw new TypeError(MUST_BE);
  const json = JSON.stringify(description, plain);
  const { size: length } = new Blob([json]);
  if (length <= MOST_JSON_BYTES) return json;
  const message = `the description has ${length} bytes of JSON, over the limit of ${MOST_JSON_BYTES}; put less into it`;
  throw new KmsealError('ERR_TOO_LONG', message);
}

/** The whole envelope of a description, once. It is sealed in software, and synchronously once the bytes are there. */
export async function sealDescription(json: string, message: Message): Promise<Chunk> {
  const blob = new Blob([json]);
  const frameLength = message.frameLength();
  const pieces = [message.header() as Chunk];
  const sequencer = message.sequencer();
  try {
    const bytes = await readSlice(blob, 0, blob.size); // test DOMs lack TextEncoder
    for (let at = 0; at < bytes.length; at += frameLength) {
      const end = at + frameLength;
      const { head, body } = sequencer.seal(bytes.subarray(at, end), end >= bytes.length) as Record<string, Chunk>;
      pieces.push(head!, body!);
    }
  } finally {
    sequencer.free();
  }
  return joined(pieces);
}

/** The description of a message whose length nobody knows yet. */
export async function describeMessage(message: Message, fields: DescriptionFields): Promise<Chunk> {
  try {
    const json = descriptionJson({ size: undefined, messageId: message.messageId() as string }, fields);
    return await sealDescription(json, message.description()!);
  } catch (error) {
    message.free();
    throw error;
  }
}

/** Opens a description, which must be of the envelope with this message id. */
export async function openDescription(
  given: Bytes | Blob | string,
  messageId: unknown,
  open: (envelope: Chunk) => Promise<{ plaintext: Chunk }>,
): Promise<Description> {
  if (!/^[\w-]{43}$/.test(String(messageId)))
    throw new TypeError("messageId must be the file's, as open and inspect give it");
  const { plaintext } = await open(await bytesOf(given));
  let description: unknown;
  try {
    description = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext), bare);
  } catch {
    // Also where it is nested too deep.
  }
  if (tagOf(description) !== 'Object' || !isTyped(description as Description)) throw notDescription();
  if ((description as Description).messageId === messageId) return description as Description;
  throw new KmsealError('ERR_AUTHENTICATION', 'this description was made for another envelope; refuse it');
}

/** An envelope as uploads carry it. */
async function bytesOf(given: Bytes | Blob | string): Promise<Chunk> {
  if (isBlob(given)) {
    if (given.size > MOST_SEALED_BYTES) throw notDescription();
    return readSlice(given, 0, given.size);
  }
  let bytes: Bytes;
  try {
    bytes = typeof given === 'string' ? fromBase64url(given) : given;
  } catch {
    throw notDescription();
  }
  if (bytes.byteLength > MOST_SEALED_BYTES) throw notDescription();
  return bytesAtCall(bytes);
}

/** Whatever a stranger wrote, no key of it means anything to JavaScript. */
function bare(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  return tagOf(value) === 'Object' ? Object.setPrototypeOf(value, null) : value;
}

function notDescription(): KmsealError {
  return new KmsealError('ERR_ENVELOPE_INVALID', 'this is not the description of a file; refuse it');
}
