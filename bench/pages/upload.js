import { Sealer } from '/dist/index.js';
import { uploadSealed } from '/dist/s3.js';
import { tusOptions } from '/dist/tus.js';
import { Upload } from '/peers/tus.js';
import { chosenFile, compete, expectLength, sealerAndOpener } from './tools.js';

/** A Sealer that seals nothing; of each part of the file it sends what `pass` makes of it. */
const unsealing = (keys, pass) => Object.assign(new Sealer({ keys }), {
  prepare: async (file) => ({ size: file.size, slice: async (start, end) => pass(file.slice(start, end)), close() {} }),
});

/** The part, read into the page, which is the least that sealing can cost. */
async function throughPage(part) {
  const blob = new Blob([await part.arrayBuffer()]);
  new ArrayBuffer(8 * blob.size); // has Chromium collect the Blobs before; it holds 500 MiB of them
  return blob;
}

const WAYS = {
  async s3(sealer, file, sink) {
    const sign = {
      put: () => ({ url: `${sink}/0` }),
      create: () => ({}),
      part: ({ number }) => ({ url: `${sink}/${number}` }),
      complete: () => ({}),
      abort: () => ({}),
    };
    const { size } = await uploadSealed(file, { sealer, sign });
    return size;
  },

  tus: (sealer, file, sink) =>
    new Promise((resolve, reject) => {
      let size;
      const onProgress = (sent, total) => {
        size = total;
      };
      new Upload(file, { ...tusOptions(sealer), endpoint: `${sink}/tus`, onProgress, onSuccess: () => resolve(size), onError: reject }).start();
    }),
};

/** Uploads the chosen file, all of which has to arrive. */
async function upload(way, sealer, sink) {
  const size = await WAYS[way](sealer, chosenFile(), sink);
  expectLength(Number(await (await fetch(`${sink}/received`)).text()), size);
}

/** Gets the page ready, so that what follows is uploading alone. */
export async function prepareUpload() {
  const { sealer } = await sealerAndOpener();
  await sealer.seal(new Uint8Array(1));
  globalThis.sealer = sealer;
}

/** Uploads once, sealed. */
export const uploadOnce = (way, sink) => upload(way, globalThis.sealer, sink);

/** Times of uploading the chosen file sealed, and as it is by the same code: from the file, and through the page. */
export async function uploadTimed(way, rounds, sink) {
  const { sealer, keys } = await sealerAndOpener();
  const unsealed = unsealing(keys, (part) => part);
  const read = unsealing(keys, throughPage);
  const seconds = await compete(rounds, {
    kmseal: () => upload(way, sealer, sink),
    unsealed: () => upload(way, unsealed, sink),
    read: () => upload(way, read, sink),
  });
  return { seconds, size: chosenFile().size };
}
