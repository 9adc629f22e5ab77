// A browser whose page uploads one file through startS3(), and what must hold whatever happens to the upload.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sample } from './bytes.mjs';
import { openKit } from './session.mjs';
import { startS3 } from './s3.mjs';

export const MIB = 2 ** 20;

const SECRET = 'the patient has a broken arm';
const NAME = 'report of mister miller.pdf';
const TYPE = 'application/pdf';
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

/** @param {{ connect?: string[], routes?: (app: import('hono').Hono) => void }} [more] as of startServer() */
export async function openUploads(name, { connect = [], routes } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-s3-'));
  const file = path.join(folder, NAME);
  const s3 = await startS3();
  const page = await openKit(name, {
    keys: [s3.key],
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

    /** Writes the file, every KiB of which could be recognized; always the same one for a size and seed. */
    write(size, seed = 0) {
      const bytes = Buffer.from(sample(size + seed).subarray(seed));
      for (let at = 0; at < size; at += 1024) bytes.write(SECRET, at);
      writeFileSync(file, bytes);
      utimesSync(file, LONG_AGO, LONG_AGO); // Chromium looks at whole seconds
      return createHash('sha256').update(bytes).digest('hex');
    },

    /** A file of that size that has no content. */
    writeHoles(size) {
      writeFileSync(file, '');
      truncateSync(file, size);
    },

    /** Changes the file's time: Chromium sees that. */
    touch: () => utimesSync(file, new Date(), new Date()),

    /** Uploads the file as begin() does; an option that is code is an expression in the page. */
    async upload(options = {}, code = '{}') {
      await this.begin(options, code);
      return this.settled();
    },

    async begin(options = {}, code = '{}') {
      const id = s3.begin();
      await page.chooseFiles([file]);
      const values = JSON.stringify({ id, partSize: 5 * MIB, ...options });
      await page.evaluate(`(async () => {
        const { begin } = await import('/support/upload-page.mjs');
        kit.upload = begin(kit.chosenFile('${NAME}'), { sealer: kit.sealer(), ...${values}, ...(${code}) });
      })()`);
      return id;
    },

    settled: () => page.evaluate(() => kit.upload.settled),
    abort: () => page.evaluate(() => kit.upload.abort()),

    /** After every test: nothing is left behind, and no request told anything. */
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
