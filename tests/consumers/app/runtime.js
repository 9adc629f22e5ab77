// For runtimes other than browsers: seals 3 MB, opens them with KMS, and checks that an error has its code.
import process from 'node:process';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { kmsDecrypt } from './kms.js';

const [origin, endpoint] = process.argv.slice(2);
const answer = await (await fetch(`${origin}/kms-public-key.json`)).json();
const key = await KmsPublicKey.import(answer);
const encryptionContext = { user: '7' };
const sealed = await new Sealer({ keys: [key] }).seal(
  new Blob(['sealed outside of browsers', new Uint8Array(3_000_000)]),
  { encryptionContext },
);
const opener = new Opener({ keyIds: [key.keyId], decrypt: kmsDecrypt(endpoint) });
const { plaintext, keyId } = await opener.open(sealed, { encryptionContext });
const { code } = await opener.open(sealed, { encryptionContext: { user: '8' } }).catch((error) => error);
console.log(JSON.stringify({ size: plaintext.size, words: await plaintext.slice(0, 26).text(), keyId, code }));
