// Where the blocks of the pages run: Chromium, Node and a shell, with the emulator's KMS and S3, a tus server and a page's server.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateAliasCommand, DeleteAliasCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { build } from 'esbuild';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { ROOT } from '../../tools/run.mjs';
import { TESTED_FOLDER } from '../../tools/tested-command.mjs';
import { startAwsCli } from '../support/aws-cli.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startHost } from '../support/servers/host.mjs';
import { outputOf } from '../support/tarball.mjs';
import { startTus } from '../support/servers/tus.mjs';
import { moduleOf, write } from './blocks.mjs';

/** What the pages write where a reader has a value of their own. */
export const SAMPLE = {
  arn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  region: 'eu-central-1',
  fingerprint: 'SHA256:…',
};
export const CONTEXT = { purpose: 'identity-paper', user: '4711' };
export const PAPER = 'the identity paper';

/** What the text around a page's blocks says that there is. */
const GIVEN_IN_PAGES =
  "import * as kmseal from 'kmseal';\n" +
  "const key = await kmseal.KmsPublicKey.import(await (await fetch('/kms-public-key.json')).json());\n" +
  'const sealer = new kmseal.Sealer({ keys: [key] });\n' +
  `const encryptionContext = ${JSON.stringify(CONTEXT)};\nconst { signal } = new AbortController();`;

/** The lines of a block that are not empty. */
export const lines = (code) => code.split('\n').filter((line) => line.trim());

/** Asks until there is an answer. */
export async function until(check) {
  for (let round = 0; round < 600; round++) {
    const result = await check();
    if (result) return result;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('nothing came of it in time');
}

/** @returns {Promise<Awaited<ReturnType<typeof start>> & { close(): Promise<void> }>} */
export async function startStage() {
  const closing = [];
  const close = async () => {
    for (const end of closing.reverse()) await end();
  };
  try {
    return { ...(await start(closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(closing) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-docs-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const place = (name) => path.join(folder, name);
  const tus = await startTus();
  closing.push(() => tus.close());

  const pages = new Map();
  const state = { uploads: [], isSignedIn: true, isReached: true, handle: undefined, answers: new Map() };
  const host = await startHost({
    emulator: { env: { SERVICES: 'kms,s3,cloudformation,cloudtrail,iam,sts', CLOUDTRAIL_RECORDING: '1' } },
    folders: { '/docs/': folder, '/kmseal/': path.join(ROOT, 'dist') },
    routes: (app) => addRoutes(app, { pages, state, tus }),
  });
  closing.push(() => host.close());
  const key = await KmsPublicKey.import(host.key);
  const opener = new Opener({ keyIds: [host.key.KeyId], decrypt: host.kms.decrypt });
  const s3 = new S3Client({ ...host.kms.emulator.config, forcePathStyle: true });
  closing.push(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: 'uploads' }));

  const awsCli = await startAwsCli(folder);
  closing.push(() => awsCli.stop());
  const env = {
    ...process.env,
    ...host.kms.emulator.env,
    PATH: [folder, TESTED_FOLDER, process.env.PATH].join(path.delimiter),
  };
  copyFileSync(path.join(ROOT, 'dist/kmseal.wasm'), place('kmseal.wasm'));
  writeFileSync(place('paper.pdf'), PAPER);
  const browser = await launch('chromium');
  closing.push(() => browser.close());

  /** Shows a page of this HTML. */
  async function serve(name, html) {
    pages.set(
      name,
      `<!doctype html><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${html}`,
    );
    state.uploads = [];
    state.isSignedIn = state.isReached = true;
    await browser.driver.get(`${host.origin}/page/${name}`);
  }

  /** Serves a script, bundled, in a page of this HTML with a file input. */
  async function show(name, script, html = '') {
    await build({
      entryPoints: [write(`${name}.js`, script)],
      bundle: true,
      format: 'esm',
      outdir: folder,
      logLevel: 'error',
    });
    await serve(
      name,
      /src="[^"]*"/.test(html) ? html.replace(/src="[^"]*"/, `src="/docs/${name}.js"`) : `<input type="file">${html}`,
    );
  }

  /** Nothing is called alias/uploads then. */
  const freeAlias = () => unlessMissing(host.kms.client.send(new DeleteAliasCommand({ AliasName: 'alias/uploads' })));

  return {
    folder,
    place,
    host,
    key,
    serve,
    opener,
    s3,
    tus,
    env,
    browser,
    show,
    /** What was sent to the page's server since the last page was shown. */
    uploads: () => state.uploads,
    /** Lets a block's handler answer what is asked of /uploads. */
    handleUploads(handle) {
      state.handle = handle;
    },

    /** Answers a page's request for `/upload-settings`, `/unlock/ID`, `/envelope` or `/descriptions` by a function, such as one of a block. */
    answerWith: (path, answer) => state.answers.set(path, answer),

    /** Runs a line of a shell, in the folder where `aws` and `kmseal` are found. */
    run: (line, more) => outputOf('bash', ['-euo', 'pipefail', '-c', line], folder, { ...env, ...more }),

    /** Runs a block as a function in a page, with the chosen file; `use` is a function of the page that receives its result. */
    async inPage(name, code, { given = [], returns = [], use }) {
      await show(name, moduleOf(code, { given: ['file', ...given], returns, imports: GIVEN_IN_PAGES }));
      await browser.chooseFiles('input[type=file]', [place('paper.pdf')]);
      return browser.evaluate(`(async () => {
        const { example } = await import('/docs/${name}.js');
        return (${use})(example, document.querySelector('input[type=file]').files[0]);
      })()`);
    },

    /** Runs a block as a function in Node, with values for the variables that it does not make. */
    async inNode(name, code, { given = {}, returns = [], imports } = {}) {
      const file = write(`${name}.mjs`, moduleOf(code, { given: Object.keys(given), returns, imports }));
      return (await import(pathToFileURL(file).href)).example(given);
    },

    /** Runs what sends an upload in the page that is shown, where that does not reach the server. */
    async offline(send) {
      await browser.evaluate(async () => {
        await navigator.serviceWorker.register('/offline.js');
        while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 10));
        await fetch('/go-offline', { method: 'POST' });
      });
      try {
        return await send();
      } finally {
        await browser.evaluate(async () => void (await (await navigator.serviceWorker.ready).unregister()));
      }
    },

    freeAlias,
    /** The stage's key is called alias/uploads then. */
    async aliasUploads() {
      await freeAlias();
      await host.kms.client.send(new CreateAliasCommand({ AliasName: 'alias/uploads', TargetKeyId: host.key.KeyId }));
    },

    /** Makes paper.kmseal. */
    async sealPaper() {
      writeFileSync(
        place('paper.kmseal'),
        await new Sealer({ keys: [key] }).seal(Buffer.from(PAPER), { encryptionContext: CONTEXT }),
      );
    },

    async assertOpens(envelope, expected = PAPER, encryptionContext = CONTEXT) {
      const { plaintext } = await opener.open(new Uint8Array(envelope), { encryptionContext });
      assert.equal(Buffer.from(plaintext).toString(), expected);
    },
  };
}

async function unlessMissing(call) {
  await call.catch((error) => {
    if (error.name !== 'NotFoundException') throw error;
  });
}

/** As guides for pages that work offline write it. */
const OFFLINE = `
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => event.respondWith(fetch(event.request).catch(() => new Response('You are offline.'))));
`;

/** The page's server: it keeps what comes, hands /uploads to a block's handler, and passes on to the tus server. */
function addRoutes(app, { pages, state, tus }) {
  app.get('/page/:name', (context) => {
    const html = pages.get(context.req.param('name'));
    const [, map] = /<script type="importmap">([^]*?)<\/script>/.exec(html) ?? [];
    // A strict policy has the hash of an import map; every other page has the server's own.
    const allowed = map && `'sha256-${createHash('sha256').update(map).digest('base64')}'`;
    if (map)
      context.header(
        'Content-Security-Policy',
        `default-src 'none'; script-src 'self' ${allowed} 'wasm-unsafe-eval'; connect-src 'self'`,
      );
    return context.html(html);
  });
  // From then on uploads are redirected to a page, as to that for signing in.
  app.post('/sign-out', (context) => {
    state.isSignedIn = false;
    return context.body(null, 204);
  });
  // From then on uploads get no answer, and the page has a service worker that gives a page of its own to each request that fails.
  app.post('/go-offline', (context) => {
    state.isReached = false;
    return context.body(null, 204);
  });
  app.get('/offline.js', (context) => context.body(OFFLINE, 200, { 'content-type': 'text/javascript' }));
  app.post('/uploads', async (context) => {
    if (!state.isReached) {
      context.env.outgoing.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    if (!state.isSignedIn) return context.redirect(`/page/${[...pages.keys()].at(-1)}`);
    if (context.req.header('content-type') === 'application/json') return state.handle(context.req.raw, 'somebody');
    const body = new Uint8Array(await context.req.arrayBuffer());
    if (body.length > 0) state.uploads.push(body);
    return context.body(null, 204);
  });
  app.post('/uploads/:id/:step', (context) => state.handle(context.req.raw, 'somebody'));
  const answer = (context) => state.answers.get(context.req.path)(context);
  app
    .get('/upload-settings', answer)
    .post('/unlock/:id', answer)
    .get('/envelope', answer)
    .post('/descriptions', answer);
  app.post('/upload', async (context) => {
    state.uploads.push(await context.req.parseBody({ all: true }).catch(() => ({})));
    return context.body(null, 204);
  });
  app.put('/put/:name', async (context) => {
    state.uploads.push(new Uint8Array(await context.req.arrayBuffer()));
    return context.body(null, 200, { etag: '"7"' });
  });
  const relay = async (context) => {
    const { pathname } = new URL(context.req.url);
    const { method } = context.req;
    const body = method === 'HEAD' ? undefined : await context.req.arrayBuffer();
    const headers = new Headers(context.req.raw.headers);
    headers.delete('content-length');
    const answer = await fetch(new URL(pathname, tus.endpoint), { method, headers, body });
    const empty = answer.status === 204 || method === 'HEAD';
    return new Response(empty ? null : await answer.arrayBuffer(), { status: answer.status, headers: answer.headers });
  };
  // The page's policy lets it speak to its own server alone.
  app.all('/files/*', relay).all('/files', relay);
}
