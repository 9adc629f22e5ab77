// Every code block of the documents runs: in Chromium, Node, Python or the shell, against the emulator's KMS and S3.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { build } from 'esbuild';
import { By } from 'selenium-webdriver';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { createRsaKey, printed } from '../../scripts/lib/kms.mjs';
import { ROOT } from '../../scripts/lib/run.mjs';
import { venv } from '../../scripts/lib/venv.mjs';
import { launch } from '../support/browser.mjs';
import { startHost } from '../support/consumers.mjs';
import { outputOf } from '../support/tarball.mjs';
import { startTus } from '../support/tus.mjs';
import { DOCUMENTS, blocksOf, fill, moduleOf, serverOf, write } from './blocks.mjs';

const SAMPLE_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const CONTEXT = { purpose: 'identity-paper', user: '4711' };
const SEALER = "import * as kmseal from 'kmseal';\n" +
  "const keys = await kmseal.KmsPublicKey.import(await (await fetch('/kms-public-key.json')).json());\n" +
  'const sealer = new kmseal.Sealer({ keys });\n' +
  `const encryptionContext = ${JSON.stringify(CONTEXT)};\nconst { signal } = new AbortController();`;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-docs-'));
const place = (name) => path.join(folder, name);
const pages = new Map();
let uploads = [];
let handle;
let host;
let tus;
let browser;
let key;
let opener;
let env;
before(async () => {
  tus = await startTus();
  host = await startHost({
    emulator: { env: { SERVICES: 'kms,s3,cloudformation,cloudtrail,iam,sts', CLOUDTRAIL_RECORDING: '1' } },
    folders: { '/docs/': folder },
    routes(app) {
      app.get('/page/:name', (context) => context.html(pages.get(context.req.param('name'))));
      const take = async (context) => {
        uploads.push(await context.req.parseBody({ all: true }).catch(() => ({})));
        return context.body(null, 204);
      };
      app.post('/uploads', async (context) => {
        if (context.req.header('content-type') === 'application/json') return handle(context.req.raw, 'somebody');
        const body = new Uint8Array(await context.req.arrayBuffer());
        if (body.length > 0) uploads.push(body);
        return context.json({ id: 'upload-7' }, 201);
      });
      app.post('/uploads/:id/:step', (context) => handle(context.req.raw, 'somebody'));
      app.post('/upload', take);
      app.put('/put/:name', async (context) => {
        uploads.push(new Uint8Array(await context.req.arrayBuffer()));
        return context.body(null, 200);
      });
      // The page's policy lets it speak to its own server: that one passes on to the tus server.
      app.all('/files/*', relay).all('/files', relay);
    },
  });
  key = await KmsPublicKey.import(host.key);
  opener = new Opener({ keyIds: [host.key.KeyId], decrypt: host.kms.decrypt });
  const python = await venv('awscli');
  writeFileSync(place('aws'), `#!/bin/sh\nexec '${python}' -m awscli "$@"\n`, { mode: 0o755 });
  env = { ...process.env, ...host.kms.emulator.env, PATH: [folder, path.join(ROOT, 'target/debug'), process.env.PATH].join(path.delimiter) };
  await s3().send(new CreateBucketCommand({ Bucket: 'uploads' }));
  copyFileSync(path.join(ROOT, 'dist/kmseal.wasm'), place('kmseal.wasm'));
  writeFileSync(place('paper.pdf'), 'the identity paper');
  browser = await launch('chromium');
});
after(async () => {
  await browser?.close();
  await host?.close();
  await tus?.close();
  rmSync(folder, { recursive: true });
});

const s3 = () => new S3Client({ ...host.kms.emulator.config, forcePathStyle: true });

async function relay(context) {
  const { pathname } = new URL(context.req.url);
  const { method } = context.req;
  const body = method === 'HEAD' ? undefined : await context.req.arrayBuffer();
  const headers = new Headers(context.req.raw.headers);
  headers.delete('content-length');
  const answer = await fetch(new URL(pathname, tus.endpoint), { method, headers, body });
  const empty = answer.status === 204 || method === 'HEAD';
  return new Response(empty ? null : await answer.arrayBuffer(), { status: answer.status, headers: answer.headers });
}

async function assertOpens(envelope, expected = 'the identity paper', encryptionContext = CONTEXT) {
  const { plaintext } = await opener.open(new Uint8Array(envelope), { encryptionContext });
  assert.equal(Buffer.from(plaintext).toString(), expected);
}

/** Serves a script, bundled, in a page of this HTML with a file input. */
async function show(name, script, html = '') {
  await build({ entryPoints: [write(`${name}.js`, script)], bundle: true, format: 'esm', outdir: folder, logLevel: 'error' });
  const source = /src="[^"]*"/.test(html) ? html.replace(/src="[^"]*"/, `src="/docs/${name}.js"`) : `<input type="file">${html}`;
  pages.set(name, `<!doctype html><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${source}`);
  uploads = [];
  await browser.driver.get(`${host.origin}/page/${name}`);
}

/** Runs a block as a function in a page, with the chosen file; `use` is a function of the page that gets what it returned. */
async function inPage(name, code, { given = [], returns = [], use }) {
  await show(name, moduleOf(code, { given: ['file', ...given], returns, imports: SEALER }));
  await browser.chooseFiles('input[type=file]', [place('paper.pdf')]);
  return browser.evaluate(`(async () => {
    const { example } = await import('/docs/${name}.js');
    return (${use})(example, document.querySelector('input[type=file]').files[0]);
  })()`);
}

const run = (line, more) => outputOf('bash', ['-euo', 'pipefail', '-c', line], folder, { ...env, ...more });
const lines = (code) => code.split('\n').filter((line) => line.trim());
const until = async (check) => {
  for (let round = 0; round < 600; round++) {
    const result = await check();
    if (result) return result;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('nothing came of it in time');
};

/** How each block runs, by heading: one function for all blocks of a language there. */
const RUNS = {
  'kmseal': {
    async 'html, js'(html, js) {
      await show('upload', fill(js, { 'SHA256:…': key.fingerprint }), html);
      // As soon as the page is there, with the key still to come.
      await browser.chooseFiles('#file', [place('paper.pdf')]);
      await until(() => uploads[0]);
      await until(async () => /sealed and sent/.test(await browser.evaluate(() => document.querySelector('#status').textContent)));
      await assertOpens(uploads[0]);
    },
  },
  'Make the key': {
    async sh(code) {
      const [create, alias, save, fingerprint, ...rest] = lines(code);
      assert.deepEqual(rest, []);
      const { KeyMetadata } = JSON.parse(await run(create));
      assert.deepEqual([KeyMetadata.KeySpec, KeyMetadata.KeyUsage], ['RSA_4096', 'ENCRYPT_DECRYPT']);
      await run(fill(alias, { 'KEY-ID': KeyMetadata.KeyId }));
      await run(save);
      const made = await KmsPublicKey.import(readFileSync(place('kms-public-key.json'), 'utf8'));
      assert.equal(made.keyId, KeyMetadata.Arn);
      assert.equal(`SHA256:${(await run(fingerprint)).trim()}`, made.fingerprint);
    },
  },
  'Open what was sealed': {
    async js(code, streamed, ranged, served, resealed, ...rest) {
      assert.deepEqual(rest, []);
      await sealPaper();
      const program = fill(code, { [SAMPLE_ARN]: host.key.KeyId, 'eu-central-1': 'us-east-1' });
      const file = write('open.mjs', `${program}\nconsole.log(Buffer.from(bytes).toString());\n`);
      assert.equal(await outputOf(process.execPath, [file], folder, env), 'the identity paper\n');

      const Body = readFileSync(place('paper.kmseal'));
      const object = { Bucket: 'uploads', Key: 'paper' };
      await s3().send(new PutObjectCommand({ ...object, Body }));
      const get = (Range) => s3().send(new GetObjectCommand({ ...object, Range }));
      const given = {
        ...object,
        s3: s3(),
        opener,
        sealer: new Sealer({ keys: key }),
        encryptionContext: CONTEXT,
        ContentLength: Body.length,
        readFromS3: async (range) => (await get(range)).Body.transformToByteArray(),
      };
      const imports = "import { GetObjectCommand } from '@aws-sdk/client-s3';";
      const example = async (name, block, values, returns) => {
        const source = moduleOf(block, { given: Object.keys(values), returns, imports });
        return (await import(pathToFileURL(write(name, source)).href)).example(values);
      };
      const { plaintext } = await example('streamed.mjs', streamed, given, ['plaintext']);
      assert.equal(await new Response(plaintext).text(), 'the identity paper');

      const part = await example('ranged.mjs', ranged, given, ['plaintext', 'start', 'end', 'size']);
      assert.deepEqual([await new Response(part.plaintext).text(), part.start, part.end, part.size], ['the identity paper', 0, 18, 18]);

      const read = async (start, end) => given.readFromS3(`bytes=${start}-${end - 1}`);
      const server = createServer((request, response) => example('served.mjs', served, { ...given, read, response }, [])).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const download = await fetch(`http://127.0.0.1:${server.address().port}`);
      assert.equal(download.headers.get('content-length'), '18');
      assert.equal(await download.text(), 'the identity paper');
      server.closeAllConnections();
      server.close();

      const { moved } = await example('resealed.mjs', resealed, { ...given, Body: (await get()).Body }, ['moved']);
      await assertOpens(await new Response(moved).arrayBuffer());
    },
    async python(code) {
      await sealPaper();
      const program = fill(code, { [SAMPLE_ARN]: host.key.KeyId, 'eu-central-1': 'us-east-1' });
      const file = write('open.py', `${program}\nprint(plaintext.decode())\n`);
      assert.equal(await outputOf(await venv('interop'), [file], folder, env), 'the identity paper\n');
    },
  },
  'In the page': {
    async js(code) {
      const made = await inPage('in-the-page', code, {
        returns: ['sealed', 'bytes', 'stream', 'part'],
        use: async (example, file) => {
          const { sealed, bytes, stream, part } = await example({ file });
          const all = async (data) => new Uint8Array(await new Response(data).arrayBuffer());
          return [await all(sealed), bytes, await all(stream), await all(part)];
        },
      });
      for (const [index, text] of ['the identity paper', '\x01\x02\x03', 'the identity paper', 'the identity paper'].entries()) {
        await assertOpens(made[index], text);
      }
    },
    async sh(code) {
      const secret = Buffer.from('a secret');
      const { plaintext, ciphertextBlob } = key.generateDataKey();
      for (const [made, was] of [[key.encrypt(secret), secret], [ciphertextBlob, Buffer.from(plaintext)]]) {
        writeFileSync(place('secret.bin'), made);
        assert.equal((await run(fill(code, { 'KEY-ID': host.key.KeyId }))).trim(), was.toString('base64'));
      }
    },
  },
  'In a form': {
    async 'html, js'(html, js) {
      await show('form', js, fill(html, { 'SHA256:…': key.fingerprint }));
      const element = await browser.driver.findElement(By.css('kmseal-file'));
      const root = await element.getShadowRoot();
      await (await root.findElement(By.css('input'))).sendKeys(place('paper.pdf'));
      await until(() => browser.evaluate(() => document.querySelector('form').checkValidity()));
      await browser.driver.executeScript("document.querySelector('form').requestSubmit()");
      const body = await until(() => uploads[0]);
      assert.equal(body.doc.name, 'file-1.kmseal');
      await assertOpens(await body.doc.arrayBuffer());
    },
  },
  'The command': {
    async sh(code) {
      const other = await createRsaKey(host.kms.client);
      writeFileSync(place('new.json'), JSON.stringify(printed(other)));
      const [makeKey, seal, inspect, open, reseal, download, ...rest] = lines(code);
      assert.deepEqual(rest, []);
      await run(makeKey);
      await run(seal);
      rmSync(place('paper.pdf'));
      assert.match(await run(inspect), /4711/);
      await run(open);
      assert.equal(readFileSync(place('paper.pdf'), 'utf8'), 'the identity paper');
      await run(reseal);
      await run('tar c paper.pdf | kmseal seal --key key.json -c user=4711 - | aws s3 cp - s3://uploads/4711');
      rmSync(place('paper.pdf'));
      await run(download);
      assert.equal(readFileSync(place('paper.pdf'), 'utf8'), 'the identity paper');
    },
  },
  // KMS.md
  'Set up': {
    async sh(code) {
      const account = '111122223333'; // where no one has the template's alias; to the emulator the access key is the account
      const line = fill(code, { infra: path.join(ROOT, 'infra'), '=ARN': `=arn:aws:iam::${account}:root` });
      await run(line, { AWS_ACCESS_KEY_ID: account });
      const describe = 'aws cloudformation describe-stack-resources --stack-name kmseal --output json';
      const { StackResources } = JSON.parse(await run(describe, { AWS_ACCESS_KEY_ID: account }));
      assert.ok(StackResources.some(({ ResourceType }) => ResourceType === 'AWS::KMS::Key'));
    },
  },
  'Count the calls': {
    async sh(code) {
      await sealPaper();
      await assertOpens(readFileSync(place('paper.kmseal')));
      const { Events } = JSON.parse(await run(`${code.trim()} --output json`));
      assert.ok(Events.length > 0);
      assert.ok(Events.every(({ EventName }) => EventName === 'Decrypt'));
    },
  },
  'With tus': {
    async js(code) {
      const url = await inPage('tus', code, {
        given: ['onSuccess', 'onError'],
        returns: ['upload'],
        use: (example, file) =>
          new Promise((resolve, reject) => {
            let made;
            const onSuccess = () => setTimeout(() => resolve(made.upload.url));
            example({ file, onSuccess, onError: reject }).then((result) => { made = result; }, reject);
          }),
      });
      await assertOpens(tus.read(new URL(url, tus.endpoint).href));
    },
  },
  'With Uppy': {
    async js(code) {
      await inPage('uppy', code, {
        given: ['signRequest'],
        returns: ['uppy'],
        use: async (example, data) => {
          const signRequest = async () => ({ url: new URL('/put/it', location.href).href });
          const { uppy } = await example({ signRequest });
          uppy.addFile({ name: data.name, type: data.type, data, meta: { user: '4711' } });
          const { successful, failed } = await uppy.upload();
          if (successful.length !== 1) throw failed[0].error;
          return successful[0].name;
        },
      });
      await assertOpens(uploads[0]);
    },
  },
  // readme-server.test.mjs asks the server's half for what it must not do.
  'To S3, in parts': {
    async js(...codes) {
      Object.assign(process.env, host.kms.emulator.env);
      ({ handle } = await serverOf(codes));
      const page = codes.find((code) => code.includes('uploadSealed'));
      await inPage('s3', page, { use: (example, file) => example({ file }) });
      const { Contents } = await s3().send(new ListObjectsV2Command({ Bucket: 'uploads', Prefix: 'uploads/' }));
      assert.equal(Contents.length, 1);
      const [{ Key }] = Contents;
      const { Body } = await s3().send(new GetObjectCommand({ Bucket: 'uploads', Key }));
      await assertOpens(await Body.transformToByteArray(), 'the identity paper', { ...CONTEXT, upload: Key.split('/')[1] });
    },
  },
};

async function sealPaper() {
  const encryptionContext = CONTEXT;
  writeFileSync(place('paper.kmseal'), await new Sealer({ keys: key }).seal(Buffer.from('the identity paper'), { encryptionContext }));
}

const all = DOCUMENTS.flatMap(blocksOf);
// `text` is what nobody runs: FORMAT.md's layouts, of which format.test.mjs compares the dump.
const headings = [...new Set(all.filter(({ language }) => language !== 'text').map(({ heading }) => heading))];

for (const heading of headings) {
  const blocks = all.filter((block) => block.heading === heading && block.language !== 'text');
  describe(heading, () => {
    for (const [languages, runs] of Object.entries(RUNS[heading] ?? {})) {
      const names = languages.split(', ');
      test(languages, () => runs(...blocks.filter(({ language }) => names.includes(language)).map(({ code }) => code)));
    }
    test('no block is left out', () => {
      const run = Object.keys(RUNS[heading] ?? {}).flatMap((languages) => languages.split(', '));
      assert.deepEqual(blocks.filter(({ language }) => !run.includes(language)).map(({ document, code }) => [document, code]), []);
    });
  });
}
