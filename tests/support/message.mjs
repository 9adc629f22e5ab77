// Messages of the format taken apart and put together again with node:crypto alone, so that a test can alter what the
// package would never write and still give it the right tags. Source: data-format/message-header.md, message-body.md.
import { createCipheriv, hkdfSync } from 'node:crypto';

const TAG = 16;
const INFO = Buffer.concat([Buffer.from([0x04, 0x78]), Buffer.from('DERIVEKEY')]);

const u16 = (value) => Buffer.from([value >> 8, value & 255]);
const u32 = (value) => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
const field = (value) => Buffer.concat([u16(Buffer.from(value).length), Buffer.from(value)]);
const iv = (sequence) => Buffer.concat([Buffer.alloc(8), u32(sequence)]);

/** Count and pairs, in the order given; keys and values are strings or bytes. */
export function serializeContext(pairs) {
  return Buffer.concat([u16(pairs.length), ...pairs.flat().map(field)]);
}

/** A header's fields, and where each begins. */
export function readHeader(envelope) {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  const places = {};
  let at = 0;
  const take = (name, length) => {
    if (name) places[name] = [at, at + length];
    at += length;
    return bytes.subarray(at - length, at);
  };
  const takeField = (name) => {
    const length = take(`${name} length`, 2).readUInt16BE();
    return take(name, length);
  };
  const header = {
    version: take('version', 1)[0],
    suite: take('suite', 2).readUInt16BE(),
    messageId: take('message id', 32),
  };
  header.context = takeField('context');
  const count = take('EDK count', 2).readUInt16BE();
  header.edks = Array.from({ length: count }, (_, index) => ({
    providerId: takeField(`provider id ${index}`),
    providerInfo: takeField(`provider info ${index}`),
    ciphertext: takeField(`ciphertext ${index}`),
  }));
  header.contentType = take('content type', 1)[0];
  header.frameLength = take('frame length', 4).readUInt32BE();
  header.commitKey = take('commit key', 32);
  take('header tag', TAG);
  return { ...header, length: at, places };
}

/** Where each frame of an envelope lies: `[start, end]`. */
export function framePlaces(envelope) {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  const { length, frameLength } = readHeader(envelope);
  const places = [];
  for (let at = length; at < bytes.length; at = places.at(-1)[1]) {
    const last = bytes.readUInt32BE(at) === 0xffffffff;
    const end = last ? at + 24 + bytes.readUInt32BE(at + 20) + TAG : at + 16 + frameLength + TAG;
    places.push([at, end]);
  }
  return places;
}

/** HKDF-SHA512 with the message id as salt (framework/transitive-requirements.md). */
export function contentKey(dataKey, messageId) {
  return Buffer.from(hkdfSync('sha512', dataKey, messageId, INFO, 32));
}

function gcm(key, nonce, aad, content) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** Header body and tag; `required` is the serialized required context. */
export function writeHeader(key, fields, required = Buffer.alloc(0)) {
  const { version, suite, messageId, context, edks, contentType, frameLength, commitKey } = fields;
  const wrapped = edks.flatMap(({ providerId, providerInfo, ciphertext }) =>
    [providerId, providerInfo, ciphertext].map(field),
  );
  const start = [Buffer.from([version]), u16(suite), messageId, field(context), u16(edks.length), ...wrapped];
  const body = Buffer.concat([...start, Buffer.from([contentType]), u32(frameLength), commitKey]);
  return Buffer.concat([body, gcm(key, iv(0), Buffer.concat([body, required]), Buffer.alloc(0))]);
}

/** A frame; `nonce` is an IV other than the sequence number's. */
export function writeFrame(key, messageId, { sequence, last = false, content, nonce = iv(sequence) }) {
  const label = `AWSKMSEncryptionClient ${last ? 'Final Frame' : 'Frame'}`;
  const aad = Buffer.concat([messageId, Buffer.from(label), u32(sequence), u32(0), u32(content.length)]);
  const head = last ? [u32(0xffffffff), u32(sequence), nonce, u32(content.length)] : [u32(sequence), nonce];
  return Buffer.concat([...head, gcm(key, nonce, aad, content)]);
}

/** Frames 1, 2 and so on of these contents, the last one final. */
export function writeFrames(key, messageId, contents) {
  const last = contents.length;
  return Buffer.concat(
    contents.map((content, index) =>
      writeFrame(key, messageId, { sequence: index + 1, last: index + 1 === last, content }),
    ),
  );
}
