// What the plugin of kmseal/uppy refuses and ends, so that nothing is uploaded unsealed.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { NAMES, setUpUploaders, testUppy } from '../support/browsers/uppy.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;

const { servers, paths, inBrowsers } = testUppy();

// What is refused, the plugin and Uppy decide. Files that become shorter, source-changed.test.mjs has in each engine that notices.
inBrowsers(
  setUpUploaders,
  (page, name) => {
    for (const uploader of ['careless', 'form']) {
      test(`${uploader} does not upload a file that cannot be sealed, uploads the other one, and succeeds on a retry`, async () => {
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
        assert.deepEqual(
          { errorCount: errors.length, name: errors[0].name, message: errors[0].message, complete },
          { errorCount: 1, name: NAMES[0], message: 'no context', complete: 2 },
        );
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

    test('a file from a remote service is refused', async () => {
      await page.choose(1000);
      const outcome = await page.evaluate(async () => {
        const uppy = up.make('careless');
        const remote = {
          companionUrl: 'https://companion.example',
          requestClientId: 'x',
          url: 'https://companion.example/get',
        };
        uppy.addFile({ name: 'cloud.txt', type: 'text/plain', isRemote: true, data: { size: 10 }, remote });
        return up.names(await uppy.upload());
      });
      assert.deepEqual(outcome, { successful: ['file-1.kmseal'], failed: ['cloud.txt'] });
      const [error] = await page.evaluate(() => up.last.said.errors);
      assert.deepEqual(
        { code: error.code, message: error.message },
        {
          code: 'ERR_READ',
          message: 'Files from other services cannot be encrypted here; choose one from this device',
        },
      );
      assert.equal(servers.relays.form.seen.length, 1);
    });

    // Tested in these two browsers, as elsewhere.
    if (name !== 'webkit')
      test('a file that became shorter is not uploaded', async () => {
        await page.choose(2 * MIB, 1000);
        await page.evaluate(() => {
          up.make('careless');
        });
        truncateSync(paths[0], MIB);
        const outcome = await page.evaluate(async () => up.names(await up.last.upload()));
        assert.deepEqual(outcome, { successful: ['file-1.kmseal'], failed: [NAMES[0]] });
        assert.match(await page.evaluate(() => up.last.said.errors[0].code), /^ERR_(READ|SOURCE_CHANGED)$/);
        assert.equal(servers.relays.form.seen.length, 1);
      });

    for (const { how, leave, left } of [
      {
        how: 'a file is removed',
        leave: () => up.last.removeFile(up.last.getFiles()[0].id),
        left: { successful: ['file-1.kmseal'], failed: [] },
      },
      { how: 'everything is cancelled', leave: () => up.last.cancelAll(), left: { successful: [], failed: [] } },
      {
        how: 'the plugin is removed',
        leave: () => up.last.removePlugin(up.last.getPlugin('Seal')),
        left: { successful: ['file-1.kmseal'], failed: [NAMES[0]] },
      },
    ]) {
      test(`sealing ends and nothing is uploaded if ${how} meanwhile`, async () => {
        await page.choose(8 * MIB, 1000);
        await page.evaluate(async () => {
          const held = new Promise((resolve) => {
            up.goOn = resolve;
          });
          const encrypting = new Promise((resolve) => {
            up.watch.whenEncrypted((count) => {
              if (count < 3) return undefined;
              resolve();
              return held;
            });
          });
          up.uploading = up.make('careless').upload();
          await encrypting;
        });
        await page.evaluate(leave);
        const { result, still } = await page.evaluate(async () => {
          up.watch.whenEncrypted(() => {});
          up.goOn();
          return { result: up.names(await up.uploading), still: await up.watch.doneIn(200) };
        });
        assert.deepEqual({ result, still }, { result: left, still: [] });
        assert.equal(servers.seen().length, left.successful.length);
        assert.ok(
          await page.evaluate(
            () => up.last.said.progress.every(({ value }) => value < 1) || up.last.said.sealed.length > 0,
          ),
        );
      });
    }

    test('GoldenRetriever is refused, whether added before or after, and then nothing is uploaded', async () => {
      await page.choose(1000);
      const outcomes = await page.evaluate(async () => {
        const said = [];
        const attempt = async (act) =>
          said.push(
            await Promise.resolve()
              .then(act)
              .then(
                () => 'nothing',
                ({ name, message }) => `${name}: ${message}`,
              ),
          );
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

    test('sealing twice, adding tusOptions, and a plugin without a sealer are refused', async () => {
      const outcomes = await page.evaluate(() => {
        const said = [];
        for (const use of [
          () =>
            new up.Uppy()
              .use(up.Seal, { sealer: kit.sealer() })
              .use(up.Tus, { ...up.tusOptions({ sealer: kit.sealer() }), endpoint: '/files' }),
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
  },
  ANY_ENGINE,
);
