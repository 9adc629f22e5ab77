import { Opener } from 'kmseal';
import { kmsDecrypt } from './kms.js';

export async function POST(request) {
  const opener = new Opener({ keyIds: [process.env.KMS_KEY_ID], decrypt: kmsDecrypt(process.env.KMS_ENDPOINT) });
  try {
    const envelope = new Uint8Array(await request.arrayBuffer());
    const { plaintext } = await opener.open(envelope, { encryptionContext: { from: 'page' } });
    return new Response(`the server opened: ${new TextDecoder().decode(plaintext)}`);
  } catch (error) {
    return new Response(`failed: ${error}`);
  }
}
