import { awsEncrypt } from '/peers/aws-crypto.js';
import {
  KIB,
  MIB,
  chosenFile,
  compete,
  drain,
  expectLength,
  frameParams,
  importAesKey,
  sealerAndOpener,
} from './tools.js';

/** Times of sealing the chosen file to a drained stream and of its peers; returns also how much the AWS client was given. */
export async function fileStream(rounds) {
  const file = chosenFile();
  const { sealer } = await sealerAndOpener();
  const key = await importAesKey();
  const encrypt = await awsEncrypt();
  const held = await mostThatFits(encrypt, file);
  const seconds = await compete(rounds, {
    kmseal: async () => {
      const sealed = await sealer.prepare(file);
      expectLength(await drain(sealed.stream()), sealed.size);
      sealed.close();
    },
    '64 KiB loop': () => drainLoop(file, key, 64 * KIB),
    '1 MiB loop': () => drainLoop(file, key, MIB),
    '4 MiB loop': () => drainLoop(file, key, 4 * MIB),
    read: () => read(file),
    'kmseal stream': async () => {
      const { size } = file;
      expectLength(await drain(await sealer.seal(chunks(size), { size })), sealer.sealedSize(size));
    },
    'copied chunks': async () => copied(file.size),
    'joined chunks': async () => joined(file.size),
    aws: () => encrypt(held),
  });
  return { seconds, size: file.size, awsSize: held.length };
}

/** The hand-written loop: a slice is read, encrypted and passed on, then the next. */
async function drainLoop(file, key, length) {
  let at = 0;
  const stream = new ReadableStream({
    async pull(controller) {
      if (at >= file.size) return controller.close();
      const content = await file.slice(at, at + length).arrayBuffer();
      controller.enqueue(new Uint8Array(await crypto.subtle.encrypt(frameParams(at / length + 1), key, content)));
      at += length;
    },
  });
  expectLength(await drain(stream), file.size + 16 * Math.ceil(file.size / length));
}

/** Only reads the file: slices of 16 MiB, four at a time. */
async function read(file) {
  const slice = 16 * MIB;
  let at = 0;
  let length = 0;
  const reader = async () => {
    while (at < file.size) {
      const from = at;
      at += slice;
      const { byteLength } = await file.slice(from, from + slice).arrayBuffer();
      length += byteLength;
    }
  };
  await Promise.all([reader(), reader(), reader(), reader()]);
  expectLength(length, file.size);
}

const CHUNK_BYTES = 64 * KIB;
const FRAME_BYTES = 256 * KIB;

/** A stream of chunks that share one buffer, as decoders and recorders produce them. */
function chunks(size) {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let left = size;
  return new ReadableStream(
    {
      pull(controller) {
        if (left === 0) return controller.close();
        left -= CHUNK_BYTES;
        controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The cost of copying such chunks into reused buffers. */
function copied(size) {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const rooms = Array.from({ length: 4 }, () => new Uint8Array(MIB));
  for (let at = 0; at < size; at += CHUNK_BYTES) rooms[(at / MIB) & 3].set(chunk, at % MIB);
}

/** And the cost of assembling frames from chunks that may be kept, which sealing does without copies too. */
function joined(size) {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < size; at += FRAME_BYTES) {
    const frame = new Uint8Array(FRAME_BYTES);
    for (let within = 0; within < FRAME_BYTES; within += CHUNK_BYTES) frame.set(chunk, within);
  }
}

/** The largest part of the file, in eighths, that the AWS client encrypts: it spreads its frames over the arguments of one call. */
async function mostThatFits(encrypt, file) {
  let held;
  for (let eighths = 1; eighths <= 8; eighths++) {
    const bytes = new Uint8Array(await file.slice(0, (file.size / 8) * eighths).arrayBuffer());
    try {
      await encrypt(bytes);
    } catch (error) {
      if (error instanceof RangeError) break;
      throw error;
    }
    held = bytes;
  }
  return held;
}
