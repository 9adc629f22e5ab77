// Envelopes that something happened to, by the layout of docs/format.md, rule 2.
import { inspect } from 'kmseal';

/** Bytes before the context: version, suite, message id. */
const BEFORE_CONTEXT = 35;
/** What a regular frame has beside its content. */
export const FRAME = 32;

const field = (bytes) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/**
 * The envelope with other encrypted data keys. Its header tag is wrong then, which nobody sees without a key.
 * @param {Uint8Array} envelope
 * @param {{ providerId: string, providerInfo: Uint8Array, ciphertext: Uint8Array }[]} dataKeys
 */
export async function withDataKeys(envelope, dataKeys) {
  const bytes = Buffer.from(envelope);
  const { encryptedDataKeys } = await inspect(bytes);
  const at = BEFORE_CONTEXT + 2 + bytes.readUInt16BE(BEFORE_CONTEXT);
  let end = at + 2;
  for (let left = 3 * encryptedDataKeys.length; left > 0; left--) end += 2 + bytes.readUInt16BE(end);
  const count = Buffer.alloc(2);
  count.writeUInt16BE(dataKeys.length);
  const entries = dataKeys.flatMap(({ providerId, providerInfo, ciphertext }) =>
    [Buffer.from(providerId), providerInfo, ciphertext].map(field),
  );
  return Buffer.concat([bytes.subarray(0, at), count, ...entries, bytes.subarray(end)]);
}
