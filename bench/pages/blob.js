import { MIB, chosenFile, compete, expectLength, frameParams, importAesKey, sealerAndOpener } from './tools.js';

/** Times of sealing the chosen file to a Blob, and of a hand-written stream. */
export async function fileToBlob(rounds) {
  const file = chosenFile();
  const { sealer } = await sealerAndOpener();
  const key = await importAesKey();
  const seconds = await compete(rounds, {
    kmseal: async () => expectLength((await sealer.seal(file)).size, sealer.sealedSize(file.size)),
    stream: async () => {
      let frames = 0;
      const encrypting = new TransformStream({
        async transform(chunk, controller) {
          controller.enqueue(new Uint8Array(await crypto.subtle.encrypt(frameParams(++frames), key, chunk)));
        },
      });
      const blob = await new Response(file.stream().pipeThrough(encrypting)).blob();
      expectLength(blob.size, file.size + 16 * frames);
    },
  });
  return { seconds, size: file.size };
}

/** Seals the chosen file to a Blob, opens it and compares; returns true, or an error that says what differs. */
export async function readBack() {
  const file = chosenFile();
  const { sealer, opener } = await sealerAndOpener();
  const { plaintext } = await opener.open(await sealer.seal(file));
  expectLength(plaintext.size, file.size);
  for (let at = 0; at < file.size; at += 16 * MIB) {
    const [opened, original] = await Promise.all([plaintext, file].map((blob) => words(blob.slice(at, at + 16 * MIB))));
    if (opened.some((word, index) => word !== original[index]))
      throw new Error(`the opened file differs after ${at} bytes`);
  }
  return true;
}

const words = async (blob) => new BigUint64Array(await blob.arrayBuffer());
