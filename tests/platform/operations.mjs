// Every operation of kmseal once: in Node, and served to pages. The results are compared with the other engine.

// Taken before a script replaces it.
const decryptOaep = crypto.subtle.decrypt.bind(crypto.subtle);
const importRsa = crypto.subtle.importKey.bind(crypto.subtle);
const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const OAEP = { name: 'RSA-OAEP', hash: 'SHA-256' };
const MIB = 2 ** 20;

/** Bytes that repeat, but never after a number of whole frames or reads. */
function sample(length) {
  const bytes = new Uint8Array(length);
  const period = MIB + 7;
  for (let at = 0; at < Math.min(length, period); at++) bytes[at] = (at >>> 16) * 31 + (at >>> 8) * 7 + at;
  for (let at = period; at < length; at += period) bytes.copyWithin(at, 0, Math.min(period, length - at));
  return bytes;
}

/** Four bytes at a time, and the rest: a byte at a time takes a fifth of these tests' time, and copies a tenth. */
function same(given, wanted, what) {
  if (given.length !== wanted.length) throw new Error(`${what}: ${given.length} bytes instead of ${wanted.length}`);
  const words = wanted.length >>> 2;
  const [left, right] = [given, wanted].map((bytes) => {
    const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    return new Uint32Array(buffer, byteOffset, words);
  });
  for (let at = 0; at < words; at++)
    if (left[at] !== right[at]) throw new Error(`${what}: one of the bytes from ${4 * at} on is another`);
  for (let at = 4 * words; at < wanted.length; at++)
    if (given[at] !== wanted[at]) throw new Error(`${what}: byte ${at} is another`);
}

async function bytesOf(data) {
  if (ArrayBuffer.isView(data)) return data;
  if (typeof data.getReader !== 'function') return new Uint8Array(await data.arrayBuffer());
  const pieces = [];
  const reader = data.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) pieces.push(value);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** In chunks of 100,000 bytes. */
function streamOf(bytes) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += 100_000)));
    },
  });
}

/** In chunks of 1 MiB, each in the buffer of the one before. */
async function* refilled(bytes) {
  const buffer = new Uint8Array(MIB);
  for (let at = 0; at < bytes.length; at += MIB) {
    const part = bytes.subarray(at, at + MIB);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0);
  }
}

/** Where sealed files go, and what opens them. @param {typeof import('kmseal')} kmseal */
export async function makeHands({ KmsPublicKey, Opener, Sealer }, { publicKey, privateKey }) {
  const key = await KmsPublicKey.import(publicKey, { keyId: KEY_ID });
  const rsa = await importRsa('pkcs8', privateKey, OAEP, false, ['decrypt']);
  const decrypt = async ({ KeyId, CiphertextBlob }) => {
    const decrypted = new Uint8Array(await decryptOaep(OAEP, rsa, CiphertextBlob));
    // The digest of the context, and the data key. WebKitGTK leaves out the zeros with which they may begin.
    const Plaintext = new Uint8Array(48 + 32);
    Plaintext.set(decrypted, Plaintext.length - decrypted.length);
    return { KeyId, Plaintext };
  };
  return {
    key,
    sealer: new Sealer({ keys: [key] }),
    opener: new Opener({ keyIds: [KEY_ID], decrypt }),
    /** The .wasm's own cipher, which no script can reach. */
    judge: new Opener({ keyIds: [KEY_ID], decrypt, engine: 'wasm' }),
    witness: new Sealer({ keys: [key], engine: 'wasm' }),
  };
}

/** The code with which an operation fails. */
export const codeOf = (promise) =>
  promise.then(
    () => 'no error',
    (error) => error.code ?? `${error.name}: ${error.message}`,
  );

/**
 * Each operation's name and outcome: 'right', or what was wrong.
 * @param {{ isLarge: boolean, define?: () => Promise<unknown> }} options isLarge: with a file of 32 MiB; define: imports kmseal/define, in a page
 */
export async function everyOperation(kmseal, pair, { isLarge, define }) {
  const { sealer, opener, judge, witness } = await makeHands(kmseal, pair);
  const small = sample(5);
  // More than what is handed on in one piece (1 MiB), and more than 32 MiB, from which on files are sealed through a Response and opened in another
  // way.
  const middle = sample(MIB + 100_007);
  const large = sample(32 * MIB + 7);
  const largeBlob = new Blob([large]);
  const judged = async (sealed, wanted) =>
    same((await judge.open(await bytesOf(sealed))).plaintext, wanted, 'opened in the .wasm');
  const opens = async (input, wanted) => same(await bytesOf((await opener.open(input)).plaintext), wanted, 'opened');
  /** By the .wasm, which would take most of these tests' time for all of it: both ends, and the middle. */
  const judgedInParts = async (sealed, wanted) => {
    const length = 200_000;
    for (const start of [0, wanted.length >>> 1, wanted.length - length]) {
      const { plaintext } = await judge.openRange(sealed, { start, end: start + length });
      same(await bytesOf(plaintext), wanted.subarray(start, start + length), 'opened in the .wasm');
    }
  };
  const envelope = await witness.seal(middle);
  const altered = envelope.slice();
  altered[MIB] ^= 1;
  let sealedLarge;

  const operations = {
    'seal 5 bytes': async () => judged(await sealer.seal(small), small),
    'seal bytes': async () => judged(await sealer.seal(middle), middle),
    'seal a Blob': async () => judged(await sealer.seal(new Blob([middle])), middle),
    'seal a Blob of 32 MiB': async () => {
      sealedLarge = await sealer.seal(largeBlob);
      await judgedInParts(sealedLarge, large);
    },
    'seal a stream': async () => judged(await sealer.seal(streamOf(middle)), middle),
    'seal a stream of a told size': async () =>
      judged(await sealer.seal(streamOf(middle), { size: middle.length }), middle),
    'seal a stream of long chunks that share a buffer': async () => judged(await sealer.seal(refilled(middle)), middle),
    "seal a stream into the page's Response": async () => {
      const sealed = await sealer.seal(streamOf(middle));
      // One of our scripts is a Response that does not support streams, and converts each to text.
      const Stream = new Response('').body.constructor;
      const knowsStreams = new Response(new Stream()).headers.get('content-type') === null;
      await judged(knowsStreams ? await new Response(sealed).blob() : sealed, middle);
    },
    prepare: async () => {
      const prepared = await sealer.prepare(new Blob([middle]));
      const half = Math.floor(prepared.size / 2);
      const parts = await Promise.all([prepared.slice(0, half), prepared.slice(half)]);
      await judged(new Blob(parts), middle);
      await judged(prepared.stream(), middle);
      prepared.close();
    },
    'abort in the middle': async () => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const onProgress = ({ loaded }) => loaded > MIB && controller.abort(reason);
      const ended = await sealer.seal(largeBlob, { signal: controller.signal, onProgress }).then(
        () => 'sealed',
        (error) => error,
      );
      if (ended !== reason) throw ended;
    },
    'open bytes': () => opens(envelope, middle),
    'open a Blob': () => opens(new Blob([envelope]), middle),
    // The .wasm opened parts of it, and this all of it.
    'open a Blob of 32 MiB': () => opens(sealedLarge, large),
    'open a stream': () => opens(streamOf(envelope), middle),
    'open a range': async () => {
      const { plaintext } = await opener.openRange(new Blob([envelope]), { start: 100_000, end: MIB });
      same(await bytesOf(plaintext), middle.subarray(100_000, MIB), 'opened');
    },
    reseal: async () => judged(await kmseal.reseal(new Blob([envelope]), { opener, sealer }), middle),
    'open what was altered': async () => {
      for (const form of [altered, new Blob([altered]), streamOf(altered)]) {
        const code = await codeOf(opener.open(form).then(({ plaintext }) => bytesOf(plaintext)));
        if (code !== 'ERR_AUTHENTICATION') throw new Error(code);
      }
    },
  };
  if (define) {
    operations['seal in a form'] = async () => {
      await define();
      const element = Object.assign(document.createElement('kmseal-file'), {
        name: 'file',
        sealer,
        encryptionContext: {},
      });
      document.body.append(element);
      const chosen = new DataTransfer();
      chosen.items.add(new File([middle], 'file'));
      const sealed = new Promise((resolve, reject) => {
        element.addEventListener('seal', ({ detail }) => resolve(detail.sealed));
        element.addEventListener('sealerror', ({ detail }) => reject(detail.error));
      });
      const input = element.shadowRoot.querySelector('input[type=file]');
      input.files = chosen.files;
      input.dispatchEvent(new Event('change'));
      await judged(await sealed, middle);
      element.remove();
    };
  }

  const outcomes = {};
  for (const [name, operation] of Object.entries(operations)) {
    if (!isLarge && name.endsWith('of 32 MiB')) continue;
    outcomes[name] = await operation().then(
      () => 'right',
      (error) => `${error.code ?? error.name}: ${error.message} ${error.cause ?? ''}`,
    );
  }
  return outcomes;
}
