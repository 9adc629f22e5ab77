// The snippets of docs/downloads.md that store what was opened, or send several files as one: with a good, an altered and a cut envelope, and
// a KMS that refuses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { respond } from 'kmseal/node';
import { sample } from '../support/page/bytes.mjs';
import { startRelay } from '../support/servers/relay.mjs';
import { startSnippets } from './snippets.mjs';
import { CONTEXT, PLAINTEXT, curl, leave, looksWhole, startEnvelopes } from './serving.mjs';

/** The envelopes that fail, before the first byte of the plaintext or after it. */
const FAILING = { altered: 'ERR_AUTHENTICATION', cut: undefined, refused: 'ERR_KMS' };

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-storing-'));
let setting;
let snippets;
let s3;
before(async () => {
  setting = await startEnvelopes();
  snippets = await startSnippets();
  s3 = new S3Client({ ...setting.kms.emulator.config, forcePathStyle: true });
  for (const Bucket of ['sealed', 'opened']) await s3.send(new CreateBucketCommand({ Bucket }));
  mock.method(console, 'error', () => {});
});
after(async () => {
  snippets?.close();
  s3?.destroy();
  await setting?.close();
  rmSync(folder, { recursive: true });
});

const run = (heading, given, options) =>
  snippets.run(heading, { ...options, given: { openDownload: setting.openDownload, ...given } });
const bytesOf = async (stream) => Buffer.from(await new Response(stream).arrayBuffer());

test('an envelope that is opened first is complete, or nothing was answered', async () => {
  const heading = 'Up to 32 MiB: open first, answer afterwards';
  for (const [name, envelope] of Object.entries(setting.envelopes)) {
    const server = http
      .createServer(async (request, response) => {
        const given = { opener: setting.opener, envelope, encryptionContext: CONTEXT, headers: {}, response };
        await run(heading, given).catch(() => response.headersSent || response.writeHead(502).end());
      })
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { status, headers } = await curl(`http://127.0.0.1:${server.address().port}/`, '--http1.0');
    assert.equal(status, name in FAILING ? 502 : 200, name);
    if (status === 200) assert.ok(Number(headers['content-length']) > 0);
    server.close();
  }
});

describe('openDownload of an object in S3', () => {
  let openDownload;
  before(async () => {
    for (const [Key, Body] of Object.entries(setting.envelopes))
      await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key, Body }));
    const find = async (Key) => ({ Bucket: 'sealed', Key, encryptionContext: CONTEXT });
    const given = { s3, find, opener: setting.opener };
    ({ openDownload } = await snippets.run('Larger: openRange, which proves the length', {
      given,
      returns: ['openDownload'],
    }));
  });
  const { signal } = new AbortController();

  test('openDownload returns the plaintext of an object in S3 and its size', async () => {
    const { plaintext, size } = await openDownload('good', { signal });
    assert.equal(size, PLAINTEXT.length);
    assert.ok((await bytesOf(plaintext)).equals(PLAINTEXT));
  });

  test('openDownload rejects for a cut envelope or a refusing KMS, and returns a stream that fails for an altered one', async () => {
    await assert.rejects(openDownload('cut', { signal }));
    await assert.rejects(openDownload('refused', { signal }), { code: 'ERR_KMS' });
    const { plaintext } = await openDownload('altered', { signal });
    await assert.rejects(plaintext.pipeTo(new WritableStream()), { code: 'ERR_AUTHENTICATION' });
  });

  test('openDownload does not mix an object that was replaced meanwhile with the previous one', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'moving', Body: setting.envelopes.long }));
    const { plaintext } = await openDownload('moving', { signal });
    await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'moving', Body: await setting.seal(PLAINTEXT) }));
    await assert.rejects(plaintext.pipeTo(new WritableStream()), { code: 'ERR_READ' });
  });
});

test('an altered envelope makes the Lambda handler reject, and the connection break', async () => {
  // As in Lambda's runtime: a rejected handler breaks the connection; one that returns ends it.
  let given;
  globalThis.awslambda = {
    streamifyResponse: (handler) => handler,
    HttpResponseStream: {
      from: (stream, metadata) => ((given = metadata), stream.writeHead(metadata.statusCode, metadata.headers), stream),
    },
  };
  const { handler } = await run('AWS Lambda, streamed', { headers: {} }, { returns: ['handler'] });
  const server = http
    .createServer((request, response) => {
      handler({ rawPath: request.url }, response).catch(() =>
        response.headersSent ? response.destroy() : response.writeHead(502).end(),
      );
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = (name) => curl(`http://127.0.0.1:${server.address().port}/${name}`);
  const good = await ask('good');
  assert.deepEqual(
    { failed: good.failed, isWhole: good.body.equals(PLAINTEXT), contentLength: given.headers['content-length'] },
    { failed: false, isWhole: true, contentLength: `${PLAINTEXT.length}` },
  );
  for (const name of Object.keys(FAILING)) assert.ok(!looksWhole(await ask(name)), name);
  const fate = setting.fateOf('long');
  await leave(`http://127.0.0.1:${server.address().port}/long`);
  assert.equal(await fate, 'cancelled');
  server.close();
  delete globalThis.awslambda;
});

describe('several files as one archive', () => {
  const heading = 'Several files as one archive';
  const unpack = {
    zip: (file) => ['python3', ['-m', 'zipfile', '-e', file, path.join(folder, 'out')]],
    tar: (file) => ['tar', ['-xf', file, '-C', path.join(folder, 'out')]],
  };
  for (const [index, [library, kind]] of Object.entries([
    ['archiver', 'zip'],
    ['yazl', 'zip'],
    ['tar-stream', 'tar'],
  ])) {
    describe(library, () => {
      let server;
      let origin;
      before(async () => {
        const listener =
          Number(index) === 0 ? undefined : (await run(heading, {}, { index: Number(index), returns: [kind] }))[kind];
        const idsOf = (request) => request.url.slice(1).split(',');
        server = http.createServer();
        if (listener) {
          // The first snippet's server, with this one's archive in it.
          server.on('request', async (request, response) => {
            await respond(response, ({ signal }) => listener(idsOf(request), { signal }), {
              type: 'application/zip',
            }).catch(() => response.headersSent || response.writeHead(502).end());
          });
        } else {
          await run(heading, { server, idsOf });
        }
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        origin = `http://127.0.0.1:${server.address().port}`;
      });
      after(() => {
        server?.closeAllConnections();
        server?.close();
      });

      test(`good envelopes make a complete ${library} archive`, async () => {
        const { failed, status, headers, body } = await curl(`${origin}/good,good2`);
        assert.deepEqual(
          { failed, status, contentLength: headers['content-length'] },
          { failed: false, status: 200, contentLength: `${body.length}` },
        );
        rmSync(path.join(folder, 'out'), { recursive: true, force: true });
        execFileSync('mkdir', [path.join(folder, 'out')]);
        const file = path.join(folder, `archive.${kind}`);
        writeFileSync(file, body);
        execFileSync(...unpack[kind](file));
        assert.deepEqual(readdirSync(path.join(folder, 'out')).sort(), ['good.pdf', 'good2.pdf']);
        for (const name of ['good.pdf', 'good2.pdf'])
          assert.ok(readFileSync(path.join(folder, 'out', name)).equals(PLAINTEXT));
      });

      test(`one file that fails, the first or a later one, fails the ${library} archive`, async () => {
        for (const ids of Object.keys(FAILING).flatMap((name) => [name, `good,${name},good2`, `long,long,${name}`])) {
          const answer = await curl(`${origin}/${ids}`);
          assert.ok(!looksWhole(answer), `${ids}: ${answer.exit} ${answer.status}`);
        }
      });

      test(`the file is released when the reader of a ${library} archive leaves`, async () => {
        // More than is opened before the answer begins, and more than sockets buffer.
        setting.envelopes.longer ??= await setting.seal(sample(60 * 2 ** 20));
        const fate = setting.fateOf('longer');
        await leave(`${origin}/longer`);
        assert.equal(await fate, 'cancelled');
      });
    });
  }
});

describe('an upload to S3', () => {
  const upload = (id) => run('In S3', { s3, id, target: { Bucket: 'opened', Key: id } });

  test('a good envelope becomes an object in S3', async () => {
    await upload('good');
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'opened', Key: 'good' }));
    assert.ok(Buffer.from(await Body.transformToByteArray()).equals(PLAINTEXT));
  });

  test('an upload whose complete S3 answers with status 200 and an error, or a page, is not done', async (t) => {
    const relay = await startRelay(setting.kms.emulator.config.endpoint);
    t.after(() => relay.close());
    const relayed = new S3Client({ ...setting.kms.emulator.config, endpoint: relay.origin, forcePathStyle: true });
    t.after(() => relayed.destroy());
    const target = { Bucket: 'sealed', Key: 'not-done' };
    // The SDK makes an empty object of both.
    for (const body of ['<Error><Code>InternalError</Code></Error>\n', '<html><body>Sign in</body></html>']) {
      relay.fault = ({ method, url }) =>
        method === 'POST' && url.includes('uploadId=')
          ? { does: 'answer', status: 200, body, after: 'nothing' }
          : undefined;
      await assert.rejects(run('In S3', { s3: relayed, id: 'long', target }), /error with status 200/);
    }
    await assert.rejects(s3.send(new GetObjectCommand(target)), { name: 'NoSuchKey' });
  });

  test('a bad envelope leaves neither an object nor parts in S3', async () => {
    for (const [id, code] of Object.entries(FAILING))
      await assert.rejects(upload(id), (error) => code === undefined || error.code === code);
    const long = setting.envelopes.long.slice();
    long[long.length - 1] ^= 1;
    long[long.length - 300_000] ^= 1;
    setting.envelopes.longAltered = long;
    await assert.rejects(upload('longAltered'));
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'opened' }));
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'opened' }));
    assert.deepEqual({ keys: Contents.map(({ Key }) => Key), Uploads }, { keys: ['good'], Uploads: [] });
  });
});

describe('a file on disk', () => {
  const place = path.join(folder, 'disk');
  before(() => execFileSync('mkdir', [place]));
  const store = (id) => run('On disk', { id, target: path.join(place, id) });

  test('a good envelope becomes a file on disk', async () => {
    await store('good');
    assert.ok(readFileSync(path.join(place, 'good')).equals(PLAINTEXT));
  });

  test('a bad envelope leaves no file, and what was there before stays', async () => {
    writeFileSync(path.join(place, 'altered'), 'before');
    for (const [id, code] of Object.entries(FAILING))
      await assert.rejects(store(id), (error) => code === undefined || error.code === code);
    assert.deepEqual(readdirSync(place).sort(), ['altered', 'good']);
    assert.equal(readFileSync(path.join(place, 'altered'), 'utf8'), 'before');
  });
});
