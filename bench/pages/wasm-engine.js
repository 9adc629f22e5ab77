import { gcm } from '/peers/noble.js';
import { KIB, MIB, compete, expectLength, frameParams, randomBytes, sealerAndOpener } from './tools.js';

const FRAME_LENGTH = 256 * KIB;

/** Times of sealing 16 MiB in software, and of the same frames with @noble/ciphers, dropped and put into one array as ours are. */
export async function wasmEngine(rounds) {
  const bytes = randomBytes(16 * MIB);
  const { sealer } = await sealerAndOpener({ engine: 'wasm', frameLength: FRAME_LENGTH });
  const key = randomBytes(32);
  const sealedLength = bytes.length + (16 * bytes.length) / FRAME_LENGTH;
  const noble = (use) => {
    let length = 0;
    for (let at = 0; at < bytes.length; at += FRAME_LENGTH) {
      const { iv } = frameParams(at / FRAME_LENGTH + 1);
      const sealed = gcm(key, iv).encrypt(bytes.subarray(at, at + FRAME_LENGTH));
      use?.(sealed, length);
      length += sealed.length;
    }
    expectLength(length, sealedLength);
  };
  const seconds = await compete(rounds, {
    kmseal: async () => expectLength((await sealer.seal(bytes)).length, sealer.sealedSize(bytes.length)),
    noble: async () => noble(),
    array: async () => {
      const all = new Uint8Array(sealedLength);
      noble((sealed, at) => all.set(sealed, at));
    },
  });
  return { seconds, size: bytes.length };
}
