// Pages that upload one file by tus-js-client and tusOptions to a real tus server, and KMS to open what has arrived.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { printed } from '../../../tools/kms.mjs';
import { bundle } from './bundle.mjs';
import { startKms } from '../servers/kms.mjs';
import { content, PLAIN } from '../page/plaintext.mjs';
import { leaks } from '../servers/relay.mjs';
import { inBrowsers, needsEveryKind, openKit } from './session.mjs';
import { startTus } from '../servers/tus.mjs';

/* global kit, tus -- of the page */

export const NAME = 'Arztbrief Meier.pdf';
export const TYPE = 'application/pdf';

/** The script of a frame in such a page, with modules of its own, as another tab has. */
const ANOTHER =
  "import * as tus from '/tus.js'; import { makeKit } from '/support/kit.mjs'; Object.assign(globalThis, { tus, makeKit });";

/** Runs in the page: its global `tus` has what tus-js-client and kmseal/tus export. */
async function setUp(endpoint, key) {
  globalThis.tus = { ...(await import('/tus.js')), endpoint };
  /** Another tab's `tus`, with a `sealer` of its own. */
  tus.openAnother = async () => {
    const frame = document.body.appendChild(document.createElement('iframe'));
    const script = frame.contentDocument.createElement('script');
    await new Promise((resolve, reject) => {
      Object.assign(script, {
        type: 'module',
        src: new URL('/another.js', location.href),
        onload: resolve,
        onerror: reject,
      });
      frame.contentDocument.head.append(script);
    });
    const { makeKit, tus: another } = frame.contentWindow;
    return { ...another, sealer: (await makeKit(key)).sealer() };
  };
  const started = (upload) => {
    upload.done = new Promise((resolve) => {
      upload.options.onSuccess = () => resolve({ url: upload.url });
      upload.options.onError = (error) => {
        const { code, message } = error.causingError ?? error;
        resolve({ error: code ?? error.name, message, url: upload.url });
      };
    });
    upload.start();
    tus.last = upload;
    return upload;
  };
  /** Starts an upload; `done` comes to how it ended. */
  tus.start = (file, options) => started(new tus.Upload(file, { endpoint, ...options }));
  /** Starts the last one again; comes to how that ended. */
  tus.again = () => started(tus.last).done;
}

/**
 * What the tests of a file share; it is there once they run. `server` is of startTus(), and inBrowsers() defines tests of a page in each
 * browser, whose requests must not reveal anything about the file. `start`: starts another server, as startTus() does.
 */
export function testTus({ spec, open: openTusPage = openKit, start = startTus } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-tus-'));
  const file = path.join(folder, NAME);
  const server = {};
  let kms;
  let key;
  let scripts;
  before(async () => {
    kms = await startKms();
    key = await kms.createKey(spec && { spec });
    Object.assign(server, await start());
    scripts = await bundle(`export * from 'tus-js-client'; export { resumeTusOptions, tusOptions } from 'kmseal/tus';`);
  });
  after(async () => {
    await server.close?.();
    await kms?.close();
    rmSync(folder, { recursive: true });
  });

  const patches = () => server.relay.seen.filter(({ method }) => method === 'PATCH');
  const script = (source) => (c) => c.body(source, 200, { 'Content-Type': 'text/javascript' });
  const routes = (app) => app.get('/tus.js', script(scripts)).get('/another.js', script(ANOTHER));

  async function openTus(name) {
    const page = await openTusPage(name, {
      keys: [printed(key)],
      routes,
      connect: [server.relay.origin],
      everyKind: needsEveryKind(spec),
    });
    const setPageUp = () => page.evaluate(setUp, server.endpoint, printed(key));
    await setPageUp();
    /** Begins to upload the chosen file, with these options beside tusOptions'. */
    const begin = (options) =>
      page.evaluate(
        (name, options) => {
          tus.start(kit.chosenFile(name), { ...tus.tusOptions({ sealer: kit.sealer() }), ...options });
        },
        NAME,
        options,
      );
    return {
      ...page,
      begin,
      /** For a new life of the page. */
      setUp: setPageUp,
      /** Chooses a new file of this size, and returns its content. */
      async choose(size) {
        const bytes = content(size);
        writeFileSync(file, bytes);
        await page.chooseFiles([file]);
        return bytes;
      },
      /** As begin(), and how it ends. */
      async upload(options) {
        await begin(options);
        return page.evaluate(() => tus.last.done);
      },
      /** Starts the last upload again, and how that ends. */
      again: () => page.evaluate(() => tus.again()),
    };
  }

  return {
    server,
    file,
    patches,
    offsets: () => patches().map(({ headers }) => Number(headers['upload-offset'])),

    /** What has arrived, opened through KMS. */
    async open(url, encryptionContext) {
      const opener = await kms.openerFor(key);
      return Buffer.from((await opener.open(server.read(url), { encryptionContext })).plaintext);
    },

    /** The description that came with an upload, opened, and the rest of its metadata. */
    async describe(url) {
      const { 'kmseal-description': description, ...metadata } = (await server.upload(url)).metadata ?? {};
      const opener = await kms.openerFor(key);
      const { messageId } = await opener.open(server.read(url));
      return { ...(await opener.describe(description, { messageId })), metadata };
    },

    /** @param {(page: Awaited<ReturnType<typeof openTus>>, name: string) => void} tests */
    inBrowsers: (tests, names) =>
      inBrowsers(
        openTus,
        (page, name) => {
          afterEach(() => {
            const told = leaks(server.relay.seen, [NAME, 'Arztbrief', TYPE, PLAIN]);
            server.relay.reset();
            server.hook.refuses = undefined;
            assert.deepEqual(told, []);
          });
          tests(page, name);
        },
        names,
      ),
  };
}

/** Waits until something has happened here. */
export async function until(check) {
  for (
    const late = Date.now() + 60_000;
    !check();
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    })
  ) {
    if (Date.now() > late) throw new Error('it did not happen in a minute');
  }
}
