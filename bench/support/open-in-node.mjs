// Opens one file in a process of its own, as its peer does: node open-in-node.mjs KEY-ID INPUT READ
// READ is how many bytes each read asks for. Prints JSON: the seconds that it took, without starting Node.
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { createReadStream } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Opener } from 'kmseal';

const [keyId, input, read] = process.argv.slice(2);
const start = performance.now();
const kms = new KMSClient();
const opener = new Opener({
  keyIds: [keyId],
  decrypt: (request, { signal }) => kms.send(new DecryptCommand(request), { abortSignal: signal }),
});
const { plaintext } = await opener.open(createReadStream(input, { highWaterMark: Number(read) }));
for await (const chunk of plaintext) void chunk;
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000 }));
kms.destroy();
