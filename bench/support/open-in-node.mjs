// Opens one file in its own process, like its peer: node open-in-node.mjs KEY-ID INPUT READ
// READ is the number of bytes of each read of a stream, or 0 for openFile. Prints JSON: the seconds that it took, without starting Node, and
// how often V8 collected all of its memory meanwhile.
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { createReadStream } from 'node:fs';
import { PerformanceObserver, constants, performance } from 'node:perf_hooks';
import { Opener } from 'kmseal';
import { openFile } from 'kmseal/node';

const [keyId, input, read] = process.argv.slice(2);
let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
});
observer.observe({ entryTypes: ['gc'] });
const start = performance.now();
const kms = new KMSClient();
const opener = new Opener({
  keyIds: [keyId],
  decrypt: (input, options) => kms.send(new DecryptCommand(input), options),
});
const file = read === '0' ? await openFile(input) : createReadStream(input, { highWaterMark: Number(read) });
const { plaintext } = await opener.open(file);
for await (const chunk of plaintext) void chunk;
const seconds = (performance.now() - start) / 1000;
await new Promise((resolve) => {
  setTimeout(resolve, 50); // the observer is told later
});
console.log(JSON.stringify({ seconds, collections }));
await file.close();
kms.destroy();
