'use server';

import { Opener } from 'kmseal';
import { kmsDecrypt } from './kms.js';

export async function upload(before, data) {
  const doc = data.get('doc');
  if (!doc) return 'no file came';
  const opener = new Opener({ keyIds: [process.env.KMS_KEY_ID], decrypt: kmsDecrypt(process.env.KMS_ENDPOINT) });
  const { plaintext, encryptionContext } = await opener.open(new Uint8Array(await doc.arrayBuffer()), {
    encryptionContext: {},
  });
  return `${new TextDecoder().decode(plaintext)} ${JSON.stringify({ ...encryptionContext })}`;
}
