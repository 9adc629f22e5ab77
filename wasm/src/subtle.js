// What frames ask of JavaScript, each in one call. `raw`, `iv` and `aad` lie in wasm memory: SubtleCrypto has taken its copies when
// it returns (Web Cryptography, 14.3.9 step 2 and 18.4.4).
const name = 'AES-GCM';
const params = (iv, additionalData) => ({ name, iv, additionalData, tagLength: 128 });

export const importKey = (raw, usage) => crypto.subtle.importKey('raw', raw, name, false, [usage]);
export const encrypt = (iv, aad, key, data) => crypto.subtle.encrypt(params(iv, aad), key, data);
export const decrypt = (iv, aad, key, data) => crypto.subtle.decrypt(params(iv, aad), key, data);
export const sealed = (head, body) => ({ head: head.slice(), body });
export const opened = (sequence, content) => ({ sequence, content });
