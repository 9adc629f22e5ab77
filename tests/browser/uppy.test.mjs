// The plugin of kmseal/uppy with Uppy's own uploaders, and with one that overlooks errors.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { test } from 'node:test';
import { PLAIN } from '../support/plaintext.mjs';
import { leaks } from '../support/relay.mjs';
import { NAMES, testUppy } from '../support/uppy.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;

const { servers, paths, inBrowsers } = testUppy();

/** Runs in the page. */
async function setUp(places) {
  globalThis.up = { ...(await import('/uppy.js')), watch: await import('/pages/watch.js') };
  const signRequest = async (request) => (await fetch('/sign', { method: 'POST', body: JSON.stringify(request) })).json();
  const uploaders = {
    put: (uppy) => uppy.use(up.AwsS3, { signRequest, shouldUseMultipart: false }),
    multipart: (uppy) => uppy.use(up.AwsS3, { signRequest, shouldUseMultipart: true, getChunkSize: () => 5 * 2 ** 20 }),
    form: (uppy) => uppy.use(up.XHRUpload, { endpoint: places.form, shouldRetry: () => false, limit: 1 }),
    tus: (uppy) => uppy.use(up.Tus, { endpoint: places.tus }),
    /** One of someone else, which looks at nothing. */
    careless: (uppy) => uppy.addUploader(async (ids) => {
      for (const file of uppy.getFilesByIds(ids)) {
        const { status } = await fetch(places.form, { method: 'POST', body: file.data });
        uppy.emit('upload-success', file, { status });
      }
    }),
  };
  /** An Uppy with the chosen files, as a folder dropped on its Dashboard gives them, and what it said. */
  up.make = (uploader, settings) => {
    const { plugin, ...options } = settings ?? {};
    const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} }, ...options });
    if (plugin !== false) uppy.use(up.Seal, { sealer: kit.sealer({ encryptionContext: { user: '7' } }), ...plugin });
    uploaders[uploader]?.(uppy);
    for (const data of document.querySelector('input').files) {
      const { name, type } = data;
      uppy.addFile({ name, type, data, preview: URL.createObjectURL(data), meta: { relativePath: `Ordner/${name}`, form: 'a7' } });
    }
    uppy.said = { progress: [], complete: 0, errors: [], sealed: [] };
    uppy.on('preprocess-progress', ({ id }, progress) => uppy.said.progress.push({ id, ...progress }));
    uppy.on('preprocess-complete', () => { uppy.said.complete++; });
    uppy.on('upload-error', (file, { code, name, message }) => uppy.said.errors.push({ name: file.name, code, error: name, message }));
    uppy.on('seal:complete', (files) => uppy.said.sealed.push(files.map((file) => file.name)));
    up.last = uppy;
    return uppy;
  };
  up.names = ({ successful, failed }) => ({ successful: successful.map((file) => file.name), failed: failed.map((file) => file.name) });
  up.state = () => up.last.getFiles().map(({ data, meta, name, extension, type, size, preview, uploadURL, progress }) => (
    { named: data.name, fits: data.size === size, meta, name, extension, type, preview, uploadURL, preprocess: progress.preprocess }));
}

inBrowsers(setUp, (page, name) => {
  const upload = (uploader, options) =>
    page.evaluate(async (uploader, options) => up.names(await up.make(uploader, options).upload()), uploader, options);

  /** What each uploader delivered, in the files' order. */
  const DELIVERED = {
    async s3(count) {
      const state = await page.evaluate(() => up.state());
      const objects = await Promise.all(state.map(({ uploadURL }) => servers.object(decodeURIComponent(new URL(uploadURL).pathname).split('/').slice(2).join('/'))));
      assert.equal(objects.length, count);
      for (const [index, { type, metadata }] of objects.entries()) {
        assert.match(state[index].uploadURL, new RegExp(`file-${index + 1}\\.kmseal$`));
        assert.deepEqual([type, metadata], ['application/octet-stream', {}]);
      }
      return objects.map(({ bytes }) => bytes);
    },
    async form() {
      const files = (await servers.forms()).map((form) => form.get('file'));
      assert.deepEqual(files.map((file) => [file.name, file.type]), files.map((file, index) => [`file-${index + 1}.kmseal`, 'application/octet-stream']));
      return Promise.all(files.map((file) => file.arrayBuffer()));
    },
    async tus() {
      const state = await page.evaluate(() => up.state());
      return state.map(({ uploadURL }) => servers.tus.read(uploadURL));
    },
  };

  for (const [uploader, way] of [['put', 's3'], ['multipart', 's3'], ['form', 'form'], ['tus', 'tus']]) {
    test(`two files by ${uploader}: they open, and nothing tells what they are`, async () => {
      const contents = await page.choose(uploader === 'multipart' ? 11 * MIB : 2 * MIB, 100);
      const { successful, failed } = await upload(uploader);
      assert.deepEqual(await page.evaluate(() => up.last.said.errors), []);
      assert.deepEqual([successful, failed], [['file-1.kmseal', 'file-2.kmseal'], []]);
      const envelopes = await DELIVERED[way](2);
      for (const [index, envelope] of envelopes.entries()) {
        assert.ok(contents[index].equals(await servers.open(envelope, { user: '7' })));
      }
      assert.ok(servers.seen().length > 1);
        if (uploader === 'multipart') assert.equal(servers.relays.s3.seen.filter(({ url }) => /partNumber=[123]/.test(url)).length, 4);
    });
  }

  test('by tus, an upload that an earlier life of the page began is not gone on with, and nothing is remembered', async () => {
    const [bytes] = await page.choose(2 * MIB);
    const { old, left } = await page.evaluate(async (endpoint) => {
      const size = kit.sealer({ encryptionContext: { user: '7' } }).sealedSize(2 * 2 ** 20);
      const headers = { 'tus-resumable': '1.0.0', 'upload-length': String(size) };
      const old = (await fetch(endpoint, { method: 'POST', headers })).headers.get('location');
      const upload = { size, metadata: {}, creationTime: 'yesterday', uploadUrl: old };
      const [{ id }] = up.make('tus').getFiles();
      localStorage.clear();
      localStorage.setItem(`tus::tus-${id}-${endpoint}::17`, JSON.stringify(upload));
      return { old, left: { ...localStorage } };
    }, servers.places.tus);
    assert.deepEqual(await page.evaluate(async () => up.names(await up.last.upload())), { successful: ['file-1.kmseal'], failed: [] });
    const [{ uploadURL }] = await page.evaluate(() => up.state());
    assert.notEqual(uploadURL, old);
    assert.ok(bytes.equals(await servers.open(servers.tus.read(uploadURL), { user: '7' })));
    assert.deepEqual(await page.evaluate(() => ({ ...localStorage })), left);
    await page.evaluate(() => localStorage.clear());
  });

  test('by multipart, an upload that an earlier life of the page began is not gone on with', async () => {
    const [bytes] = await page.choose(6 * MIB);
    const names = await page.evaluate(async () => {
      const uppy = up.make('multipart');
      uppy.setFileState(uppy.getFiles()[0].id, { s3Multipart: { key: 'of-another-envelope', uploadId: 'gone' } });
      return up.names(await uppy.upload());
    });
    assert.deepEqual(names, { successful: ['file-1.kmseal'], failed: [] });
    const [envelope] = await DELIVERED.s3(1);
    assert.ok(bytes.equals(await servers.open(envelope, { user: '7' })));
    assert.deepEqual(servers.relays.s3.seen.filter(({ url }) => url.includes('of-another-envelope')), []);
  });

  test('which would be seen', async () => {
    await page.choose(MIB);
    await upload('form', { plugin: false });
    for (const secret of [NAMES[0], 'application/pdf', 'Ordner/', PLAIN]) assert.deepEqual(leaks(servers.seen(), [secret]), ['POST body']);
    servers.reset();
  });

  test('what other plugins see: an envelope under a neutral name, and the meta that the page added', async () => {
    await page.choose(MIB, 0);
    await upload('careless');
    const [first, second] = await page.evaluate(() => up.state());
    const meta = { form: 'a7', name: 'file-1.kmseal', type: 'application/octet-stream' };
    assert.deepEqual(first, { fits: true, meta, name: 'file-1.kmseal', extension: 'kmseal', type: 'application/octet-stream', preview: '' });
    assert.equal(second.name, 'file-2.kmseal');
  });

  test('progress, in words of the page, and what was sealed', async () => {
    await page.choose(4 * MIB, 100);
    await upload('careless', { plugin: { locale: { strings: { sealing: 'Wird verschlüsselt' } } } });
    const { progress, complete, sealed, errors } = await page.evaluate(() => up.last.said);
    assert.deepEqual(new Set(progress.map(({ mode, message }) => `${mode} ${message}`)), new Set(['determinate Wird verschlüsselt']));
    const [big, small] = [...new Set(progress.map(({ id }) => id))].map((id) => progress.filter((one) => one.id === id).map(({ value }) => value));
    for (const values of [big, small]) assert.deepEqual(values, [...new Set(values)].sort((a, b) => a - b));
    assert.deepEqual([big.at(0), big.at(-1), small.at(0), small.at(-1)], [0, 1, 0, 1]);
    assert.ok(big.length > 5, `${big}`);
    assert.deepEqual({ complete, sealed, errors }, { complete: 2, sealed: [['file-1.kmseal', 'file-2.kmseal']], errors: [] });
  });

  test('names and contexts of the page, from the file as it was chosen', async () => {
    const [bytes] = await page.choose(MIB);
    await page.evaluate(() => up.make('form', {
      plugin: {
        rename: (index, file) => `${index}-${file.meta.form}`,
        encryptionContext: (file) => ({ size: String(file.size) }),
        requiredEncryptionContext: { purpose: 'identity-paper' },
      },
    }).upload());
    const [form] = await servers.forms();
    assert.deepEqual([form.get('file').name, form.get('name')], ['1-a7', '1-a7']);
    const context = { user: '7', size: String(MIB), purpose: 'identity-paper' };
    assert.ok(bytes.equals(await servers.open(await form.get('file').arrayBuffer(), context)));
    assert.equal(await page.evaluate(() => up.last.getFiles()[0].extension), '');
  });

  for (const uploader of ['careless', 'form']) {
    test(`a file that cannot be sealed is not uploaded by ${uploader}, the other one is; tried again, it is`, async () => {
      const contents = await page.choose(2000, 1000);
      const outcome = await page.evaluate(async (uploader) => {
        up.broken = true;
        const encryptionContext = ({ size }) => {
          if (size === 2000 && up.broken) throw new Error('no context');
          return {};
        };
        return up.names(await up.make(uploader, { plugin: { encryptionContext } }).upload());
      }, uploader);
      assert.deepEqual(outcome, { successful: ['file-1.kmseal'], failed: [NAMES[0]] });
      assert.equal(servers.relays.form.seen.filter(({ method }) => method === 'POST').length, 1);
        const { errors, complete } = await page.evaluate(() => up.last.said);
      assert.deepEqual([errors.length, errors[0].name, errors[0].message, complete], [1, NAMES[0], 'no context', 2]);
      const retried = await page.evaluate(async () => {
        up.broken = false;
        return up.names(await up.last.retryAll());
      });
      assert.deepEqual(retried, { successful: ['file-2.kmseal'], failed: [] });
      const seen = servers.relays.form.seen.filter(({ method }) => method === 'POST');
      assert.equal(seen.length, 2);
      if (uploader === 'careless') assert.ok(contents[0].equals(await servers.open(seen[1].body, { user: '7' })));
    });
  }

  test('a file of another service is refused', async () => {
    await page.choose(1000);
    const outcome = await page.evaluate(async () => {
      const uppy = up.make('careless');
      const remote = { companionUrl: 'https://companion.example', requestClientId: 'x', url: 'https://companion.example/get' };
      uppy.addFile({ name: 'cloud.txt', type: 'text/plain', isRemote: true, data: { size: 10 }, remote });
      return up.names(await uppy.upload());
    });
    assert.deepEqual(outcome, { successful: ['file-1.kmseal'], failed: ['cloud.txt'] });
    const [error] = await page.evaluate(() => up.last.said.errors);
    assert.deepEqual([error.code, error.message], ['ERR_READ', 'Files from other services cannot be encrypted here; choose one from this device']);
    assert.equal(servers.relays.form.seen.length, 1);
  });

  // Tried in these two, here as elsewhere.
  if (name !== 'webkit') test('a file that has become shorter', async () => {
    await page.choose(2 * MIB, 1000);
    await page.evaluate(() => { up.make('careless'); });
    truncateSync(paths[0], MIB);
    const outcome = await page.evaluate(async () => up.names(await up.last.upload()));
    assert.deepEqual(outcome, { successful: ['file-1.kmseal'], failed: [NAMES[0]] });
    assert.match(await page.evaluate(() => up.last.said.errors[0].code), /^ERR_(READ|SOURCE_CHANGED)$/);
    assert.equal(servers.relays.form.seen.length, 1);
  });

  test('an upload that failed is repeated with the same envelope', async () => {
    const [bytes] = await page.choose(MIB);
    servers.relays.form.fault = () => ({ does: 'answer', status: 500, after: 'all' });
    assert.deepEqual(await upload('form'), { successful: [], failed: ['file-1.kmseal'] });
    servers.relays.form.fault = () => undefined;
    assert.deepEqual(await page.evaluate(async () => up.names(await up.last.retryUpload(up.last.getFiles()[0].id))), { successful: ['file-1.kmseal'], failed: [] });
    const envelopes = await Promise.all((await servers.forms()).map(async (form) => Buffer.from(await form.get('file').arrayBuffer())));
    assert.equal(envelopes.length, 2);
    assert.ok(envelopes[0].equals(envelopes[1]));
    assert.ok(bytes.equals(await servers.open(envelopes[1], { user: '7' })));
  });

  for (const [how, leave, left] of [
    ['a file is removed', () => up.last.removeFile(up.last.getFiles()[0].id), { successful: ['file-1.kmseal'], failed: [] }],
    ['everything is cancelled', () => up.last.cancelAll(), { successful: [], failed: [] }],
    ['the plugin is removed', () => up.last.removePlugin(up.last.getPlugin('Seal')), { successful: ['file-1.kmseal'], failed: [NAMES[0]] }],
  ]) {
    test(`${how} while it is sealed: the sealing ends, and it is not uploaded`, async () => {
      await page.choose(40 * MIB, 1000);
      await page.evaluate(async () => {
        const encrypting = new Promise((resolve) => { up.watch.whenEncrypted((count) => count === 3 && resolve()); });
        up.uploading = up.make('careless').upload();
        await encrypting;
        up.watch.whenEncrypted(() => {});
      });
      await page.evaluate(leave);
      const { result, still } = await page.evaluate(async () => ({ result: up.names(await up.uploading), still: await up.watch.doneIn(200) }));
      assert.deepEqual([result, still], [left, []]);
      assert.equal(servers.seen().length, left.successful.length);
        assert.ok(await page.evaluate(() => up.last.said.progress.every(({ value }) => value < 1) || up.last.said.sealed.length > 0));
    });
  }

  test('GoldenRetriever is refused, before and after, and then nothing is uploaded', async () => {
    await page.choose(1000);
    const outcomes = await page.evaluate(async () => {
      const said = [];
      const attempt = async (act) => said.push(await Promise.resolve().then(act).then(() => 'nothing', ({ name, message }) => `${name}: ${message}`));
      const seal = { sealer: kit.sealer() };
      for (const id of ['GoldenRetriever', 'Retriever']) {
        const before = up.make('careless', { id, plugin: false }).use(up.GoldenRetriever, { id });
        await attempt(() => before.use(up.Seal, seal));
        await attempt(() => before.upload());
        const after = up.make('careless', { id: `${id}2` });
        await attempt(() => after.use(up.GoldenRetriever, { id }));
        await attempt(() => after.upload());
      }
      return said;
    });
    assert.equal(outcomes.length, 8);
    for (const said of outcomes) assert.match(said, /^TypeError: Seal and GoldenRetriever cannot be used together: /);
    assert.deepEqual(servers.seen(), []);
  });

  test('so is sealing twice, with tusOptions, and a plugin without a sealer', async () => {
    const outcomes = await page.evaluate(() => {
      const said = [];
      for (const use of [
        () => new up.Uppy().use(up.Seal, { sealer: kit.sealer() }).use(up.Tus, { ...up.tusOptions(kit.sealer()), endpoint: '/files' }),
        () => new up.Uppy().use(up.Seal, {}),
      ]) {
        try {
          use();
        } catch ({ name, message }) {
          said.push(`${name}: ${message}`);
        }
      }
      return said;
    });
    assert.deepEqual(outcomes, [
      'TypeError: tusOptions() seals already; use it without the plugin Seal',
      'TypeError: the option sealer must be a Sealer',
    ]);
  });
});
