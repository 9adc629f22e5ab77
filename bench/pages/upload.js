import { Sealer } from '/dist/index.js';
import { resumeSealed, uploadSealed } from '/dist/s3.js';
import { UploadStore } from '/dist/store.js';
import { tusOptions } from '/dist/tus.js';
import { Upload } from '/peers/tus.js';
import { chosenFile, expectLength, sealerAndOpener } from './tools.js';

/** A Sealer that seals nothing; it sends what `pass` makes of each part of the file. */
const unsealing = (keys, pass) =>
  Object.assign(new Sealer({ keys }), {
    prepare: async (file) => ({
      size: file.size,
      slice: async (start, end) => pass(file.slice(start, end)),
      close() {},
    }),
  });

/** The part, read into the page: the least that sealing can cost. */
async function throughPage(part) {
  const blob = new Blob([await part.arrayBuffer()]);
  new ArrayBuffer(8 * blob.size); // has Chromium collect the Blobs before; it holds 500 MiB of them
  return blob;
}

const WAYS = {
  async s3(sealer, file, sink, more) {
    const server = {
      signPut: () => ({ url: `${sink}/0` }),
      createMultipartUpload: () => ({}),
      signPart: ({ number }) => ({ url: `${sink}/${number}` }),
      completeMultipartUpload: () => ({}),
      abortMultipartUpload: () => ({}),
    };
    const { size } = await uploadSealed(file, { sealer, server, ...more });
    return size;
  },

  tus: (sealer, file, sink) =>
    new Promise((resolve, reject) => {
      let size;
      const onProgress = (sent, total) => {
        size = total;
      };
      new Upload(file, {
        ...tusOptions({ sealer }),
        endpoint: `${sink}/tus`,
        onProgress,
        onSuccess: () => resolve(size),
        onError: reject,
      }).start();
    }),
};

/** Uploads the chosen file, which has to arrive completely. */
async function upload(way, sealer, sink, more) {
  const size = await WAYS[way](sealer, chosenFile(), sink, more);
  expectLength(Number(await (await fetch(`${sink}/received`)).text()), size);
}

/** Prepares the page, so that only uploading is measured. */
export async function prepareUpload() {
  const { sealer } = await sealerAndOpener();
  await sealer.seal(new Uint8Array(1));
  globalThis.sealer = sealer;
}

/** Uploads once, sealed. */
export const uploadOnce = (way, sink) => upload(way, globalThis.sealer, sink);

/** Prepares the page for `uploadAs`: sealed, sealed and kept, unsealed by the same code, and unsealed but read into the page. */
export async function prepareWays() {
  const { sealer, keys } = await sealerAndOpener();
  globalThis.sealers = {
    kmseal: sealer,
    kept: sealer,
    unsealed: unsealing(keys, (part) => part),
    read: unsealing(keys, throughPage),
  };
}

/** Uploads the chosen file once, and returns the seconds that it took. */
export async function uploadAs(name, way, sink) {
  const start = performance.now();
  await upload(way, globalThis.sealers[name], sink, name === 'kept' ? { store: new UploadStore() } : {});
  return (performance.now() - start) / 1000;
}

/** An upload of the chosen file of which parts are there and the next one is about to leave. */
export async function beginKept(sink, parts) {
  const { sealer } = await sealerAndOpener();
  const stopped = Promise.withResolvers();
  const server = {
    signPut: () => ({ url: `${sink}/0` }),
    createMultipartUpload: () => ({}),
    signPart: ({ number }) =>
      number <= parts ? { url: `${sink}/${number}` } : (stopped.resolve() ?? new Promise(() => {})),
    completeMultipartUpload: () => ({}),
    abortMultipartUpload: () => ({}),
  };
  const store = new UploadStore();
  uploadSealed(chosenFile(), { sealer, server, store, id: 'bench', stallTimeout: 2 ** 30 }).catch(() => {});
  await stopped.promise;
  while ((await store.list())[0]?.loaded < parts * 2 ** 23) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Milliseconds from the choice of the file until the first part of another life is about to leave. */
export async function resumeKept() {
  const { sealer } = await sealerAndOpener();
  await sealer.seal(new Uint8Array(1));
  const stop = new AbortController();
  const start = performance.now();
  let took;
  const server = {
    signPut: () => ({}),
    createMultipartUpload: () => ({}),
    signPart() {
      took ??= performance.now() - start;
      stop.abort();
    },
    completeMultipartUpload: () => ({}),
    abortMultipartUpload: () => ({}),
  };
  await resumeSealed(chosenFile(), {
    sealer,
    server,
    store: new UploadStore(),
    id: 'bench',
    signal: stop.signal,
  }).catch(() => {});
  return took;
}
