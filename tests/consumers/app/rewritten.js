// For runtimes other than browsers: a file is rewritten while it is sealed, once as a Blob and once by openFile.
import { openAsBlob, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { openFile } from 'kmseal/node';
import { kmsDecrypt } from './kms.js';

const SIZE = 50_000_000; // more than any runtime reads ahead
const NAME = 'rewritten.bin';
const write = (value) => writeFileSync(NAME, new Uint8Array(SIZE).fill(value));

const [origin, endpoint] = process.argv.slice(2);
const key = await KmsPublicKey.import(await (await fetch(`${origin}/kms-public-key.json`)).json());
const sealer = new Sealer({ keys: [key] });
const opener = new Opener({ keyIds: [key.keyId], decrypt: kmsDecrypt(endpoint) });

/** Which bytes the envelope contains, or the code of the error. */
async function outcome(open) {
  write(1);
  const file = await open(NAME);
  const prepared = await sealer.prepare(file);
  const pieces = [];
  try {
    for await (const piece of prepared.stream()) {
      if (pieces.push(piece) === 2) write(2);
    }
  } catch ({ code }) {
    return code;
  } finally {
    prepared.close();
    await file.close?.();
  }
  const { plaintext } = await opener.open(await new Blob(pieces).arrayBuffer());
  return [...new Set(plaintext)];
}

const outcomes = { openAsBlob: await outcome(openAsBlob), openFile: await outcome(openFile) };
rmSync(NAME);
console.log(JSON.stringify(outcomes));
