// Sealing as a page uses it, in three browsers: files, bytes and streams, random access, progress and cancelling.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { kmsRoutes, remembering, startKms } from '../support/servers/kms.mjs';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { inBrowsers, openKit } from '../support/browsers/session.mjs';

/* global kit -- of kit.mjs, in the page */

const ENGINES = ['webcrypto', 'wasm'];
const FRAME = 4096;
const LENGTHS = [0, 1, 1023, 1025, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 7];
const LONG = 3 * 2 ** 20 + 1;
// Every cut of it is sealed again, in frames of 4 KiB.
const CUT = 2 ** 20 + 1;
// Files are read 8 MiB at a time.
const SEVERAL_READS = 8 * 2 ** 20 + 1;
const ALL_LENGTHS = [...LENGTHS, CUT, LONG, SEVERAL_READS];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-seal-'));
const fileOf = (length) => path.join(folder, `${length}.bin`);
let kms;
let keys;
before(async () => {
  kms = await startKms();
  keys = [await kms.createKey(), await kms.createKey({ spec: 'RSA_4096' })];
  for (const length of ALL_LENGTHS) writeFileSync(fileOf(length), sample(length));
});
after(async () => {
  await kms?.close();
  rmSync(folder, { recursive: true });
});

/** The envelope's length, known beforehand (docs/format.md, "Layout"). */
function sealedLength(headerLength, length, frameLength) {
  return headerLength + length + 32 * (Math.max(1, Math.ceil(length / frameLength)) - 1) + 40;
}

inBrowsers(
  (name) => openKit(name, { routes: kmsRoutes({ decrypt: remembering(kms.decrypt) }), keys }),
  (page, name) => {
    before(async () => {
      await page.chooseFiles(ALL_LENGTHS.map(fileOf));
    });

    test('the page has neither Buffer nor process', async () => {
      const found = await page.evaluate(() => [typeof Buffer, typeof process, isSecureContext]);
      assert.deepEqual(found, ['undefined', 'undefined', true]);
    });

    test('slice() rounds its bounds as Web IDL specifies, ties to even', async () => {
      // Firefox and WebKit round other numbers differently in Blob.slice.
      const nearest = [
        [0.5, 0],
        [0.6, 1],
        [1.5, 2],
        [2.5, 2],
        [3.5, 4],
        [-0.5, 0],
        [-0.6, -1],
        [-1.5, -2],
        [-2.5, -2],
        [-3.5, -4],
      ];
      const differing = await page.evaluate(async (nearest) => {
        const sealed = await kit.sealer().prepare(new Blob(['a few bytes']));
        const cut = async (at) => [(await sealed.slice(at)).size, (await sealed.slice(0, at)).size].join();
        const found = await Promise.all(nearest.map(async (pair) => new Set(await Promise.all(pair.map(cut))).size));
        return nearest.filter((pair, index) => found[index] > 1);
      }, nearest);
      assert.deepEqual(differing, []);
    });

    // How a source is read and cut does not depend on who encrypts: with the engine `wasm`, other browsers seal a file and a stream.
    const anyEngine = ANY_ENGINE.includes(name);
    for (const engine of ENGINES) {
      const other = ENGINES.find((one) => one !== engine);

      const forms = ['File', 'stream', 'Blob', 'bytes', 'stream with size'];
      for (const from of forms.slice(0, anyEngine || engine === 'webcrypto' ? undefined : 2)) {
        test(`a ${from} that ${engine} seals can be opened by both engines`, async () => {
          const results = await page.evaluate(
            async (lengths, frameLength, engine, from) => {
              const sealer = kit.sealer({ engine, frameLength, encryptionContext: { from } });
              const results = [];
              for (const length of lengths) {
                const file = kit.chosenFile(`${length}.bin`);
                const bytes = await kit.collect(file);
                const sources = {
                  File: () => file,
                  Blob: () => new Blob([bytes]),
                  bytes: () => bytes,
                  stream: () => kit.inPieces(bytes, 1, 5000),
                  // No byte after the frame shows yet whether it is the last one.
                  'stream with size': () => kit.inPieces(bytes, frameLength),
                };
                const sealed = await sealer.seal(sources[from](), from === 'stream with size' ? { size: length } : {});
                const kind = sealed.constructor.name;
                const envelope = kind === 'ReadableStream' ? await kit.collect(sealed) : sealed;
                const { headerLength } = await kit.inspect(envelope);
                const opened = [];
                for (const how of ['webcrypto', 'wasm']) {
                  const { plaintext } = await kit.open(envelope, { engine: how, encryptionContext: { from } });
                  opened.push(await kit.sha256(plaintext));
                }
                const size = envelope.size ?? envelope.length;
                results.push({ kind, size, told: sealer.sealedSize(length), headerLength, opened });
              }
              return results;
            },
            LENGTHS,
            FRAME,
            engine,
            from,
          );
          const kind =
            { bytes: 'Uint8Array', stream: 'ReadableStream', 'stream with size': 'ReadableStream' }[from] ?? 'Blob';
          for (const [index, length] of LENGTHS.entries()) {
            const { headerLength, ...result } = results[index];
            const size = sealedLength(headerLength, length, FRAME);
            const digest = sha256(sample(length));
            assert.deepEqual(result, { kind, size, told: size, opened: [digest, digest] }, `${length} bytes`);
          }
        });
      }

      if (!anyEngine && engine === 'wasm') continue;

      test(`views are sealed with their own offset and length, engine ${engine}`, async () => {
        const lengths = await page.evaluate(async (engine) => {
          const sealer = kit.sealer({ engine });
          const { buffer } = kit.sample(10_000);
          const bytes = new Uint8Array(buffer);
          const views = [
            bytes.subarray(14),
            bytes.subarray(14, 5014),
            new DataView(buffer, 3, 2000),
            new Uint16Array(buffer, 10, 700),
            new BigUint64Array(buffer, 16, 300),
            new Float32Array(buffer, 4, 0),
            buffer,
          ];
          const found = [];
          for (const view of views) {
            const { plaintext } = await kit.open(await sealer.seal(view), { engine });
            const expected = bytes.subarray(view.byteOffset ?? 0, (view.byteOffset ?? 0) + view.byteLength);
            if (plaintext.toHex() !== expected.toHex()) throw new Error(`${view.constructor.name} sealed other bytes`);
            found.push(plaintext.length);
          }
          return found;
        }, engine);
        assert.deepEqual(lengths, [9986, 5000, 2000, 1400, 2400, 0, 10_000]);
      });

      test(`a file takes several reads, and every source is left unchanged, engine ${engine}`, async () => {
        const digests = await page.evaluate(
          async (name, engine) => {
            const file = kit.chosenFile(name);
            const sealer = kit.sealer({ engine });
            // By the engine once; then by SubtleCrypto, which is faster and finds as well what the first time changed.
            const opened = async (envelope, engine = 'webcrypto') =>
              kit.sha256((await kit.open(envelope, { engine })).plaintext);
            const bytes = await kit.collect(file);
            const fromFile = await sealer.seal(file);
            const fromBytes = await sealer.seal(bytes);
            return [
              await opened(fromFile, engine),
              await opened(fromBytes, engine),
              await opened(fromBytes),
              await opened(await sealer.seal(file)),
              await opened(await kit.collect((await sealer.prepare(file)).stream())),
              await kit.sha256(file),
              await kit.sha256(bytes),
            ];
          },
          `${SEVERAL_READS}.bin`,
          engine,
        );
        assert.deepEqual(new Set(digests), new Set([sha256(sample(SEVERAL_READS))]));
      });

      test(`slices in any order, overlapping and concurrent, equal the stream's bytes, engine ${engine}`, async () => {
        const result = await page.evaluate(
          async (file, engine, other) => {
            const sealed = await kit.sealer({ engine, frameLength: 4096 }).prepare(kit.chosenFile(file));
            const at = (start, end) => sealed.slice(start, end);
            // Before anything else is sealed: from the end to the start.
            const cuts = [0, 1, 600, 4096, 40_000, 40_001, 400_000, 900_000, sealed.size];
            const parts = [];
            for (let index = cuts.length - 2; index >= 0; index -= 1)
              parts.unshift(await at(cuts[index], cuts[index + 1]));
            const whole = new Blob([await kit.collect(sealed.stream())]);
            const digests = [kit.sha256(new Blob(parts)), kit.sha256(sealed.stream()), kit.sha256(await sealed.blob())];
            const asked = [
              [],
              [0],
              [10],
              [-1],
              [-100, -50],
              [5, 5],
              [9, 3],
              [600, 700],
              [0, 1],
              [4700, 9000],
              [sealed.size - 41],
              [sealed.size],
              [1e9],
              [-1e9, 10],
              [NaN, 7],
              [undefined, 30],
              [300_000, 300_001],
              [200_000, 900_000],
            ];
            // All at once, among two streams.
            const [pieces, ...streams] = await Promise.all([
              Promise.all(asked.map((range) => at(...range))),
              kit.sha256(sealed.stream()),
              kit.sha256(sealed.stream()),
            ]);
            const differing = [];
            for (const [index, range] of asked.entries()) {
              const expected = whole.slice(...range);
              const same =
                pieces[index].size === expected.size &&
                (await kit.sha256(pieces[index])) === (await kit.sha256(expected));
              if (!same) differing.push(range);
            }
            const [piece] = pieces;
            const again = await kit.sealer({ engine }).prepare(kit.chosenFile(file));
            return {
              size: [sealed.size, whole.size],
              type: [piece.type, piece instanceof File],
              digests: new Set([...(await Promise.all(digests)), ...streams, await kit.sha256(whole)]).size,
              differing,
              opened: await kit.sha256((await kit.open(whole, { engine: other })).plaintext),
              another: (await kit.sha256(again.stream())) !== (await kit.sha256(whole)),
            };
          },
          `${CUT}.bin`,
          engine,
          other,
        );
        const [told, size] = result.size;
        assert.equal(told, size);
        assert.deepEqual(result.type, ['application/octet-stream', false]);
        assert.equal(result.digests, 1);
        assert.deepEqual(result.differing, []);
        assert.equal(result.opened, sha256(sample(CUT)));
        assert.equal(result.another, true);
      });

      test(`progress rises to the plaintext's length, engine ${engine}`, async () => {
        const runs = await page.evaluate(
          async (file, engine) => {
            const blob = kit.chosenFile(file);
            const bytes = await kit.collect(blob);
            const sealer = kit.sealer({ engine });
            const runs = {};
            const watch = (name) => (
              (runs[name] = []), { onProgress: ({ loaded, total }) => runs[name].push([loaded, total ?? null]) }
            );
            await sealer.seal(blob, watch('File'));
            await sealer.seal(bytes, watch('bytes'));
            await kit.collect(
              await sealer.seal(kit.inPieces(bytes, 70_000), { ...watch('stream with size'), size: bytes.length }),
            );
            await kit.collect(await sealer.seal(kit.inPieces(bytes, 70_000), watch('stream')));
            await kit.collect((await sealer.prepare(blob)).stream(watch('prepared')));
            return runs;
          },
          `${LONG}.bin`,
          engine,
        );
        assert.deepEqual(Object.keys(runs), ['File', 'bytes', 'stream with size', 'stream', 'prepared']);
        for (const [run, seen] of Object.entries(runs)) {
          assert.ok(seen.length >= 12, `${run}: ${seen.length} calls`);
          assert.ok(
            seen.every(([loaded], index) => loaded >= (seen[index - 1]?.[0] ?? 0)),
            run,
          );
          assert.equal(seen.at(-1)[0], LONG, run);
          assert.ok(
            seen.every(([, total]) => total === (run === 'stream' ? null : LONG)),
            run,
          );
        }
      });

      test(`cancelling rejects with the reason, stops the source, and leaves other calls alone, engine ${engine}`, async () => {
        const outcomes = await page.evaluate(
          async (file, engine) => {
            const blob = kit.chosenFile(file);
            const sealer = kit.sealer({ engine });
            const prepared = await sealer.prepare(blob);
            const reason = new Error('changed their mind');
            const outcomes = {};
            const note = async (name, promise, source) => {
              const outcome = await kit.soon(promise).then(
                () => 'none',
                (error) => (error === reason ? 'reason' : `${error}`),
              );
              outcomes[name] = [outcome, source ? source.cancelled?.reason === reason : true];
            };
            const midway = (start) => {
              const controller = new AbortController();
              return start({ signal: controller.signal, onProgress: () => controller.abort(reason) });
            };
            await note('before', sealer.seal(blob, { signal: AbortSignal.abort(reason) }));
            await note(
              'File',
              midway((options) => sealer.seal(blob, options)),
            );
            await note(
              'bytes',
              midway((options) => kit.collect(blob).then((bytes) => sealer.seal(bytes, options))),
            );
            await note(
              'prepared',
              midway(({ signal, onProgress }) => kit.readAll(prepared.stream({ signal, onProgress }))),
            );
            await note('slice', prepared.slice(0, 9, { signal: AbortSignal.abort(reason) }));

            // Streams whose source is silent, at the start and in the middle of a frame.
            for (const written of [0, 10, 300_000]) {
              const [source, controller] = [kit.byHand(), new AbortController()];
              if (written) source.write(new Uint8Array(written));
              const reading = kit.readAll(await sealer.seal(source.stream, { signal: controller.signal }));
              setTimeout(() => controller.abort(reason), 20);
              await note(`stream after ${written}`, reading, source);
            }
            const left = kit.byHand();
            left.write(new Uint8Array(300_000));
            const reader = (await sealer.seal(left.stream)).getReader();
            await reader.read();
            await reader.cancel(reason);
            await note('reader', Promise.reject(reason), left);

            // Work that shares the WebAssembly instance continues.
            const opened = await kit.open(await prepared.slice());
            return { outcomes, opened: await kit.sha256(opened.plaintext) };
          },
          `${LONG}.bin`,
          engine,
        );
        const names = [
          'before',
          'File',
          'bytes',
          'prepared',
          'slice',
          'stream after 0',
          'stream after 10',
          'stream after 300000',
          'reader',
        ];
        assert.deepEqual(outcomes.outcomes, Object.fromEntries(names.map((one) => [one, ['reason', true]])));
        assert.equal(outcomes.opened, sha256(sample(LONG)));
      });
    }

    // The core adds up what is told here.
    if (!anyEngine) return;

    test('sealedSize is exact for all keys, contexts and frame lengths', async () => {
      const sizes = await page.evaluate(async () => {
        const contexts = [{}, { a: 'b' }, { ключ: '😀' }];
        const sizes = [];
        for (const keys of [[kit.keys[0]], kit.keys]) {
          for (const encryptionContext of contexts) {
            for (const requiredEncryptionContext of [{}, { r: 'x' }]) {
              for (const frameLength of [undefined, 4096, 5000]) {
                const options = { encryptionContext, requiredEncryptionContext };
                const [sealer, inCall] = [
                  kit.sealer({ keys, frameLength, ...options }),
                  kit.sealer({ keys, frameLength }),
                ];
                const envelope = await inCall.seal(kit.sample(10_000), options);
                sizes.push([envelope.length, sealer.sealedSize(10_000), inCall.sealedSize(10_000, options)]);
              }
            }
          }
        }
        return sizes;
      });
      assert.equal(sizes.length, 36);
      for (const [size, ...told] of sizes) assert.deepEqual(told, [size, size]);
      assert.ok(new Set(sizes.map(([size]) => size)).size > 12);
    });
  },
);
