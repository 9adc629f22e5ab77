// Pages with forms for <kmseal-file>, an endpoint that takes what they send, and KMS to open it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Opener } from 'kmseal';
import { printed } from '../../../tools/kms.mjs';
import { sample } from '../page/bytes.mjs';
import { launch } from './browser.mjs';
import { startKms } from '../servers/kms.mjs';
import { leaks } from '../servers/relay.mjs';
import { startServer } from '../servers/server.mjs';
import { inBrowsers } from './session.mjs';

/** What must never be seen on the way: in every file's content, and in its name and type. */
const SECRETS = ['the-plain-content', 'my-diagnosis', 'text/vcard', 'application/pdf'];
const TYPES = { '.pdf': 'application/pdf', '.vcf': 'text/vcard' };

const PAGE = (body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>form</title><body>${body}</body></html>`;

/** What the element says if the server returns no key. */
export const KEY_UNREACHABLE =
  'The key for the encryption could not be loaded, so nothing is sent. Try again in a moment; if that does not help, tell those who run this page.';

/** A name as the element's sentences have it: its direction does not change theirs (FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE). */
export const isolated = (name) => `\u2068${name}\u2069`;

/**
 * KMS with a key, and a server whose page is what show() was given last. It records every request, and answers those to /upload.
 * @param {{ routes?: (app: import('hono').Hono) => void, folders?: Record<string, string>, connect?: string[] }} [options] as of
 *   startServer()
 */
async function startForms({ routes, folders, connect } = {}) {
  const kms = await startKms();
  const key = await kms.createKey();
  const requests = [];
  let page = '';
  let gate;
  const server = await startServer({
    folders,
    connect,
    routes(app) {
      app.use(async (context, next) => {
        const { method, path: url } = context.req;
        const headers = Object.fromEntries(context.req.raw.headers);
        const body = Buffer.from(await context.req.raw.clone().arrayBuffer());
        requests.push({ method, url, headers, body, form: () => new Response(body, { headers }).formData() });
        await next();
      });
      routes?.(app);
      app.get('/gate', async (context) => {
        await gate;
        return context.body(null, 204);
      });
      app.get('/form', (context) => context.html(PAGE(page), 200, { 'Cache-Control': 'no-cache' }));
      app.get('/kms-public-key.json', (context) => context.json(printed(key)));
      app.post('/upload', (context) => context.html(PAGE('<p id="received">received</p>')));
    },
  });
  const opener = new Opener({ keyIds: [key.KeyId], decrypt: kms.decrypt, cache: { maxAge: 60_000 } });
  return {
    /** What requests to /gate wait for. */
    letThrough: (opens) => (gate = opens),
    kms,
    key,
    origin: server.origin,
    requests,
    show: (body) => (page = body),
    /** The fields of the newest upload. */
    received: () => requests.findLast(({ method }) => method === 'POST').form(),
    /** What an envelope holds. */
    async open(envelope, encryptionContext = {}) {
      const bytes = new Uint8Array(await envelope.arrayBuffer());
      return Buffer.from((await opener.open(bytes, { encryptionContext })).plaintext);
    },
    /** What arrived in a field of the newest upload, opened through KMS: each file's bytes, and the whole of its context. */
    async arrived(field = 'doc') {
      const envelopes = (await this.received()).getAll(field);
      return Promise.all(
        envelopes.map(async (envelope) => {
          const bytes = new Uint8Array(await envelope.arrayBuffer());
          const { plaintext, encryptionContext } = await opener.open(bytes, { encryptionContext: {} });
          return { bytes: Buffer.from(plaintext), context: { ...encryptionContext } };
        }),
      );
    },
    /** How many forms have arrived. */
    uploads: () => requests.filter(({ method }) => method === 'POST').length,
    async close() {
      opener.close();
      await server.close();
      await kms.close();
    },
  };
}

/** Files on disk that have a secret in every part. */
function createFiles() {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-form-'));
  return {
    /** @returns {{ file: string, name: string, type: string, bytes: Buffer }} */
    create(label, { length = 1000, extension = '.pdf' } = {}) {
      const name = `my-diagnosis ${label}${extension}`;
      const file = path.join(folder, name);
      const bytes = Buffer.from(sample(length));
      bytes.write(SECRETS[0]);
      writeFileSync(file, bytes);
      return { file, name, type: TYPES[extension], bytes };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Runs in the page: the element defined, a way to hold what is sealed, and the globals of the tests. */
async function setUp() {
  const watch = await import('/pages/watch.js');
  globalThis.kmseal = await import('/dist/index.js');
  await import('/dist/define.js');
  /** Also where a script has put others in their place. */
  globalThis.find = () => {
    globalThis.element = document.querySelector('kmseal-file');
    globalThis.form = document.querySelector('form');
  };
  find();
  globalThis.events = [];
  for (const type of ['beforeseal', 'seal', 'sealerror', 'change', 'submit']) {
    document.addEventListener(type, ({ type, detail }) =>
      events.push([type, detail?.file?.name ?? null, detail?.error?.code ?? detail?.error?.name ?? null]),
    );
  }
  globalThis.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => violations.push(violatedDirective));
  globalThis.part = (name, within = element) => within.shadowRoot.querySelector(`[part~=${name}]`);
  globalThis.parts = (name, within = element) => [...within.shadowRoot.querySelectorAll(`[part~=${name}]`)];
  globalThis.statesOf = (one = element) =>
    ['sealing', 'sealed', 'failed'].filter((state) => one.matches(`:state(${state})`)).join(' ');
  const shown = (elements) => elements.map(({ textContent }) => textContent.replace(/[\u2066-\u2069]/g, ''));
  /** What the element says in its alert, and which files are on its list; without the marks that isolate names. */
  globalThis.alerts = (one = element) => shown(parts('error', one));
  globalThis.names = (one = element) => shown(parts('name', one));
  globalThis.values = () => [...new FormData(form)].map(([name, value]) => [name, value.name ?? value]);
  /** A small file, and what a drop or a paste of files carries. */
  globalThis.file = (name, type = '', bytes = 'dropped', lastModified = 1) =>
    new File([bytes], name, { type, lastModified });
  globalThis.transferOf = (given) => {
    const transfer = new DataTransfer();
    for (const one of given) transfer.items.add(one);
    return transfer;
  };
  globalThis.drop = (...given) => {
    const init = { dataTransfer: transferOf(given), bubbles: true, cancelable: true, composed: true };
    part('zone').dispatchEvent(new DragEvent('drop', init));
  };
  /** Pastes that into the element; returns the event. */
  globalThis.paste = (clipboardData) => {
    const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true, composed: true });
    // Not every engine takes it in the constructor.
    Object.defineProperty(event, 'clipboardData', { value: clipboardData });
    part('input').dispatchEvent(event);
    return event;
  };
  /** Nothing is read, and so nothing sealed, until release() is called. */
  globalThis.hold = () => {
    const gate = Promise.withResolvers();
    watch.whenReading(() => gate.promise);
    return {
      release() {
        watch.whenReading(undefined);
        gate.resolve();
      },
    };
  };
  globalThis.until = async (what) => {
    for (const end = performance.now() + 60_000; !what(); ) {
      if (performance.now() > end)
        throw new Error(`not within a minute: ${what}; ${statesOf()} ${JSON.stringify(events)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  globalThis.idle = (one = element) => until(() => !one.matches(':state(sealing)'));
}

/** A browser for the pages of startForms(). */
async function openForms(name, forms, options) {
  const browser = await launch(name, options);
  const { driver, evaluate } = browser;
  /** The native input of an element. */
  const inputOf = (selector) =>
    driver.executeScript("return document.querySelector(arguments[0]).shadowRoot.querySelector('input')", selector);
  return {
    ...browser,
    inputOf,
    /** Shows a form, with the element in it as `element`. */
    async show(body) {
      forms.show(body);
      await this.visit('/form');
    },
    /** Replaces the form that is shown by another one: to load a page for each takes ten times as long. */
    replace: (body) =>
      evaluate((body) => {
        document.body.innerHTML = body;
        events.length = 0;
        find();
      }, body),
    /** Shows a page of the test's own routes. */
    async visit(path) {
      for (let isFirst = true; ; isFirst = false) {
        await driver.get(`${forms.origin}${path}`);
        try {
          return await evaluate(setUp);
        } catch (error) {
          // WebKit may end a navigation then that the page before had begun.
          if (!isFirst || !/unload/.test(error.message)) throw error;
        }
      }
    },
    /** Chooses files as a person does; all at once. */
    async choose(files, selector = 'kmseal-file') {
      const input = await inputOf(selector);
      await driver.executeScript("arguments[0].value = ''", input);
      await input.sendKeys(files.map(({ file }) => file).join('\n'));
    },
    /** Sends the form as a script does, once its first element has sealed everything. */
    post: () =>
      evaluate(async () => {
        find();
        await idle();
        await fetch('/upload', { method: 'POST', body: new FormData(form) });
      }),
    /** What the form delivers now, opened, as text of one character a byte. */
    async delivered(field) {
      await this.post();
      return (await forms.arrived(field)).map(({ bytes }) => bytes.toString('latin1'));
    },
    /** The files that the form delivers now, opened under this context, each under a name that says nothing. */
    async opened(context) {
      await this.post();
      const received = (await forms.received()).getAll('doc');
      assert.deepEqual(
        received.map((file) => file.name),
        received.map((file, index) => `file-${index + 1}.kmseal`),
      );
      return Promise.all(received.map((file) => forms.open(file, context)));
    },
    idle: (selector = 'kmseal-file') => evaluate((selector) => idle(document.querySelector(selector)), selector),
    /** Waits until the endpoint has answered a form. */
    async sent() {
      for (const late = Date.now() + 60_000; Date.now() < late; await sleep(50)) {
        // WebKit's driver gets no answer of a script that runs when the page leaves.
        const received = await driver
          .executeScript("return document.querySelector('#received') !== null")
          .catch((error) => {
            if (!/unload/.test(error.message)) throw error;
          });
        if (received) return;
      }
      throw new Error('the form was not sent within a minute');
    },
    /** Runs what has the page leave, but not before the driver has the answer that it began. */
    async leave(code) {
      let open;
      forms.letThrough(
        new Promise((resolve) => {
          open = resolve;
        }),
      );
      await driver.executeScript(`fetch('/gate').then(() => { ${code} })`);
      open();
    },
    press(selector) {
      return this.leave(`document.querySelector(${JSON.stringify(selector)}).click()`);
    },
  };
}

/**
 * What the tests of a file share; it is there once they run. `forms` is of startForms(), `files` of createFiles(), and inBrowsers()
 * defines tests of a page of openForms() in each browser, at whose end no request may have revealed anything about a file.
 * @param {(start: (options?: Parameters<typeof startForms>[0]) => Promise<void>) => Promise<void>} [setUp] has to call start(), and
 *   does what else comes before the tests
 */
export function testForms(setUp = (start) => start()) {
  const forms = {};
  const files = createFiles();
  const start = async (options) => void Object.assign(forms, await startForms(options));
  before(() => setUp(start));
  after(async () => {
    await forms.close?.();
    files.remove();
  });
  /** @param {(page: Awaited<ReturnType<typeof openForms>>, name: string) => void} tests */
  const formsInBrowsers = (tests, names) =>
    inBrowsers(
      (name) => openForms(name, forms),
      (page, name) => {
        after(() => {
          assert.ok(forms.requests.length > 0);
          assert.deepEqual(leaks(forms.requests, SECRETS), []);
        });
        tests(page, name);
      },
      names,
    );
  return { forms, files, inBrowsers: formsInBrowsers };
}
