import { KIB, MIB, compete, expectLength, frameParams, importAesKey, randomBytes, sealerAndOpener } from './tools.js';

const FRAME_LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384].map((kib) => kib * KIB);
const IN_FLIGHT = [1, 2, 4, 8, 16, 32, 64];

/** Bare SubtleCrypto calls over the bytes, so many at a time; what they give is dropped. */
async function encryptAll(bytes, key, frameLength, inFlight) {
  let next = 0;
  let length = 0;
  const worker = async () => {
    while (next * frameLength < bytes.length) {
      const number = next++;
      const content = bytes.subarray(number * frameLength, (number + 1) * frameLength);
      const { byteLength } = await crypto.subtle.encrypt(frameParams(number + 1), key, content);
      length += byteLength;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  expectLength(length, bytes.length + 16 * Math.ceil(bytes.length / frameLength));
}

/** Times of sealing 64 MiB in memory, and of the bare calls at their best: the four best of one try of each are tried again. */
export async function bytesInMemory(rounds) {
  const bytes = randomBytes(64 * MIB);
  const { sealer } = await sealerAndOpener();
  const key = await importAesKey();
  const bare = {};
  for (const frameLength of FRAME_LENGTHS) {
    for (const inFlight of IN_FLIGHT) {
      bare[`${frameLength / KIB} KiB, ${inFlight} at a time`] = () => encryptAll(bytes, key, frameLength, inFlight);
    }
  }
  const tries = await compete(1, bare);
  const best = Object.keys(bare).sort((a, b) => tries[a][0] - tries[b][0]).slice(0, 4);
  const kmseal = async () => expectLength((await sealer.seal(bytes)).length, sealer.sealedSize(bytes.length));
  const seconds = await compete(rounds, { kmseal, ...Object.fromEntries(best.map((name) => [name, bare[name]])) });
  return { seconds, best, size: bytes.length };
}
