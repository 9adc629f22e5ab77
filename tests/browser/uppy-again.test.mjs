// The plugin of kmseal/uppy when an upload, or a read of a file, is repeated: which envelope is sent then.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { seen } from '../support/until.mjs';
import { NAMES, testUppy } from '../support/browsers/uppy.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;

const { servers, paths, inBrowsers } = testUppy();

/** Runs in the page: an Uppy whose uploader fails that often, with envelopes bound to the user in `meta`. */
async function setUp(places) {
  globalThis.up = { ...(await import('/uppy.js')) };
  const { holdTimers } = await import('/support/held-timers.mjs');
  kit.timers = holdTimers();
  up.make = (failures, options) => {
    const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} } });
    uppy.said = { asked: [], errors: [], messages: [], retries: [] };
    uppy.use(up.Seal, {
      sealer: kit.sealer(),
      encryptionContext: ({ name, type, meta }) => {
        uppy.said.asked.push({ name, type, named: meta.name, path: meta.relativePath });
        if (meta.user === 'nobody') throw new Error('who are you?');
        return { user: meta.user };
      },
      onRetry: ({ part, attempt, error: { code } }) => uppy.said.retries.push({ part, attempt, code }),
      ...options,
    });
    uppy.addUploader(async (ids) => {
      for (const file of uppy.getFilesByIds(ids)) {
        if (failures-- > 0) uppy.emit('upload-error', file, new Error('not yet'));
        else
          uppy.emit('upload-success', file, {
            status: (await fetch(places.form, { method: 'POST', body: file.data })).status,
          });
      }
    });
    uppy.on('upload-error', (file, { message }) => uppy.said.errors.push(message));
    uppy.on('preprocess-progress', (file, { message }) => uppy.said.messages.push(message));
    const [data] = document.querySelector('input').files;
    uppy.id = uppy.addFile({
      name: data.name,
      type: data.type,
      data,
      meta: { user: '1', relativePath: `Ordner/${data.name}` },
    });
    up.last = uppy;
    return uppy;
  };
}

// When the plugin seals again, it decides by Uppy's state alone. Reads that fail for a moment, tus-passing.test.mjs has in each engine.
inBrowsers(
  setUp,
  (page) => {
    const delivered = () => servers.relays.form.seen.map(({ body }) => body);
    const said = () => page.evaluate(() => up.last.said);

    for (const { what, user } of [
      { what: 'meta has changed what it is bound to', user: '2' },
      { what: 'meta is as it was', user: '1' },
    ]) {
      test(`an upload that is repeated after ${what} sends an envelope bound to the current meta`, async () => {
        const [bytes] = await page.choose(MIB);
        const { first, second, names } = await page.evaluate(async (user) => {
          const uppy = up.make(1);
          await uppy.upload();
          const first = uppy.getFile(uppy.id).data;
          uppy.setFileMeta(uppy.id, { user });
          const { successful } = await uppy.retryAll();
          return {
            first: first.size,
            second: uppy.getFile(uppy.id).data === first,
            names: successful.map(({ name }) => name),
          };
        }, user);
        assert.ok(first > MIB);
        assert.deepEqual({ names, second }, { names: ['file-1.kmseal'], second: user === '1' });
        const [envelope] = delivered();
        assert.ok(bytes.equals(await servers.open(envelope, { user })));
        await assert.rejects(servers.open(envelope, { user: '3' }), { code: 'ERR_CONTEXT' });
        const chosen = { name: NAMES[0], type: 'application/pdf', named: NAMES[0], path: `Ordner/${NAMES[0]}` };
        for (const asked of (await said()).asked)
          assert.deepEqual(asked, chosen, 'the function is asked about the file as it was chosen');
      });
    }

    test('an upload that is repeated sends the description of the current meta', async () => {
      await page.choose(100);
      const found = await page.evaluate(async () => {
        const uppy = up.make(1, { describe: ({ meta }) => ({ title: meta.title, fields: Object.keys(meta).sort() }) });
        uppy.setFileMeta(uppy.id, { title: 'old' });
        await uppy.upload();
        const { data: first } = uppy.getFile(uppy.id);
        uppy.setFileMeta(uppy.id, { title: 'new' });
        await uppy.retryAll();
        const { data, meta } = uppy.getFile(uppy.id);
        return { isSame: data === first, description: meta['kmseal-description'] };
      });
      assert.equal(found.isSame, false);
      const [envelope] = delivered();
      const { name, title, fields } = await servers.describe(envelope, found.description, { user: '1' });
      assert.deepEqual({ name, title }, { name: NAMES[0], title: 'new' });
      assert.deepEqual(fields, ['name', 'relativePath', 'title', 'type', 'user']);
    });

    test('a change of meta while the file is sealed takes effect', async () => {
      const [bytes] = await page.choose(4 * MIB);
      await page.evaluate(async () => {
        const uppy = up.make(0);
        uppy.once('preprocess-progress', () => uppy.setFileMeta(uppy.id, { user: '2' }));
        await uppy.upload();
      });
      const [envelope] = delivered();
      assert.ok(bytes.equals(await servers.open(envelope, { user: '2' })));
    });

    test('a change of meta while a later file is sealed takes effect, and one that is refused keeps the file back', async () => {
      for (const user of ['2', 'nobody']) {
        const contents = await page.choose(MIB, 4 * MIB);
        const { changed, failed } = await page.evaluate(async (user) => {
          const uppy = up.make(0);
          const [, data] = document.querySelector('input').files;
          const second = uppy.addFile({ name: data.name, type: data.type, data, meta: { user: '1' } });
          let changed = 0;
          uppy.on('preprocess-progress', ({ id }) => {
            const isSealed = uppy.getFile(uppy.id).name === 'file-1.kmseal';
            if (id === second && isSealed && !changed++) uppy.setFileMeta(uppy.id, { user });
          });
          const { failed } = await uppy.upload();
          return { changed, failed: failed.map(({ id }) => id === uppy.id) };
        }, user);
        assert.ok(changed > 0, 'the second file was sealed after the first one');
        const isRefused = user === 'nobody';
        assert.deepEqual(failed, isRefused ? [true] : []);
        const expected = isRefused
          ? [[contents[1], '1']]
          : [
              [contents[0], '2'],
              [contents[1], '1'],
            ];
        for (const [index, [bytes, user]] of expected.entries())
          assert.ok(bytes.equals(await servers.open(delivered()[index], { user })));
        assert.equal(delivered().length, expected.length);
        servers.reset();
      }
    });

    test('another sealer seals the file again', async () => {
      await page.choose(MIB);
      const isSame = await page.evaluate(async () => {
        const uppy = up.make(1);
        await uppy.upload();
        const first = uppy.getFile(uppy.id).data;
        uppy.getPlugin('Seal').setOptions({ sealer: kit.sealer({ encryptionContext: { tenant: 'a' } }) });
        await uppy.retryAll();
        return uppy.getFile(uppy.id).data === first;
      });
      assert.equal(isSame, false);
      await servers.open(delivered()[0], { user: '1', tenant: 'a' });
    });

    test('the old envelope is not sent once its context can no longer be determined', async () => {
      await page.choose(MIB);
      const failed = await page.evaluate(async () => {
        const uppy = up.make(1);
        await uppy.upload();
        uppy.setFileMeta(uppy.id, { user: 'nobody' });
        return (await uppy.retryAll()).failed.length;
      });
      assert.deepEqual(
        { failed, length: delivered().length, lastError: (await said()).errors.at(-1) },
        { failed: 1, length: 0, lastError: 'who are you?' },
      );
    });

    test('a file that is unreadable for a moment is read again, and the page says so', async () => {
      const [bytes] = await page.choose(MIB);
      renameSync(paths[0], `${paths[0]}.away`);
      await page.evaluate(() => {
        kit.random = Math.random;
        Math.random = () => 1000; // waits are as long as the test says
        up.make(0);
        up.last.upload().then((outcome) => {
          up.outcome = outcome;
        });
      });
      await seen(async () => (await said()).retries.length > 0);
      renameSync(`${paths[0]}.away`, paths[0]);
      await seen(() => page.evaluate(() => kit.timers.expire() === 0 && up.outcome !== undefined));
      await page.evaluate(() => {
        Math.random = kit.random;
      });
      assert.ok(bytes.equals(await servers.open(delivered()[0], { user: '1' })));
      const { retries, messages } = await said();
      assert.deepEqual(retries[0], { attempt: 1, code: 'ERR_READ' });
      assert.ok(messages.includes('The file cannot be read, trying again…'));
    });
  },
  ANY_ENGINE,
);
