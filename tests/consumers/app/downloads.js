// For Deno and Bun: a server of downloads, which answers by the block of docs/downloads.md in answer.js. It prints its port, and which
// downloads were cancelled.
import { createServer } from 'node:http';
import process from 'node:process';
import { Opener } from 'kmseal';
import { example } from './answer.js';
import { kmsDecrypt } from './kms.js';

const { storage, endpoint, keyIds, encryptionContext } = JSON.parse(process.argv[2]);
const opener = new Opener({ keyIds, decrypt: kmsDecrypt(endpoint), cache: { maxAge: 600_000 } });

/** As that of the page, with the object in a storage of the test. */
async function openDownload(id, { signal }) {
  const url = `${storage}/${id}`;
  signal.addEventListener('abort', () => console.log(`cancelled ${id}`));
  const { headers } = await fetch(url, { method: 'HEAD', signal });
  const read = async (start, end, { signal }) =>
    (await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` }, signal })).arrayBuffer();
  return opener.openRange({ size: Number(headers.get('content-length')), read }, { encryptionContext, signal });
}

const server = createServer();
await example({ server, openDownload });
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
