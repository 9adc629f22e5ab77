import { Sealer } from '/dist/index.js';
import { uploadSealed } from '/dist/s3.js';
import { tusOptions } from '/dist/tus.js';
import { Upload } from '/peers/tus.js';
import { chosenFile, compete, expectLength, sealerAndOpener } from './tools.js';

/** A Sealer that seals nothing. */
class Unsealer extends Sealer {
  async prepare(file) {
    return { size: file.size, slice: async (start, end) => file.slice(start, end), close() {} };
  }
}

/** A Sealer that reads the file into the page and seals nothing, which is the least that sealing can cost. */
class Reader extends Sealer {
  async prepare(file) {
    const slice = async (start, end) => {
      const blob = new Blob([await file.slice(start, end).arrayBuffer()]);
      new ArrayBuffer(8 * blob.size); // has Chromium collect the Blobs before; it holds 500 MiB of them
      return blob;
    };
    return { size: file.size, slice, close() {} };
  }
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
  const unsealer = new Unsealer({ keys });
  const reader = new Reader({ keys });
  const seconds = await compete(rounds, {
    kmseal: () => upload(way, sealer, sink),
    unsealed: () => upload(way, unsealer, sink),
    read: () => upload(way, reader, sink),
  });
  return { seconds, size: chosenFile().size };
}
