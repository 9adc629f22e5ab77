// openRange in three browsers: a part of a Blob, of a chosen file and of whatever can be read by position, and envelopes that were
// cut, lengthened or altered.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { KmsPublicKey, Sealer } from 'kmseal';
import { respond } from 'kmseal/node';
import { sample } from '../support/page/bytes.mjs';
import { kmsRoutes, remembering, startKms } from '../support/servers/kms.mjs';
import { framePlaces, readHeader } from '../support/message.mjs';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { inBrowsers, openKit } from '../support/browsers/session.mjs';

/* global kit, envelope, plaintext, watched -- of kit.mjs and of this file, in the page */

const FRAME = 4096;
const SIZE = 5 * FRAME + 10;
const CONTEXT = { tenant: '7' };
const FILE = 'range.kmseal';
/** Before, at and after the edges of frames and of the plaintext; null means not given. */
const POSITIONS = [
  null,
  0,
  1,
  FRAME - 1,
  FRAME,
  FRAME + 1,
  5 * FRAME - 1,
  5 * FRAME,
  SIZE - 1,
  SIZE,
  SIZE + 9,
  -1,
  -SIZE - 1,
];

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-range-'));
let kms;
let answer;
let envelope;
let places;
before(async () => {
  kms = await startKms();
  answer = await kms.createKey();
  const keys = await KmsPublicKey.import(answer);
  envelope = await new Sealer({ keys, frameLength: FRAME, encryptionContext: CONTEXT }).seal(sample(SIZE));
  places = framePlaces(envelope);
  writeFileSync(path.join(folder, FILE), envelope);
});
after(async () => {
  await kms?.close();
  rmSync(folder, { recursive: true });
});

function routes(app) {
  kmsRoutes({ decrypt: remembering(kms.decrypt) })(app);
  app.get('/opened', async (c) => {
    await respond(c.env.outgoing, { plaintext: sample(SIZE) });
    return RESPONSE_ALREADY_SENT;
  });
}

inBrowsers(
  (name) => openKit(name, { routes, keys: [answer] }),
  (page, name) => {
    before(async () => {
      await page.chooseFiles([path.join(folder, FILE)]);
      await page.evaluate(
        (envelope, size) => {
          globalThis.envelope = envelope;
          globalThis.plaintext = kit.sample(size);
          /** A source that records what is read. */
          globalThis.watched = (bytes, size = bytes.length) => {
            const reads = [];
            return { size, reads, read: async (start, end) => (reads.push([start, end]), bytes.slice(start, end)) };
          };
        },
        envelope,
        SIZE,
      );
    });

    // Which frames a range covers, our core computes. What an engine can do to it is how it reads a Blob, a File, and a stream.
    const anyEngine = ANY_ENGINE.includes(name);
    const positions = anyEngine ? POSITIONS : POSITIONS.filter((_, index) => index % 2 === 0);
    for (const engine of anyEngine ? ['webcrypto', 'wasm'] : ['webcrypto']) {
      for (const from of ['Blob', 'File', 'source']) {
        test(`openRange of a ${from} returns what slice() returns of the plaintext, engine ${engine}`, async () => {
          const { kinds, wrong, done } = await page.evaluate(
            async (from, engine, positions, name) => {
              const sources = {
                Blob: () => new Blob([envelope]),
                File: () => kit.chosenFile(name),
                source: () => watched(envelope),
              };
              const result = { kinds: [], wrong: [], done: 0 };
              const opener = kit.opener({ engine, cache: { maxAge: 3_600_000 } }); // one call of KMS for all
              for (const start of positions) {
                for (const end of positions) {
                  const range = [start ?? undefined, end ?? undefined];
                  const opened = await opener.openRange(sources[from](), {
                    start: range[0],
                    end: range[1],
                    encryptionContext: { tenant: '7' },
                  });
                  const bytes = await kit.collect(opened.plaintext);
                  const expected = plaintext.slice(...range).toHex();
                  const told = plaintext.subarray(opened.start, opened.end).toHex();
                  const right = bytes.toHex() === expected && told === expected && opened.size === plaintext.length;
                  if (!right || opened.keyId !== kit.keys[0].keyId || opened.encryptionContext.tenant !== '7')
                    result.wrong.push(range);
                  if (!result.kinds.includes(opened.plaintext.constructor.name))
                    result.kinds.push(opened.plaintext.constructor.name);
                  result.done += 1;
                }
              }
              opener.close();
              return result;
            },
            from,
            engine,
            positions,
            FILE,
          );
          assert.deepEqual(
            { kinds, wrong, done },
            { kinds: [from === 'source' ? 'ReadableStream' : 'Blob'], wrong: [], done: positions.length ** 2 },
          );
        });
      }

      /** The codes of opening some envelopes, each a Blob and a source, by default of the first byte. */
      const codesOf = (envelopes, start = 0) =>
        page.evaluate(
          async (envelopes, engine, start) => {
            const codes = [];
            for (const bytes of envelopes) {
              for (const source of [new Blob([bytes]), watched(bytes)]) {
                const opening = kit
                  .opener({ engine })
                  .openRange(source, { start, end: start + 1 })
                  .then(({ plaintext }) => kit.collect(plaintext));
                codes.push(
                  await opening.then(
                    (part) => (part.length === 1 && part[0] === plaintext[start] ? 'opens' : 'wrong'),
                    ({ code }) => code,
                  ),
                );
              }
            }
            return [...new Set(codes)];
          },
          envelopes,
          engine,
          start,
        );

      test(`openRange rejects an envelope that was cut, engine ${engine}`, async () => {
        const [last] = places.at(-1);
        const lengths = [
          0,
          1,
          100,
          readHeader(envelope).length,
          places[0][0] + 30,
          places[2][1],
          last,
          last + 20,
          envelope.length - 1,
        ];
        const cut = lengths.map((length) => envelope.slice(0, length));
        const without = Buffer.concat([envelope.subarray(0, places[1][0]), envelope.subarray(places[1][1])]);
        assert.deepEqual(await codesOf([...cut, without]), ['ERR_TRUNCATED']);
      });

      test(`openRange rejects an envelope that was lengthened, engine ${engine}`, async () => {
        const longer = [1, 32, FRAME + 32, 5000].map((length) => Buffer.concat([envelope, Buffer.alloc(length)]));
        const repeated = Buffer.concat([envelope, envelope.subarray(...places.at(-1))]);
        assert.deepEqual(await codesOf([...longer, repeated]), ['ERR_TRUNCATED']);
      });

      test(`openRange releases no byte of an altered frame, and notices one elsewhere only at the end, engine ${engine}`, async () => {
        for (const [index, [, end]] of places.entries()) {
          const altered = envelope.slice();
          altered[end - 20] ^= 1;
          assert.deepEqual(
            await codesOf([altered], index * FRAME),
            ['ERR_AUTHENTICATION'],
            `frame ${index + 1}, within`,
          );
          const elsewhere = await codesOf([altered], index === 0 ? FRAME : 0);
          assert.deepEqual(
            elsewhere,
            [end === envelope.length ? 'ERR_AUTHENTICATION' : 'opens'],
            `frame ${index + 1}, elsewhere`,
          );
        }
        const header = envelope.slice();
        header[readHeader(envelope).places['header tag'][0]] ^= 1;
        assert.deepEqual(await codesOf([header]), ['ERR_AUTHENTICATION']);
      });
    }

    test('openRange reads the header, the final frame and the frames of the part, in this order', async () => {
      const big = 40 * FRAME;
      const { sealed, reads } = await page.evaluate(
        async (big, frameLength) => {
          const sealed = await kit.sealer({ frameLength }).seal(kit.sample(big));
          const source = watched(sealed);
          const { plaintext } = await kit
            .opener()
            .openRange(source, { start: 25 * frameLength - 1, end: 26 * frameLength + 1 });
          await kit.collect(plaintext);
          return { sealed, reads: source.reads };
        },
        big,
        FRAME,
      );
      const frames = framePlaces(sealed);
      assert.deepEqual(reads, [
        [0, 64 * 1024],
        [frames.at(-1)[0], sealed.length],
        [frames[24][0], frames[26][1]],
      ]);
    });

    test('a service worker cannot keep what respond() answers, with which it would serve other readers', async () => {
      const kept = await page.evaluate(async () => {
        const cache = await caches.open('opened');
        await cache.put('/other', new Response('a'));
        const putting = cache.put('/opened', await fetch('/opened'));
        const failure = await putting.catch(({ name }) => name);
        return { failure, urls: (await cache.keys()).map(({ url }) => new URL(url).pathname) };
      });
      assert.deepEqual(kept, { failure: 'TypeError', urls: ['/other'] });
    });

    test('openRange rejects a source that returns too little, a wrong size, and another context', async () => {
      const outcomes = await page.evaluate(async () => {
        const fails = (source, options) =>
          kit
            .opener()
            .openRange(source, { end: 1, ...options })
            .then(
              () => 'opens',
              (error) => error.code ?? error.name,
            );
        const reading = (read) => fails({ size: envelope.length, read });
        return {
          less: await reading(async (start, end) => envelope.slice(start, end - 1)),
          none: await reading(async () => undefined),
          lost: await reading(async () => {
            throw new Error('503');
          }),
          larger: await fails(watched(envelope, envelope.length + 1)),
          huge: await fails(watched(envelope, 2 ** 53 - 1)),
          negative: await fails(watched(envelope, -1)),
          context: await fails(watched(envelope), { encryptionContext: { tenant: '8' } }),
        };
      });
      const { larger, huge, ...rest } = outcomes;
      for (const code of [larger, huge]) assert.ok(['ERR_TRUNCATED', 'ERR_SOURCE_CHANGED'].includes(code), code);
      const expected = {
        less: 'ERR_SOURCE_CHANGED',
        none: 'ERR_READ',
        lost: 'ERR_READ',
        negative: 'RangeError',
        context: 'ERR_CONTEXT',
      };
      assert.deepEqual(rest, expected);
    });
  },
);
