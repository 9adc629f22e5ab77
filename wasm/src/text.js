// Text of bytes: of others than UTF-8's what the Encoding Standard makes of them.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
export const text = (bytes) => decoder.decode(bytes);
