// A browser whose page uploads one file through startS3(), and what must hold whatever happens to the upload.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'node:test';
import { sample } from '../page/bytes.mjs';
import { inBrowsers, needsEveryKind, openKit } from './session.mjs';
import { startS3 } from '../servers/s3.mjs';

export const MIB = 2 ** 20;
/** Sizes of files that have as many parts of 5 MiB, the least that S3 takes, and hardly more: what is sealed, sent and opened takes the time. */
export const TWO_PARTS = 5.5 * MIB;
export const THREE_PARTS = 10.5 * MIB;
export const FIVE_PARTS = 20.5 * MIB;

const SECRET = 'the patient has a broken arm';
const NAME = 'report of mister miller.pdf';
const TYPE = 'application/pdf';

/** Limits of time that pass when a test says so. */
export const LIMITS = { stallTimeout: 1_000_000, answerTimeout: 2_000_000 };
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

/** A file with a secret in every KiB, and its SHA-256: always the same for a size and seed, and made once for the tests of a file. */
const contents = new Map();
function contentOf(size, seed) {
  const made = contents.get(`${size} ${seed}`);
  if (made) return made;
  const bytes = Buffer.from(sample(size + seed).subarray(seed));
  for (let at = 0; at < size; at += 1024) bytes.write(SECRET, at);
  const content = { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  contents.set(`${size} ${seed}`, content);
  return content;
}

/**
 * @param {{ connect?: string[], routes?: (app: import('hono').Hono) => void, spec?: string, open?: typeof openKit }} [more] as of
 *   startServer(), and of the key; open: what opens the page
 */
export async function openUploads(name, { connect = [], routes, spec, open = openKit } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-s3-'));
  const file = path.join(folder, NAME);
  const s3 = await startS3({ spec });
  const page = await open(name, {
    keys: [s3.key],
    everyKind: needsEveryKind(spec),
    routes(app) {
      s3.routes(app);
      routes?.(app);
    },
    // Under its other name, too, to which it may redirect.
    connect: [s3.origin, s3.origin.replace('127.0.0.1', 'localhost'), ...connect],
  });
  await s3.allow(page.origin);

  return {
    s3,
    page,

    /** Writes the file, and returns its SHA-256. */
    write(size, seed = 0) {
      const { bytes, sha256 } = contentOf(size, seed);
      writeFileSync(file, bytes);
      utimesSync(file, LONG_AGO, LONG_AGO); // Chromium looks at whole seconds
      return sha256;
    },

    /** Changes the byte at a place, and neither the size nor the time. */
    alter(at) {
      const bytes = readFileSync(file);
      bytes[at] ^= 1;
      writeFileSync(file, bytes);
      utimesSync(file, LONG_AGO, LONG_AGO);
      return createHash('sha256').update(bytes).digest('hex');
    },

    /** A file of that size that has no content. */
    writeHoles(size) {
      writeFileSync(file, '');
      truncateSync(file, size);
    },

    /** Changes the file's time: Chromium sees that. */
    touch: () => utimesSync(file, new Date(), new Date()),

    /** Takes the file away, as a phone's cloud drive does, or brings it back as it was. */
    hide: () => renameSync(file, `${file}.away`),
    show: () => renameSync(`${file}.away`, file),

    /** Uploads the file as begin() does; an option that is code is an expression in the page. */
    async upload(options = {}, code = '{}') {
      await this.begin(options, code);
      return this.settled();
    },

    /** The length of a plaintext whose envelope, of an upload, has that length. */
    plaintextSize: (sealedSize) =>
      page.evaluate((sealedSize) => {
        const encryptionContext = { upload: crypto.randomUUID() };
        const sizeOf = (size) => kit.sealer().sealedSize(size, { encryptionContext });
        let size = sealedSize;
        while (sizeOf(size) > sealedSize) size -= sizeOf(size) - sealedSize;
        while (sizeOf(size) < sealedSize) size++;
        return size;
      }, sealedSize),

    /** Puts the file into the page's input. */
    choose: () => page.chooseFiles([file]),

    async begin(options, code) {
      await page.chooseFiles([file]);
      return this.beginStream(`kit.chosenFile('${NAME}')`, options, code);
    },

    /** Begins an upload, one part at a time, whose second part arrives only after `release()`, and its third and last one after `finish()`. */
    async beginHeld(code) {
      const sha256 = this.write(THREE_PARTS);
      let release;
      let finish;
      const held = {
        'PUT 2': new Promise((resolve) => {
          release = resolve;
        }),
        'PUT 3': new Promise((resolve) => {
          finish = resolve;
        }),
      };
      s3.faults.fault = (asked) => held[asked] && { does: 'hold', until: held[asked], after: 'all' };
      return { id: await this.begin({ concurrency: 1 }, code), sha256, release, finish };
    },

    /** Uploads what an expression in the page makes, a stream. */
    async uploadStream(source, options = {}, code = '{}') {
      await this.beginStream(source, options, code);
      return this.settled();
    },

    async beginStream(source, { id = s3.begin(), ...options } = {}, code = '{}') {
      const values = JSON.stringify({ id, partSize: 5 * MIB, ...options });
      await page.evaluate(`(async () => {
        const { begin, timers } = await import('/support/upload-page.mjs');
        kit.timers = timers;
        // Waits between tries are drawn; here the lot is a short one. They still double, so that no test runs out of tries.
        if (!kit.random) {
          const { random } = Math;
          kit.random = Math.random = () => random() / 20;
        }
        kit.upload = begin(${source}, { sealer: kit.sealer(), ...${values}, ...(${code}) });
      })()`);
      return id;
    },

    settled: () => page.evaluate(() => kit.upload.settled),
    /** Lets the limits of time pass that are held: those of that many milliseconds, or all. */
    expire: (delay) => page.evaluate((delay) => kit.timers.expire(delay ?? undefined), delay ?? null),
    /** Makes waits between tries so long that they are held, or as long as they are. */
    holdRetries: (holds) =>
      page.evaluate((holds) => {
        kit.random ??= Math.random;
        Math.random = holds ? () => 1000 : kit.random;
      }, holds),
    /** The time limits that are running, in milliseconds. */
    limits: () => page.evaluate(() => kit.timers.delays()),
    /** The calls of `onRetry` so far. */
    retries: () => page.evaluate(() => kit.upload.outcome.retries),
    abort: () => page.evaluate(() => kit.upload.abort()),

    /** After every test: nothing is left behind, and no request revealed anything. */
    async check() {
      const telling = s3.faults.telling([SECRET, NAME, TYPE]);
      const unfinished = await s3.unfinished();
      s3.faults.reset();
      assert.deepEqual({ telling, unfinished }, { telling: [], unfinished: [] });
    },

    async close() {
      await page.close();
      await s3.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/**
 * The same tests of uploads in each browser; check() runs after each.
 * @param {typeof openUploads} open
 * @param {(uploads: Awaited<ReturnType<typeof openUploads>>, name: string) => void} tests
 * @param {string[]} [names]
 */
export function uploadsInBrowsers(open, tests, names) {
  const checked = (uploads, name) => {
    afterEach(() => uploads.check());
    tests(uploads, name);
  };
  inBrowsers(open, checked, names);
}
