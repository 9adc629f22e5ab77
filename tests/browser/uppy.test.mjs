// The plugin of kmseal/uppy with Uppy's own uploaders, and with one that overlooks errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { PLAIN } from '../support/page/plaintext.mjs';
import { leaks } from '../support/servers/relay.mjs';
import { NAMES, setUpUploaders, testUppy } from '../support/browsers/uppy.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;

const { servers, inBrowsers } = testUppy();

inBrowsers(setUpUploaders, (page, name) => {
  const upload = (uploader, options) =>
    page.evaluate(async (uploader, options) => up.names(await up.make(uploader, options).upload()), uploader, options);

  /** What each uploader delivered, in the files' order. */
  const DELIVERED = {
    async s3(count) {
      const state = await page.evaluate(() => up.state());
      const objects = await Promise.all(
        state.map(({ uploadURL }) =>
          servers.object(decodeURIComponent(new URL(uploadURL).pathname).split('/').slice(2).join('/')),
        ),
      );
      assert.equal(objects.length, count);
      for (const [index, { type, metadata }] of objects.entries()) {
        assert.match(state[index].uploadURL, new RegExp(`file-${index + 1}\\.kmseal$`));
        assert.deepEqual({ type, metadata }, { type: 'application/octet-stream', metadata: {} });
      }
      return objects.map(({ bytes }) => bytes);
    },
    async form() {
      const files = (await servers.forms()).map((form) => form.get('file'));
      assert.deepEqual(
        files.map((file) => [file.name, file.type]),
        files.map((file, index) => [`file-${index + 1}.kmseal`, 'application/octet-stream']),
      );
      return Promise.all(files.map((file) => file.arrayBuffer()));
    },
    async tus() {
      const state = await page.evaluate(() => up.state());
      return state.map(({ uploadURL }) => servers.tus.read(uploadURL));
    },
  };

  for (const { uploader, way } of [
    { uploader: 'put', way: 's3' },
    { uploader: 'multipart', way: 's3' },
    { uploader: 'form', way: 'form' },
    { uploader: 'tus', way: 'tus' },
  ]) {
    test(`two files sent by ${uploader} open, and nothing reveals what they are`, async () => {
      const contents = await page.choose(uploader === 'multipart' ? 11 * MIB : 2 * MIB, 100);
      const { successful, failed } = await upload(uploader);
      assert.deepEqual(await page.evaluate(() => up.last.said.errors), []);
      assert.deepEqual({ successful, failed }, { successful: ['file-1.kmseal', 'file-2.kmseal'], failed: [] });
      const envelopes = await DELIVERED[way](2);
      for (const [index, envelope] of envelopes.entries()) {
        assert.ok(contents[index].equals(await servers.open(envelope, { user: '7' })));
      }
      assert.ok(servers.seen().length > 1);
      if (uploader === 'multipart')
        assert.equal(servers.relays.s3.seen.filter(({ url }) => /partNumber=[123]/.test(url)).length, 4);
    });
  }

  test('a failed upload is repeated with the same envelope', async () => {
    const [bytes] = await page.choose(MIB);
    servers.relays.form.fault = () => ({ does: 'answer', status: 500, after: 'all' });
    assert.deepEqual(await upload('form'), { successful: [], failed: ['file-1.kmseal'] });
    servers.relays.form.fault = () => undefined;
    assert.deepEqual(await page.evaluate(async () => up.names(await up.last.retryUpload(up.last.getFiles()[0].id))), {
      successful: ['file-1.kmseal'],
      failed: [],
    });
    const envelopes = await Promise.all(
      (await servers.forms()).map(async (form) => Buffer.from(await form.get('file').arrayBuffer())),
    );
    assert.equal(envelopes.length, 2);
    assert.ok(envelopes[0].equals(envelopes[1]));
    assert.ok(bytes.equals(await servers.open(envelopes[1], { user: '7' })));
  });

  // What follows is between Uppy and the plugin: no engine has a part in it.
  if (!ANY_ENGINE.includes(name)) return;

  test('tus does not resume an upload from before a page reload, and nothing is remembered', async () => {
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
    assert.deepEqual(await page.evaluate(async () => up.names(await up.last.upload())), {
      successful: ['file-1.kmseal'],
      failed: [],
    });
    const [{ uploadURL }] = await page.evaluate(() => up.state());
    assert.notEqual(uploadURL, old);
    assert.ok(bytes.equals(await servers.open(servers.tus.read(uploadURL), { user: '7' })));
    assert.deepEqual(await page.evaluate(() => ({ ...localStorage })), left);
    await page.evaluate(() => localStorage.clear());
  });

  test('multipart does not resume an upload from before a page reload', async () => {
    const [bytes] = await page.choose(6 * MIB);
    const names = await page.evaluate(async () => {
      const uppy = up.make('multipart');
      uppy.setFileState(uppy.getFiles()[0].id, { s3Multipart: { key: 'of-another-envelope', uploadId: 'gone' } });
      return up.names(await uppy.upload());
    });
    assert.deepEqual(names, { successful: ['file-1.kmseal'], failed: [] });
    const [envelope] = await DELIVERED.s3(1);
    assert.ok(bytes.equals(await servers.open(envelope, { user: '7' })));
    assert.deepEqual(
      servers.relays.s3.seen.filter(({ url }) => url.includes('of-another-envelope')),
      [],
    );
  });

  test('the search would find the content and names of an unsealed upload', async () => {
    await page.choose(MIB);
    await upload('form', { plugin: false });
    for (const secret of [NAMES[0], 'application/pdf', 'Ordner/', PLAIN])
      assert.deepEqual(leaks(servers.seen(), [secret]), ['POST body']);
    servers.reset();
  });

  test('other plugins see an envelope under a neutral name, and the meta that the page added', async () => {
    await page.choose(MIB, 0);
    await upload('careless');
    const [first, second] = await page.evaluate(() => up.state());
    const meta = { form: 'a7', name: 'file-1.kmseal', type: 'application/octet-stream' };
    assert.deepEqual(first, {
      fits: true,
      meta,
      name: 'file-1.kmseal',
      extension: 'kmseal',
      type: 'application/octet-stream',
      preview: '',
    });
    assert.equal(second.name, 'file-2.kmseal');
  });

  test("progress shows the page's own words, and counts what was sealed", async () => {
    await page.choose(4 * MIB, 100);
    await upload('careless', { plugin: { locale: { strings: { sealing: 'Wird verschlüsselt' } } } });
    const { progress, complete, sealed, errors } = await page.evaluate(() => up.last.said);
    assert.deepEqual(
      new Set(progress.map(({ mode, message }) => `${mode} ${message}`)),
      new Set(['determinate Wird verschlüsselt']),
    );
    const [big, small] = [...new Set(progress.map(({ id }) => id))].map((id) =>
      progress.filter((one) => one.id === id).map(({ value }) => value),
    );
    for (const values of [big, small])
      assert.deepEqual(
        values,
        [...new Set(values)].sort((a, b) => a - b),
      );
    assert.deepEqual(
      { bigFirst: big.at(0), bigLast: big.at(-1), smallFirst: small.at(0), smallLast: small.at(-1) },
      { bigFirst: 0, bigLast: 1, smallFirst: 0, smallLast: 1 },
    );
    assert.ok(big.length > 5, `${big}`);
    assert.deepEqual(
      { complete, sealed, errors },
      { complete: 2, sealed: [['file-1.kmseal', 'file-2.kmseal']], errors: [] },
    );
  });

  test('names and contexts set by the page derive from the chosen file', async () => {
    const [bytes] = await page.choose(MIB);
    await page.evaluate(() =>
      up
        .make('form', {
          plugin: {
            rename: (index, file) => `${index}-${file.meta.form}`,
            encryptionContext: (file) => ({ size: String(file.size) }),
            requiredEncryptionContext: { purpose: 'identity-paper' },
          },
        })
        .upload(),
    );
    const [form] = await servers.forms();
    assert.deepEqual({ fileName: form.get('file').name, name: form.get('name') }, { fileName: '1-a7', name: '1-a7' });
    const context = { user: '7', size: String(MIB), purpose: 'identity-paper' };
    assert.ok(bytes.equals(await servers.open(await form.get('file').arrayBuffer(), context)));
    assert.equal(await page.evaluate(() => up.last.getFiles()[0].extension), '');
  });
});
