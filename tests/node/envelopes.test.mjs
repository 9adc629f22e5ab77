// What an opener must open and refuse, row by row: real envelopes for the emulator's keys, altered, and messages that are
// put together with node:crypto to be wrong in one thing and right in all others.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { collect, inPieces, pairsOf, sample } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';
import {
  contentKey,
  framePlaces,
  readHeader,
  serializeContext,
  writeFrame,
  writeFrames,
  writeHeader,
} from '../support/message.mjs';

const ENGINES = ['webcrypto', 'wasm'];
const FRAME = 4096;
const CONTEXT = { a: '1', ü: '😀' };
/** The shortest frame for SubtleCrypto. Those up to 1 KiB are for the crate: they are not worth a promise. */
const SHORTEST = 1025;
// Frames of both.
const PLAINTEXT = sample(2 * FRAME + 10);

let kms;
let decrypt;
let dataKey;
let key;
let sealer;
let envelope;
let places;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: [key], frameLength: FRAME, encryptionContext: CONTEXT });
  envelope = await sealer.seal(PLAINTEXT);
  places = framePlaces(envelope);
  decrypt = remembering(kms.decrypt);
  const [{ ciphertext }] = readHeader(envelope).edks;
  const input = { KeyId: key.keyId, CiphertextBlob: ciphertext, EncryptionAlgorithm: key.encryptionAlgorithm };
  dataKey = Buffer.from((await kms.decrypt(input)).Plaintext).subarray(48); // behind the context's digest
});
after(() => kms?.close());

const opener = (engine, options) => new Opener({ keyIds: [key.keyId], decrypt, engine, ...options });

/** Opens bytes as bytes, and as a stream, and returns what was released before the end. */
const FORMS = {
  bytes: async (opener, bytes, options) => (await opener.open(bytes, options)).plaintext,
  stream: async (opener, bytes, options, released = []) => {
    const { plaintext } = await opener.open(inPieces(bytes, 1000), options);
    for await (const chunk of plaintext) released.push(chunk);
    return Buffer.concat(released);
  },
};

/** Runs in both engines and both forms. */
function everywhere(sentence, run) {
  for (const engine of ENGINES) {
    for (const form of Object.keys(FORMS)) test(`${sentence} (${form}, ${engine})`, () => run({ engine, form }));
  }
}

/** Asserts that these bytes are refused, with one of these codes, and that nothing false was released before. */
async function refuses(bytes, codes, { engine, form, plaintext = PLAINTEXT, options, note }) {
  const released = [];
  const opening = FORMS[form](opener(engine, options), bytes, undefined, released);
  const expected = (error) => error.name === 'KmsealError' && [codes].flat().includes(error.code);
  await assert.rejects(opening, expected, `${note}: not ${codes}`);
  const text = Buffer.concat(released);
  assert.ok(text.equals(plaintext.subarray(0, text.length)), `${note}: released something else`);
  return text.length;
}

async function opens(bytes, plaintext, { engine, form, options, note }) {
  const opened = await FORMS[form](opener(engine, options), bytes);
  assert.ok(Buffer.from(plaintext).equals(opened), note);
}

describe('altered', () => {
  everywhere('an unaltered envelope opens', (how) => opens(envelope, PLAINTEXT, how));

  everywhere('an envelope that is cut at any byte fails with ERR_TRUNCATED', async (how) => {
    // One regular frame of each engine's kind is enough; the edges of all frames are cut below.
    const plaintext = PLAINTEXT.subarray(0, SHORTEST + 10);
    const { whole: short } = forge(
      { frameLength: SHORTEST },
      [0, SHORTEST].map((at) => plaintext.subarray(at, at + SHORTEST)),
    );
    const [[, end]] = framePlaces(short);
    for (let length = 0; length < short.length; length += 1) {
      const released = await refuses(short.subarray(0, length), 'ERR_TRUNCATED', {
        ...how,
        plaintext,
        note: `${length} bytes`,
      });
      if (how.form === 'stream') assert.equal(released, length < end ? 0 : SHORTEST, `released of ${length} bytes`);
    }
  });

  everywhere('an envelope that is cut around the end of a frame fails', async (how) => {
    for (const [, end] of places) {
      for (let length = end - 50; length < Math.min(end + 50, envelope.length); length += 1) {
        await refuses(envelope.subarray(0, length), 'ERR_TRUNCATED', { ...how, note: `${length} bytes` });
      }
    }
  });

  test('an envelope that is cut fails as a Blob too', async () => {
    const cuts = [0, 1, 100, readHeader(envelope).length, ...places.flat(), ...places.map(([, end]) => end - 1)];
    for (const length of cuts.filter((cut) => cut < envelope.length)) {
      const opening = opener('webcrypto').open(new Blob([envelope.subarray(0, length)]));
      await assert.rejects(opening, { code: 'ERR_TRUNCATED' }, `${length} bytes`);
    }
  });

  everywhere('an envelope with appended bytes fails', async (how) => {
    for (const more of [Buffer.alloc(1), Buffer.from('more'), Buffer.alloc(FRAME + 32), envelope]) {
      const released = await refuses(Buffer.concat([envelope, more]), 'ERR_ENVELOPE_INVALID', {
        ...how,
        note: `${more.length} more`,
      });
      if (how.form === 'stream') assert.equal(released, PLAINTEXT.length);
    }
  });

  everywhere('an envelope with frames swapped, missing, repeated or from another message fails', async (how) => {
    const header = envelope.subarray(0, places[0][0]);
    const [one, two, last] = places.map((place) => envelope.subarray(...place));
    const other = await sealer.seal(PLAINTEXT.map((byte) => byte ^ 1));
    const foreign = other.subarray(...framePlaces(other)[0]);
    const orders = {
      swapped: [[two, one, last], 'ERR_ENVELOPE_INVALID', 0],
      'the first missing': [[two, last], 'ERR_ENVELOPE_INVALID', 0],
      'one missing': [[one, last], 'ERR_ENVELOPE_INVALID', FRAME],
      'one twice': [[one, one, two, last], 'ERR_ENVELOPE_INVALID', FRAME],
      'the last missing': [[one, two], 'ERR_TRUNCATED', 2 * FRAME],
      'the last first': [[last, one, two], 'ERR_ENVELOPE_INVALID', 0],
      'the last twice': [[one, two, last, last], 'ERR_ENVELOPE_INVALID', PLAINTEXT.length],
      'of another message': [[foreign, two, last], 'ERR_AUTHENTICATION', 0],
    };
    for (const [note, [frames, code, good]] of Object.entries(orders)) {
      const released = await refuses(Buffer.concat([header, ...frames]), code, { ...how, note });
      if (how.form === 'stream') assert.equal(released, good, note);
    }
  });

  everywhere('an envelope with any bit flipped fails', async (how) => {
    const flip = (at) => {
      const altered = envelope.slice();
      altered[at] ^= 1 << (at % 8);
      return altered;
    };
    const structure = [
      'ERR_ENVELOPE_INVALID',
      'ERR_ENVELOPE_UNSUPPORTED',
      'ERR_TRUNCATED',
      'ERR_NO_MATCHING_KEY',
      'ERR_KMS',
    ];
    const codes = {
      version: ['ERR_ENVELOPE_INVALID'],
      suite: ['ERR_ENVELOPE_UNSUPPORTED'],
      'message id': ['ERR_AUTHENTICATION'],
      // Lengths, or bytes that are no longer UTF-8; otherwise the digest shows it.
      context: ['ERR_CONTEXT', 'ERR_ENVELOPE_INVALID'],
      'provider id 0': ['ERR_NO_MATCHING_KEY'],
      'provider info 0': ['ERR_NO_MATCHING_KEY'],
      'ciphertext 0': ['ERR_KMS'],
      'content type': ['ERR_ENVELOPE_INVALID', 'ERR_ENVELOPE_UNSUPPORTED'],
      'frame length': ['ERR_AUTHENTICATION', 'ERR_ENVELOPE_UNSUPPORTED'],
      'commit key': ['ERR_AUTHENTICATION'],
      'header tag': ['ERR_AUTHENTICATION'],
    };
    const { places: fields, length } = readHeader(envelope);
    for (const [name, [start, end]] of Object.entries(fields)) {
      // Each further ciphertext costs a KMS call.
      const step = name === 'ciphertext 0' ? 16 : 1;
      for (let at = start; at < end; at += step)
        await refuses(flip(at), codes[name] ?? structure, { ...how, note: `${name}, byte ${at}` });
    }
    for (const [index, [start, end]] of places.entries()) {
      const head = index === places.length - 1 ? 24 : 16;
      for (let at = start; at < end; at += at < start + head || at >= end - 16 ? 1 : 97) {
        const code =
          at < start + head ? ['ERR_ENVELOPE_INVALID', 'ERR_TRUNCATED', 'ERR_AUTHENTICATION'] : 'ERR_AUTHENTICATION';
        const released = await refuses(flip(at), code, { ...how, note: `frame ${index + 1}, byte ${at}` });
        if (how.form === 'stream') assert.equal(released, index * FRAME, `released before byte ${at} of ${length}`);
      }
    }
  });
});

/** The envelope's header with these fields changed, and its frames' key, so that tags are correct. */
function forge(fields, contents = [PLAINTEXT]) {
  const original = readHeader(envelope);
  const content = contentKey(dataKey, original.messageId);
  const header = writeHeader(content, { ...original, frameLength: PLAINTEXT.length, ...fields });
  return {
    header,
    content,
    messageId: original.messageId,
    whole: Buffer.concat([header, writeFrames(content, original.messageId, contents)]),
  };
}

describe('put together', () => {
  const parts = (...lengths) =>
    lengths.map((length, index) => PLAINTEXT.subarray(index * lengths[0], index * lengths[0] + length));

  everywhere('an envelope with frames of every kind opens', async (how) => {
    const cases = {
      'frames of one byte': [1, parts(1, 1, 1)],
      'one full final frame': [10, parts(10)],
      'a full final frame': [10, parts(10, 10)],
      'a short final frame': [10, parts(10, 10, 3)],
      'an empty final frame': [10, parts(10, 10, 0)],
      'no bytes': [10, parts(0)],
      'a frame length over all bytes': [2 ** 24, parts(9)],
    };
    for (const [note, [frameLength, contents]] of Object.entries(cases)) {
      await opens(forge({ frameLength }, contents).whole, Buffer.concat(contents), { ...how, note });
    }
  });

  everywhere('an envelope with other entries beside our data key opens', async (how) => {
    const [ours] = readHeader(envelope).edks;
    const others = [
      { providerId: 'aws-kms', providerInfo: key.keyId, ciphertext: 'symmetric' },
      {
        providerId: 'aws-kms-rsa',
        providerInfo: key.keyId.replace(/.{12}$/, '0123456789ab'),
        ciphertext: 'of another key',
      },
      { providerId: 'raw', providerInfo: Buffer.from([0xff, 0]), ciphertext: '' },
      {
        providerId: 'aws-kms-rsa',
        providerInfo: 'arn:aws:kms:us-east-1:000000000000:alias/a',
        ciphertext: 'of an alias',
      },
    ];
    for (const edks of [
      [...others, ours],
      [ours, ...others],
      [{ ...ours, ciphertext: 'junk' }, ours],
    ]) {
      await opens(forge({ edks }).whole, PLAINTEXT, { ...how, note: `${edks.length}` });
    }
    await refuses(forge({ edks: others }).whole, 'ERR_NO_MATCHING_KEY', { ...how, note: 'others' });
  });

  everywhere('an envelope with an unsorted context opens under the digest of the sorted one', (how) =>
    opens(forge({ context: serializeContext(pairsOf(CONTEXT).reverse()) }).whole, PLAINTEXT, how),
  );

  everywhere('a forged header is refused', async (how) => {
    const cases = {
      'version 1': [{ version: 1 }, 'ERR_ENVELOPE_UNSUPPORTED'],
      'a suite that signs': [{ suite: 0x0578 }, 'ERR_ENVELOPE_UNSUPPORTED'],
      'a suite without commitment': [{ suite: 0x0178 }, 'ERR_ENVELOPE_UNSUPPORTED'],
      'unframed content': [{ contentType: 1 }, 'ERR_ENVELOPE_UNSUPPORTED'],
      'no data key': [{ edks: [] }, 'ERR_ENVELOPE_INVALID'],
      'frame length 0': [{ frameLength: 0 }, 'ERR_ENVELOPE_INVALID'],
      'a context key twice': [
        {
          context: serializeContext([
            ['a', '1'],
            ['a', '2'],
          ]),
        },
        'ERR_ENVELOPE_INVALID',
      ],
      'a context that is not UTF-8': [
        { context: serializeContext([['a', Buffer.from([0xff])]]) },
        'ERR_ENVELOPE_INVALID',
      ],
      'the key of a signing suite': [
        { context: serializeContext([['aws-crypto-public-key', 'x']]) },
        'ERR_ENVELOPE_INVALID',
      ],
      'another context': [{ context: serializeContext([['a', '2']]) }, 'ERR_CONTEXT'],
      'another commit key': [{ commitKey: Buffer.alloc(32) }, 'ERR_AUTHENTICATION'],
    };
    for (const [note, [fields, code]] of Object.entries(cases))
      await refuses(forge(fields).whole, code, { ...how, note });
  });

  everywhere('a forged frame is refused', async (how) => {
    const content = PLAINTEXT.subarray(0, 10);
    const last = (sequence) => ({ sequence, last: true, content });
    const cases = {
      'from 0': [{ sequence: 0, content }, last(1)],
      'from 2': [{ sequence: 2, content }, last(3)],
      'with a gap': [{ sequence: 1, content }, last(3)],
      'one number twice': [{ sequence: 1, content }, last(1)],
      'a final frame longer than the rest': [{ sequence: 1, last: true, content: PLAINTEXT.subarray(0, 11) }],
      'an IV that is not the number': [{ ...last(1), nonce: Buffer.alloc(12, 7) }],
    };
    for (const [note, frames] of Object.entries(cases)) {
      const { header, content: frameKey, messageId } = forge({ frameLength: 10 });
      const bytes = Buffer.concat([header, ...frames.map((frame) => writeFrame(frameKey, messageId, frame))]);
      await refuses(bytes, 'ERR_ENVELOPE_INVALID', { ...how, note });
    }
  });

  test('an envelope that is assembled unchanged equals the original', () => {
    const contents = [
      PLAINTEXT.subarray(0, FRAME),
      PLAINTEXT.subarray(FRAME, 2 * FRAME),
      PLAINTEXT.subarray(2 * FRAME),
    ];
    assert.ok(forge({ frameLength: FRAME }, contents).whole.equals(envelope));
  });
});

describe('encryption contexts', () => {
  const longest = { k: 'v'.repeat(65_535 - 2 - 2 - 1 - 2) };
  const contexts = {
    unicode: { ключ: 'значение' },
    astral: { '\uff5e': '1', '😀': '2' },
    'names of Object': JSON.parse('{"__proto__":"a","constructor":"b"}'),
    'a hundred pairs': Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, `${index}`])),
    '65,535 bytes': longest,
  };
  for (const [name, encryptionContext] of Object.entries(contexts)) {
    test(`an envelope with this encryption context opens: ${name}`, async () => {
      const sealed = await new Sealer({ keys: [key], encryptionContext }).seal(PLAINTEXT);
      for (const expected of [undefined, {}, encryptionContext]) {
        for (const make of [(bytes) => bytes, (bytes) => new Blob([bytes]), (bytes) => inPieces(bytes, 1000)]) {
          const opened = await opener('webcrypto').open(make(sealed), { encryptionContext: expected });
          assert.ok(Buffer.from(PLAINTEXT).equals(await collect(opened.plaintext)));
          assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(encryptionContext));
          assert.equal(Object.getPrototypeOf(opened.encryptionContext), null);
        }
      }
    });
  }
});
