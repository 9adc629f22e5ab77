// Tests of pages that upload by Uppy, and the files that they upload.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { content, PLAIN } from '../page/plaintext.mjs';
import { leaks } from '../servers/relay.mjs';
import { inBrowsers, needsEveryKind, openKit } from './session.mjs';
import { startUploaders } from '../servers/uploaders.mjs';

export const NAMES = ['Arztbrief Meier.pdf', 'Befund.png'];
/** What no request may show. */
export const SECRETS = [...NAMES, 'Arztbrief', 'Befund', 'application/pdf', 'image/png', 'Ordner/', PLAIN];

/** Runs in the page: `up`, which makes an Uppy with one of several uploaders, and says what became of its files. */
export async function setUpUploaders(places) {
  globalThis.up = { ...(await import('/uppy.js')), watch: await import('/pages/watch.js') };
  const signRequest = async (request) =>
    (await fetch('/sign', { method: 'POST', body: JSON.stringify(request) })).json();
  const uploaders = {
    put: (uppy) => uppy.use(up.AwsS3, { signRequest, shouldUseMultipart: false }),
    multipart: (uppy) => uppy.use(up.AwsS3, { signRequest, shouldUseMultipart: true, getChunkSize: () => 5 * 2 ** 20 }),
    form: (uppy) => uppy.use(up.XHRUpload, { endpoint: places.form, shouldRetry: () => false, limit: 1 }),
    tus: (uppy) => uppy.use(up.Tus, { endpoint: places.tus }),
    /** A third-party uploader, which checks nothing. */
    careless: (uppy) =>
      uppy.addUploader(async (ids) => {
        for (const file of uppy.getFilesByIds(ids)) {
          const { status } = await fetch(places.form, { method: 'POST', body: file.data });
          uppy.emit('upload-success', file, { status });
        }
      }),
  };
  /** An Uppy with the chosen files, as from a folder dropped on its Dashboard, and its messages. */
  up.make = (uploader, settings) => {
    const { plugin, ...options } = settings ?? {};
    const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} }, ...options });
    if (plugin !== false) uppy.use(up.Seal, { sealer: kit.sealer({ encryptionContext: { user: '7' } }), ...plugin });
    uploaders[uploader]?.(uppy);
    for (const data of document.querySelector('input').files) {
      const { name, type } = data;
      uppy.addFile({
        name,
        type,
        data,
        preview: URL.createObjectURL(data),
        meta: { relativePath: `Ordner/${name}`, form: 'a7' },
      });
    }
    uppy.said = { progress: [], complete: 0, errors: [], sealed: [] };
    uppy.on('preprocess-progress', ({ id }, progress) => uppy.said.progress.push({ id, ...progress }));
    uppy.on('preprocess-complete', () => {
      uppy.said.complete++;
    });
    uppy.on('upload-error', (file, { code, name, message }) =>
      uppy.said.errors.push({ name: file.name, code, error: name, message }),
    );
    uppy.on('seal:complete', (files) => uppy.said.sealed.push(files.map((file) => file.name)));
    up.last = uppy;
    return uppy;
  };
  up.names = ({ successful, failed }) => ({
    successful: successful.map((file) => file.name),
    failed: failed.map((file) => file.name),
  });
  up.state = () =>
    up.last.getFiles().map(({ data, meta, name, extension, type, size, preview, uploadURL, progress }) => ({
      named: data.name,
      fits: data.size === size,
      meta,
      name,
      extension,
      type,
      preview,
      uploadURL,
      preprocess: progress.preprocess,
    }));
}

/**
 * What the tests of a file share; it is there once they run. `servers` is of startUploaders(), `paths` where the files are, and
 * inBrowsers() defines tests of a page of openKit() in each browser, which setUp(places) has prepared. Their requests must not reveal
 * anything, unless they forget it by servers.reset().
 */
export function testUppy(options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-uppy-'));
  const paths = NAMES.map((name) => path.join(folder, name));
  const servers = {};
  before(async () => Object.assign(servers, await startUploaders(options)));
  after(async () => {
    await servers.close?.();
    rmSync(folder, { recursive: true });
  });

  async function open(name) {
    const { routes, connect, key } = servers;
    const page = await openKit(name, { keys: [key], routes, connect, everyKind: needsEveryKind(options?.spec) });
    return {
      ...page,
      /** Makes files of these sizes, chooses them, and returns what they hold. */
      async choose(...sizes) {
        const contents = sizes.map(content);
        contents.forEach((bytes, index) => writeFileSync(paths[index], bytes));
        await page.chooseFiles(paths.slice(0, sizes.length));
        return contents;
      },
      /** Chooses them again, as in a page that was reloaded. */
      rechoose: (count) => page.chooseFiles(paths.slice(0, count)),
    };
  }

  /**
   * @param {(places: { form: string, tus: string }) => Promise<void>} setUp runs in the page
   * @param {(page: Awaited<ReturnType<typeof open>>, name: string) => void} tests
   * @param {string[]} [names]
   */
  const uppyInBrowsers = (setUp, tests, names) => {
    const checked = (page, name) => {
      before(async () => {
        await servers.allow(page.origin);
        await page.evaluate(setUp, servers.places);
      });
      afterEach(() => {
        const told = leaks(servers.seen(), SECRETS);
        servers.reset();
        assert.deepEqual(told, []);
      });
      tests(page, name);
    };
    inBrowsers(open, checked, names);
  };
  return { servers, paths, inBrowsers: uppyInBrowsers };
}
