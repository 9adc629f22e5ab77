// Uploads of the plugin of kmseal/uppy that end with their page, and continue in another one with the same envelope.
import assert from 'node:assert/strict';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { blocksOf, fill } from '../docs/blocks.mjs';
import { setKit } from '../support/browsers/session.mjs';
import { NAMES, testUppy } from '../support/browsers/uppy.mjs';
import { seen } from '../support/until.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;
/** S3 takes no smaller ones but the last. */
const PART = 5 * MIB;
const SIZE = 11 * MIB;
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

/** The guide's code, without its imports. */
const [{ code }] = blocksOf('docs/uppy.md').filter(({ heading }) => heading === 'With Seal, after a reload');
const GUIDE = code.replaceAll(/^import .*$/gm, '');

const { servers, paths, inBrowsers } = testUppy();

/** Runs in the page: an Uppy whose uploads are kept. */
async function setUp({ tus: endpoint }) {
  globalThis.up = { ...(await import('/uppy.js')) };
  up.store = new up.UploadStore();
  const signRequest = async (request) =>
    (await fetch('/sign', { method: 'POST', body: JSON.stringify(request) })).json();
  const uploaders = {
    tus: (uppy) => uppy.use(up.Tus, { endpoint, chunkSize: 5 * 2 ** 20, retryDelays: [] }),
    multipart: (uppy, chunkSize) =>
      uppy.use(up.AwsS3, { signRequest, shouldUseMultipart: true, getChunkSize: () => chunkSize ?? 5 * 2 ** 20 }),
    /** One that fails, and shows what is in the store by then. */
    failing: (uppy) =>
      uppy.addUploader(async (ids) => {
        for (const file of uppy.getFilesByIds(ids)) {
          const [kept] = await up.store.list();
          up.atUpload = kept && (await up.store.load(kept.id)).sealed.tags;
          uppy.emit('upload-error', file, new Error('not yet'));
        }
      }),
  };
  up.make = (uploader, { plugin, chunkSize } = {}) => {
    const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} } });
    const encryptionContext = ({ meta }) => ({ user: meta.user });
    const uploadId = ({ name }) => `upload of ${name}`;
    uppy.use(up.Seal, { sealer: kit.sealer(), encryptionContext, store: up.store, uploadId, ...plugin });
    uploaders[uploader](uppy, chunkSize);
    for (const data of document.querySelector('input').files) {
      const { name, type } = data;
      uppy.addFile({ name, type, data, meta: { user: '7' } });
    }
    up.errors = [];
    uppy.on('upload-error', (file, { code, message }) => up.errors.push({ code, message }));
    up.last = uppy;
    return uppy;
  };
  up.list = async () =>
    (await up.store.list()).map(({ id, way, size, loaded, isRunning }) => ({ id, way, size, loaded, isRunning }));
  /** Has all files continue that the store knows. */
  up.resume = async () => {
    for (const { id, name } of up.last.getFiles())
      await up.last
        .getPlugin('Seal')
        .resume(id, `upload of ${name}`)
        .catch(({ code, message }) => {
          throw new Error(`${code}: ${message}`);
        });
  };
  up.upload = async () => {
    const { successful, failed } = await up.last.upload();
    return { failed: failed.length, urls: successful.map(({ uploadURL }) => uploadURL), errors: up.errors };
  };
}

const sentBy = {
  tus: () =>
    servers.relays.tus.seen.flatMap(({ method, url, headers, body }) =>
      method === 'PATCH' ? [{ at: Number(headers['upload-offset']), to: url, body }] : [],
    ),
  multipart: () =>
    servers.relays.s3.seen.flatMap(({ method, url, body }) => {
      const { pathname, searchParams } = new URL(url, 'http://s3');
      const [number, uploadId] = ['partNumber', 'uploadId'].map((name) => searchParams.get(name));
      return method === 'PUT' && number ? [{ at: (number - 1) * PART, to: pathname + uploadId, body }] : [];
    }),
};
const relayOf = (uploader) => servers.relays[uploader === 'tus' ? 'tus' : 's3'];

inBrowsers(setUp, (page, name) => {
  /** Another page, after a reload. */
  async function reload() {
    await page.driver.navigate().refresh();
    await setKit(page, [servers.key]);
    await page.evaluate(setUp, servers.places);
  }
  const list = () => page.evaluate(() => up.list());
  const arrived = (uploader, url) =>
    uploader === 'tus'
      ? servers.tus.read(url)
      : servers
          .object(decodeURIComponent(new URL(url).pathname).split('/').slice(2).join('/'))
          .then(({ bytes }) => bytes);

  afterEach(async () => {
    await page.evaluate(() => up.last?.destroy());
    await page.evaluate(() => up.store.forget());
    await seen(() => page.evaluate(async () => (await navigator.locks.query()).held.length === 0));
  });

  /** Writes the file, always with the same time. */
  function write(bytes) {
    writeFileSync(paths[0], bytes);
    utimesSync(paths[0], LONG_AGO, LONG_AGO);
  }

  /** Begins an upload whose page ends while its second part travels. */
  async function begin(uploader) {
    const [bytes] = await page.choose(SIZE);
    write(bytes);
    await page.rechoose(1);
    relayOf(uploader).fault = (request) =>
      (uploader === 'tus' && request.method === 'PATCH' && Number(request.headers['upload-offset']) === PART) ||
      /partNumber=2\b/.test(request.url)
        ? { does: 'stall', after: 'half' }
        : undefined;
    await page.evaluate((uploader) => void up.make(uploader).upload(), uploader);
    await seen(() => sentBy[uploader]().some(({ at, body }) => at === PART && body.length > MIB));
    await seen(async () => (await list())[0]?.loaded > 0);
    await reload();
    relayOf(uploader).fault = () => undefined;
    await seen(async () => (await list())[0].isRunning === false);
    return { bytes, before: sentBy[uploader]() };
  }

  const anyEngine = ANY_ENGINE.includes(name);
  for (const uploader of anyEngine ? ['tus', 'multipart'] : ['tus']) {
    test(`an upload by ${uploader} continues after a reload with the same envelope where it was`, async () => {
      const { bytes, before } = await begin(uploader);
      const [kept, ...others] = await list();
      assert.deepEqual(others, []);
      const { loaded, ...rest } = kept;
      assert.deepEqual(rest, { id: `upload of ${NAMES[0]}`, way: 'uppy', size: SIZE, isRunning: false });
      assert.ok(loaded > 0 && loaded < SIZE);

      await page.rechoose(1);
      await page.evaluate((uploader) => up.make(uploader) && up.resume(), uploader);
      const { failed, urls, errors } = await page.evaluate(() => up.upload());
      assert.deepEqual({ failed, errors }, { failed: 0, errors: [] });
      assert.ok(bytes.equals(await servers.open(await arrived(uploader, urls[0]), { user: '7' })));
      const again = sentBy[uploader]().slice(before.length);
      assert.deepEqual(new Set(again.map(({ to }) => to)), new Set(before.map(({ to }) => to)));
      assert.ok(
        again.every(({ at }) => at >= PART),
        again.map(({ at }) => at).join(),
      );
      // One nonce, one ciphertext: what was sent in both pages is the same.
      const common = again.find(({ at }) => at === PART);
      const [half] = before.filter(({ at }) => at === PART);
      if (common) assert.ok(half.body.equals(common.body.subarray(0, half.body.length)));
      await seen(async () => (await list()).length === 0);
    });

    test(`by ${uploader}, nothing leaves of a file that has changed since, and the right one continues`, async () => {
      const { bytes, before } = await begin(uploader);
      const changed = readFileSync(paths[0]);
      changed[changed.length - 1] ^= 1; // of what was not sent before
      write(changed);
      await page.rechoose(1);
      await page.evaluate((uploader) => up.make(uploader) && up.resume(), uploader);
      const outcome = await page.evaluate(async () => {
        const { failed } = await up.last.upload();
        await up.last.retryAll();
        return { failed: failed.length, codes: up.errors.map(({ code }) => code) };
      });
      assert.deepEqual(outcome, { failed: 1, codes: ['ERR_SOURCE_CHANGED', 'ERR_SOURCE_CHANGED'] });
      assert.equal(sentBy[uploader]().length, before.length);

      await page.evaluate(() => up.last.destroy());
      await seen(async () => (await list())[0].isRunning === false);
      write(bytes);
      await page.rechoose(1);
      await page.evaluate((uploader) => up.make(uploader) && up.resume(), uploader);
      const { failed, urls } = await page.evaluate(() => up.upload());
      assert.equal(failed, 0);
      assert.ok(bytes.equals(await servers.open(await arrived(uploader, urls[0]), { user: '7' })));
    });
  }

  // What is kept when, the plugin decides alike for each engine's store.
  if (!anyEngine) return;

  test('the code of the guide has a file continue that is added again', async () => {
    const [bytes] = await page.choose(SIZE);
    write(bytes);
    servers.relays.tus.fault = (request) =>
      request.method === 'PATCH' && Number(request.headers['upload-offset']) > 0
        ? { does: 'stall', after: 'half' }
        : undefined;
    const settings = { endpoint: servers.places.tus, chunkSize: PART, retryDelays: [] };
    const guide = fill(GUIDE, { "{ endpoint: '/files' }": JSON.stringify(settings) });
    const run = () =>
      page.evaluate(`(async ({ Uppy, Tus, UploadStore, Seal }, sealer, encryptionContext) => {
        ${guide}
        up.last = uppy;
        const [data] = document.querySelector('input').files;
        uppy.addFile({ name: data.name, type: data.type, data });
        uppy.upload().then((outcome) => (up.outcome = outcome));
      })(up, kit.sealer(), { user: '7' })`);
    await page.rechoose(1);
    await run();
    await seen(async () => (await list())[0]?.loaded > 0);
    await reload();
    servers.relays.tus.fault = () => undefined;
    await seen(async () => (await list())[0].isRunning === false);
    await page.rechoose(1);
    await run();
    await seen(() => page.evaluate(() => up.outcome !== undefined));
    const url = await page.evaluate(() => up.outcome.successful[0].uploadURL);
    assert.ok(bytes.equals(await servers.open(servers.tus.read(url), { user: '7' })));
    assert.equal(new Set(sentBy.tus().map(({ to }) => to)).size, 1, 'one upload');
  });

  test('an upload in parts begins again, with the same envelope, where parts have another size by now', async () => {
    const { bytes, before } = await begin('multipart');
    await page.rechoose(1);
    await page.evaluate(() => up.make('multipart', { chunkSize: 6 * 2 ** 20 }) && up.resume());
    const { failed, urls } = await page.evaluate(() => up.upload());
    assert.equal(failed, 0);
    const envelope = await arrived('multipart', urls[0]);
    assert.ok(bytes.equals(await servers.open(envelope, { user: '7' })));
    const [first] = before;
    assert.ok(first.body.equals(Buffer.from(envelope).subarray(0, first.body.length)));
  });

  test('a multipart upload that S3 has no longer begins again at the next try', async () => {
    const { bytes } = await begin('multipart');
    await page.rechoose(1);
    await page.evaluate(() => up.make('multipart') && up.resume());
    relayOf('multipart').fault = ({ method, url }) =>
      method === 'GET' && /uploadId=/.test(url)
        ? { does: 'answer', status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' }
        : undefined;
    assert.equal((await page.evaluate(() => up.upload())).failed, 1);
    const url = await page.evaluate(async () => (await up.last.retryAll()).successful[0].uploadURL);
    assert.ok(bytes.equals(await servers.open(await arrived('multipart', url), { user: '7' })));
  });

  test('all tags are in the store before an uploader gets the envelope, and a file that is removed is forgotten', async () => {
    await page.choose(3 * MIB);
    await page.evaluate(() => up.make('failing').upload());
    const untagged = await page.evaluate(() => {
      const { atUpload: tags } = up;
      const frames = Array.from({ length: tags.length / 16 }, (_, index) => tags.subarray(16 * index, 16 * index + 16));
      return frames.filter((tag) => tag.every((byte) => byte === 0)).length;
    });
    assert.equal(untagged, 0);
    assert.deepEqual(
      (await list()).map(({ isRunning }) => isRunning),
      [true],
      'it stays after a failure',
    );
    await page.evaluate(() => up.last.removeFile(up.last.getFiles()[0].id));
    await seen(async () => (await list()).length === 0);
  });

  test('a plugin that is removed gives its uploads to another page', async () => {
    await page.choose(MIB);
    await page.evaluate(async () => {
      await up.make('failing').upload();
      up.last.removePlugin(up.last.getPlugin('Seal'));
    });
    await seen(async () => (await list())[0]?.isRunning === false);
  });

  test('an upload that is bound to something else meanwhile is kept as its new envelope', async () => {
    await page.choose(MIB);
    const states = await page.evaluate(async () => {
      const uppy = up.make('failing');
      const states = [];
      for (const user of ['7', '8']) {
        uppy.setFileMeta(uppy.getFiles()[0].id, { user });
        await (user === '7' ? uppy.upload() : uppy.retryAll());
        const { header } = (await up.store.load((await up.store.list())[0].id)).sealed;
        states.push(header.join());
      }
      return states;
    });
    assert.notEqual(states[0], states[1]);
    assert.equal((await list()).length, 1);
  });

  test('an upload whose store fails arrives, and the page is told once', async () => {
    const [bytes] = await page.choose(MIB);
    const { urls, told } = await page.evaluate(async () => {
      const told = [];
      const save = async () => {
        throw new DOMException('no', 'QuotaExceededError');
      };
      const store = {
        own: (id) => up.store.own(id),
        load: (id) => up.store.load(id),
        forget: (id) => up.store.forget(id),
        save,
      };
      up.make('tus', { plugin: { store, onUnsaved: ({ code }) => told.push(code) } });
      return { ...(await up.upload()), told };
    });
    assert.deepEqual(told, ['ERR_STORAGE']);
    assert.ok(bytes.equals(await servers.open(await arrived('tus', urls[0]), { user: '7' })));
  });

  test('resume refuses what it cannot continue, and says why', async () => {
    await page.choose(MIB);
    const refused = await page.evaluate(async () => {
      const uppy = up.make('failing');
      const [{ id }] = uppy.getFiles();
      const seal = uppy.getPlugin('Seal');
      const codes = [];
      const ask = (...asked) => seal.resume(...asked).catch(({ code, name }) => codes.push(code ?? name));
      await ask(id, 'unknown');
      await ask('unknown', 'unknown');
      await uppy.upload();
      await ask(id, 'unknown');
      uppy.removePlugin(seal);
      uppy.use(up.Seal, { sealer: kit.sealer() });
      await uppy
        .getPlugin('Seal')
        .resume(id, 'unknown')
        .catch(({ code, name }) => codes.push(code ?? name));
      return codes;
    });
    assert.deepEqual(refused, ['ERR_STORAGE', 'TypeError', 'TypeError', 'TypeError']);
  });
});
