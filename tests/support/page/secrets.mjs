// Every secret of an envelope: none must remain in memory once it is sealed or opened. Runs in Node and in pages.

const utf8 = (text) => new TextEncoder().encode(text);
const concat = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const hash = async (name, data) => new Uint8Array(await crypto.subtle.digest(name, data));
const xor = (a, b) => a.map((byte, at) => byte ^ b[at]);
const toNumber = (bytes) => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
const toBytes = (number, length) =>
  Uint8Array.from({ length }, (_, at) => Number((number >> BigInt(8 * (length - 1 - at))) & 255n));

/** MGF1 with SHA-256 (RFC 8017, B.2.1). */
async function mgf1(seed, length) {
  const blocks = [];
  for (let n = 0; n * 32 < length; n += 1) blocks.push(await hash('SHA-256', concat(seed, [0, 0, 0, n])));
  return concat(...blocks).subarray(0, length);
}

/** OAEP with SHA-256 (RFC 8017, 7.1.1): what RSA raises to the power of e. */
async function padded(message, seed, length) {
  const block = new Uint8Array(length - 33);
  block.set(await hash('SHA-256', new Uint8Array()));
  block[block.length - message.length - 1] = 1;
  block.set(message, block.length - message.length);
  const maskedBlock = xor(block, await mgf1(seed, block.length));
  return concat([0], xor(seed, await mgf1(maskedBlock, 32)), maskedBlock);
}

/** The modulus of GetPublicKey's answer. */
async function modulus({ PublicKey }) {
  const rsa = { name: 'RSA-OAEP', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('spki', PublicKey, rsa, true, ['encrypt']);
  const { n } = await crypto.subtle.exportKey('jwk', key);
  return Uint8Array.from(atob(n.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** @param {Uint8Array} dataKey @param {Uint8Array} messageId */
export async function contentKeyOf(dataKey, messageId) {
  const hkdf = await crypto.subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveBits']);
  const info = concat([0x04, 0x78], utf8('DERIVEKEY'));
  const derivation = { name: 'HKDF', hash: 'SHA-512', salt: messageId, info };
  return new Uint8Array(await crypto.subtle.deriveBits(derivation, hkdf, 256));
}

/**
 * The secrets of an envelope without context, by name.
 * @param {Uint8Array[]} draws what was drawn for it: data key, a seed for each key, message id; that of a description, if there is one
 * @param {{ PublicKey: Uint8Array }[]} answers GetPublicKey's, of the keys that it was sealed for
 */
export async function secretsOf(draws, answers) {
  const [dataKey, ...others] = draws;
  const seeds = others.slice(0, answers.length);
  const [messageId, descriptionId] = others.slice(answers.length);
  const contentKey = await contentKeyOf(dataKey, messageId);
  const hmac = await crypto.subtle.importKey('raw', messageId, { name: 'HMAC', hash: 'SHA-512' }, false, ['sign']);
  // AES-CBC's first block is AES of the IV, here of zeros: the key that GCM's tags are made with.
  const cbc = await crypto.subtle.importKey('raw', contentKey, 'AES-CBC', false, ['encrypt']);
  const zeros = new Uint8Array(16);
  const secrets = {
    'data key': dataKey,
    'content key': contentKey,
    'pseudorandom key': new Uint8Array(await crypto.subtle.sign('HMAC', hmac, dataKey)),
    'tag key': new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv: zeros }, cbc, zeros)).slice(0, 16),
  };
  if (descriptionId) secrets["description's content key"] = await contentKeyOf(dataKey, descriptionId);
  const wrapped = concat(await hash('SHA-384', new Uint8Array()), dataKey);
  for (const [index, seed] of seeds.entries()) {
    const n = await modulus(answers[index]);
    const message = await padded(wrapped, seed, n.length);
    // As big numbers are multiplied (Montgomery's form). Anyone who finds it can compute the data key.
    const form = (toNumber(message) << BigInt(8 * n.length)) % toNumber(n);
    secrets[`OAEP seed ${index}`] = seed;
    secrets[`padded data key ${index}`] = message;
    secrets[`padded data key ${index}, Montgomery's form`] = toBytes(form, n.length);
  }
  return secrets;
}
