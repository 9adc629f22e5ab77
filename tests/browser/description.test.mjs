// Descriptions in each browser: made of a chosen file and opened again, and carried by S3, tus and Uppy, which do not see the file's name.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { NAME, TYPE, testTus } from '../support/browsers/tus-uploads.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { NAMES, setUpUploaders, testUppy } from '../support/browsers/uppy.mjs';

/* global kit, tus, up -- of the page */

describe('S3', () => {
  uploadsInBrowsers(openUploads, (uploads, name) => {
    const described = { name: 'report of mister miller.pdf', type: 'application/pdf', title: 'Befund' };

    test('a page describes a chosen file, opens the description, and refuses that of another file', async () => {
      uploads.write(3000);
      await uploads.choose();
      const found = await uploads.page.evaluate(async () => {
        const file = document.querySelector('input[type=file]').files[0];
        const sealer = kit.sealer({ encryptionContext: { a: '1' } });
        const [one, other] = await Promise.all([sealer.prepare(file), sealer.prepare(file)]);
        const description = await one.describe({ title: 'Befund' });
        const opener = kit.opener();
        const open = ({ messageId }, encryptionContext) =>
          opener.describe(description, { messageId, encryptionContext }).then(
            ({ ...fields }) => fields,
            ({ code }) => code,
          );
        const { messageId } = await opener.open(await one.slice());
        return [
          await open({ messageId }, { a: '1' }),
          await open(other, { a: '1' }),
          await open(one, { a: '2' }),
          messageId,
          file.lastModified,
        ];
      });
      const [opened, swapped, elsewhere, messageId, lastModified] = found;
      assert.deepEqual(opened, { ...described, size: 3000, lastModified, messageId });
      assert.deepEqual({ swapped, elsewhere }, { swapped: 'ERR_AUTHENTICATION', elsewhere: 'ERR_CONTEXT' });
    });

    // No engine takes part in the rest: where a description is put, and when there is none.
    if (!ANY_ENGINE.includes(name)) return;

    for (const { how, size } of [
      { how: 'a single PUT', size: 3000 },
      { how: 'parts', size: TWO_PARTS },
    ]) {
      test(`an object that arrives by ${how} has its description in its metadata, or beside it if it is long`, async () => {
        for (const { title, inMetadata } of [
          { title: 'Befund', inMetadata: true },
          { title: 'x'.repeat(5000), inMetadata: false },
        ]) {
          uploads.write(size);
          const { id, error } = await uploads.upload({ describe: { title } });
          assert.equal(error, undefined);
          const { lastModified: _, ...found } = await uploads.s3.describe(id);
          assert.deepEqual(found, { ...described, title, size, messageId: true, inMetadata });
        }
      });
    }

    test('an upload without the option describe sends no description', async () => {
      uploads.write(3000);
      for (const options of [{}, { describe: false }]) {
        const { id, error } = await uploads.upload(options);
        assert.equal(error, undefined);
        await assert.rejects(uploads.s3.describe(id), { name: 'NoSuchKey' });
      }
    });

    test('a description that is refused ends the upload before any request', async () => {
      uploads.write(3000);
      const { error } = await uploads.upload({}, '{ describe: () => ({ title: 1n }) }');
      assert.equal(error.name, 'TypeError');
      const long = await uploads.upload({ describe: { title: 'x'.repeat(70_000) } });
      assert.equal(long.error.code, 'ERR_TOO_LONG');
      assert.deepEqual(uploads.s3.faults.names(), []);
    });
  });
});

// Descriptions are strings to tus and Uppy. Each engine makes and opens one above.
describe('tus', () => {
  const { server, describe: described, inBrowsers } = testTus();

  inBrowsers((page) => {
    const upload = (describe, more) =>
      page.evaluate(
        (name, describe, more) => {
          const options = tus.tusOptions({ sealer: kit.sealer(), describe });
          return tus.start(kit.chosenFile(name), { ...options, ...more }).done;
        },
        NAME,
        describe,
        more ?? {},
      );

    test("an upload carries the description in tus's metadata, beside the page's own", async () => {
      const bytes = await page.choose(1000);
      for (const more of [{}, { metadata: { form: 'a7' } }, { uploadDataDuringCreation: true }]) {
        const { url, error } = await upload({ title: 'Befund' }, more);
        assert.equal(error, undefined);
        const { name, type, size, title, metadata } = await described(url);
        assert.deepEqual({ name, type, size, title }, { name: NAME, type: TYPE, size: bytes.length, title: 'Befund' });
        assert.deepEqual(metadata, more.metadata ?? {});
      }
    });

    test('a description that is too long for a header fails before any request', async () => {
      await page.choose(1000);
      const { error, message } = await upload({ title: 'x'.repeat(4000) });
      assert.equal(error, 'ERR_TOO_LONG', message);
      assert.equal(server.relay.seen.length, 0);
    });
  }, ANY_ENGINE);
});

describe('Uppy', () => {
  const { servers, inBrowsers } = testUppy();
  const CONTEXT = { user: '7' };

  inBrowsers(
    setUpUploaders,
    (page) => {
      /** Uploads the chosen files; `describe` is code. */
      const upload = (uploader, describe) =>
        page.evaluate(`(async () => {
        await up.make('${uploader}', { plugin: { describe: ${describe} } }).upload();
        return up.state();
      })()`);
      const pathOf = (index) => `Ordner/${NAMES[index]}`;

      test('the plugin puts descriptions into what a form and tus send beside the files', async () => {
        const contents = await page.choose(MIB, 100);
        await upload('form', '{ title: 1 }');
        for (const [index, form] of (await servers.forms()).entries()) {
          const envelope = await form.get('file').arrayBuffer();
          const { name, path, size, title } = await servers.describe(envelope, form.get('kmseal-description'), CONTEXT);
          assert.deepEqual(
            { name, path, size, title },
            { name: NAMES[index], path: pathOf(index), size: contents[index].length, title: 1 },
          );
        }
        for (const [index, { uploadURL }] of (await upload('tus', 'true')).entries()) {
          const { metadata } = await servers.tus.upload(uploadURL);
          const { 'kmseal-description': description, name } = metadata;
          const described = await servers.describe(servers.tus.read(uploadURL), description, CONTEXT);
          assert.equal(name, `file-${index + 1}.kmseal`);
          assert.equal(described.name, NAMES[index]);
        }
      });

      test('the plugin sends no description without the option', async () => {
        await page.choose(100);
        const [{ meta }] = await upload('careless', 'false');
        assert.deepEqual(Object.keys(meta).sort(), ['form', 'name', 'type']);
      });
    },
    ANY_ENGINE,
  );
});
