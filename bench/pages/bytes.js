import { KIB, MIB, compete, expectLength, frameParams, importAesKey, randomBytes, sealerAndOpener } from './tools.js';

const FRAME_LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384].map((kib) => kib * KIB);
const IN_FLIGHT = [1, 2, 4, 8, 16, 32, 64];

/** Bare SubtleCrypto calls over the bytes, the given number at a time; `use` gets what they return. */
async function encryptAll(bytes, key, frameLength, inFlight, use) {
  let next = 0;
  let length = 0;
  const worker = async () => {
    while (next * frameLength < bytes.length) {
      const number = next++;
      const content = bytes.subarray(number * frameLength, (number + 1) * frameLength);
      const sealed = await crypto.subtle.encrypt(frameParams(number + 1), key, content);
      length += sealed.byteLength;
      use?.(sealed, number * (frameLength + TAG));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  expectLength(length, lengthOf(bytes, frameLength));
}

const TAG = 16;
const lengthOf = (bytes, frameLength) => bytes.length + TAG * Math.ceil(bytes.length / frameLength);

// As in js/io/garbage.ts.
const { port1, port2 } = new MessageChannel();
port2.close();
const free = /Chrom(e|ium)\//.test(navigator.userAgent)
  ? (buffer) => port1.postMessage(undefined, [buffer])
  : (buffer) => buffer.transfer(0);

/** The same calls with their results copied into one array, as callers want them. */
async function encryptToArray(bytes, key, frameLength, inFlight) {
  const all = new Uint8Array(lengthOf(bytes, frameLength));
  await encryptAll(bytes, key, frameLength, inFlight, (sealed, at) => {
    all.set(new Uint8Array(sealed), at);
    free(sealed);
  });
  return all;
}

/** The best four of one try with each frame length and number in flight, by name. */
async function bestOf(ways, what) {
  const all = {};
  for (const frameLength of FRAME_LENGTHS) {
    for (const inFlight of IN_FLIGHT)
      all[`${what}${frameLength / KIB} KiB, ${inFlight} at a time`] = () => ways(frameLength, inFlight);
  }
  const tries = await compete(1, all);
  const names = Object.keys(all)
    .sort((a, b) => tries[a][0] - tries[b][0])
    .slice(0, 4);
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** Times of sealing so many MiB in memory, and of the bare calls at their best, with their results dropped and in one array. */
export async function bytesInMemory(rounds, mebibytes) {
  const bytes = randomBytes(mebibytes * MIB);
  const { sealer } = await sealerAndOpener();
  const key = await importAesKey();
  const dropped = await bestOf((...how) => encryptAll(bytes, key, ...how), '');
  const inArray = await bestOf((...how) => encryptToArray(bytes, key, ...how), 'array, ');
  const kmseal = async () => expectLength((await sealer.seal(bytes)).length, sealer.sealedSize(bytes.length));
  const seconds = await compete(rounds, { kmseal, ...dropped, ...inArray });
  return { seconds, dropped: Object.keys(dropped), inArray: Object.keys(inArray), size: bytes.length };
}
