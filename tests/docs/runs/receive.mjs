// How the blocks of docs/receive.md run: what arrives is a good envelope, one for another key or upload, a file in the clear, or nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
import { CONTEXT, PAPER } from '../stage.mjs';
import { blocksOf, moduleOf, serverOf, write } from '../blocks.mjs';

const BOUNDARY = 'multipart/form-data; boundary=a-boundary';

/** The modules of the page, each under the name in its first line, beside each other. */
function writeModules() {
  const files = {};
  for (const { code } of blocksOf('docs/receive.md')) {
    const [, name] = /^\/\/ (\S+\.js)$/m.exec(code.split('\n')[0]) ?? [];
    if (name) files[name] = pathToFileURL(write(name, code)).href;
  }
  return files;
}
const imported = (name) => import(writeModules()[name]);

/** What may arrive, each with whether it is to be taken. */
async function arrivals({ key, host }) {
  const sealed = (to, encryptionContext, text = PAPER) =>
    new Sealer({ keys: [to] }).seal(Buffer.from(text), { encryptionContext });
  const other = await KmsPublicKey.import(await host.kms.createKey());
  const good = await sealed(key, CONTEXT);
  return {
    good: { bytes: good, status: 204, taken: true },
    'for another key': { bytes: await sealed(other, CONTEXT), status: 422, says: /another key/ },
    'for another upload': {
      bytes: await sealed(key, { ...CONTEXT, user: '4712' }),
      status: 422,
      says: /another upload/,
    },
    'for another upload, with a pair more': {
      bytes: await sealed(key, { ...CONTEXT, admin: 'yes' }),
      status: 422,
      says: /another upload/,
    },
    'in the clear': { bytes: Buffer.from(PAPER), status: 400, says: /not an envelope/ },
    'turned into text': { bytes: Buffer.from(Buffer.from(good).toString('utf8')), status: 400, says: /./ },
    'cut off in its header': { bytes: good.subarray(0, 100), status: 400, says: /too early/ },
    'cut off behind its header': { bytes: good.subarray(0, -1), status: 400, says: /cut off/ },
    'with a line end behind it': { bytes: Buffer.concat([good, Buffer.from('\n')]), status: 400, says: /cut off/ },
    empty: { bytes: new Uint8Array(), status: 400, says: /./ },
  };
}

function formOf(...files) {
  const form = new FormData();
  for (const bytes of files) form.append('doc', new Blob([bytes]), 'file-1.kmseal');
  return form;
}

/** The bytes of the files whose paths a server answers, which are removed. */
function takeOut(answer) {
  const take = (file) => {
    if (!file) return undefined;
    const bytes = readFileSync(file);
    rmSync(file);
    return bytes;
  };
  return JSON.parse(answer).map(({ envelope, description }) => ({
    envelope: take(envelope),
    description: take(description),
  }));
}

const expectedOf = ({ key }) => ({ keyId: key.keyId, encryptionContext: CONTEXT });

/** A check takes what has several frames, a full one at its end or an empty one, in every form, and notices the lack of any frame or byte. */
async function assertEnds(checkEnvelope, stage) {
  const FRAME = 256 * 1024;
  const expected = { ...expectedOf(stage), maxSize: 4 * FRAME };
  for (const size of [0, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 1]) {
    const bytes = await new Sealer({ keys: [stage.key] }).seal(new Uint8Array(size), { encryptionContext: CONTEXT });
    const read = async (start, end) => bytes.slice(start, end);
    for (const envelope of [bytes, new Blob([bytes]), { size: bytes.length, read }])
      assert.equal((await checkEnvelope(envelope, expected)).plaintextSize, size);
    const { headerLength } = await inspect(bytes);
    for (const cut of [1, 16, 40, FRAME, FRAME + 32, FRAME + 33, 2 * (FRAME + 32), bytes.length - headerLength - 36]) {
      if (cut < 1 || cut >= bytes.length - headerLength) continue;
      for (const envelope of [bytes.slice(0, -cut), new Blob([bytes.slice(0, -cut)])])
        await assert.rejects(checkEnvelope(envelope, expected), { status: 400 }, `${size}, without ${cut}`);
    }
    const converted = Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
    if (size >= FRAME) await assert.rejects(checkEnvelope(converted, expected), { status: 400 });
  }
}

export default {
  'What to check': {
    async js(stage) {
      const { checkEnvelope } = await imported('check-envelope.js');
      const expected = { ...expectedOf(stage), maxSize: 1000 };
      for (const [name, { bytes, taken, status, says }] of Object.entries(await arrivals(stage))) {
        if (taken) assert.equal((await checkEnvelope(bytes, expected)).plaintextSize, PAPER.length);
        else
          await assert.rejects(
            checkEnvelope(bytes, expected),
            (error) => says.test(error.message) && error.status === status,
            name,
          );
      }
      const large = await new Sealer({ keys: [stage.key] }).seal(new Uint8Array(1001), { encryptionContext: CONTEXT });
      await assert.rejects(checkEnvelope(large, expected), /too large/);
      await assertEnds(checkEnvelope, stage);
    },
  },
  'With Request.formData': {
    async js(stage) {
      const { receive } = await imported('receive.js');
      const stored = [];
      const store = async (envelope, description) => stored.push([envelope, description]);
      const send = (body) =>
        receive(new Request('https://www.example.com/upload', { method: 'POST', body }), {
          ...expectedOf(stage),
          store,
        });
      const all = await arrivals(stage);
      for (const [name, { bytes, taken, status, says }] of Object.entries(all)) {
        const response = await send(formOf(bytes));
        assert.equal(response.status, status, name);
        if (!taken) assert.match((await response.json()).error, says, name);
      }
      assert.equal(stored.length, 1);
      await stage.assertOpens(await stored[0][0].arrayBuffer());
      const beside = formOf(all.good.bytes);
      beside.append('doc-meta', new Blob([all['for another upload'].bytes]), 'file-1.kmseal');
      assert.equal((await send(beside)).status, 422, 'a description for another upload');
      const text = new FormData();
      text.append('doc', 'the identity paper');
      for (const form of [new FormData(), text, formOf(all.good.bytes, all['for another key'].bytes)])
        assert.equal((await send(form)).status, 422);
      assert.equal(stored.length, 1, 'all files of a form, or none of them');
    },
  },
  'With formidable, to disk': {
    async js(stage) {
      const { receiveFiles } = await imported('receive-files.js');
      const uploadDir = stage.place('received');
      mkdirSync(uploadDir);
      const server = createServer(async (request, response) => {
        try {
          const paths = await receiveFiles(request, { uploadDir, ...expectedOf(stage) });
          response.end(JSON.stringify(paths));
        } catch (error) {
          response.writeHead(error.status ?? 500).end(error.message);
        }
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const send = (body) => fetch(`http://127.0.0.1:${server.address().port}`, { method: 'POST', body });
        const { empty: _, ...all } = await arrivals(stage); // formidable itself refuses an empty file
        for (const [name, { bytes, taken, status, says }] of Object.entries(all)) {
          const response = await send(formOf(bytes));
          assert.equal(response.status, taken ? 200 : status, name);
          const text = await response.text();
          if (taken) await stage.assertOpens(takeOut(text)[0].envelope);
          else assert.match(text, says, name);
          assert.deepEqual(readdirSync(uploadDir), [], `${name}: a refused form leaves nothing`);
        }
        assert.equal((await send(formOf())).status, 422);
        // formidable refuses the 41st file, and begins to write those behind it all the same.
        const many = new Response(formOf(...Array.from({ length: 60 }, () => Buffer.from(PAPER))));
        const bytes = Buffer.from(await many.arrayBuffer());
        const headers = { 'content-type': many.headers.get('content-type'), 'content-length': bytes.length };
        const tooMany = Object.assign(Readable.from([bytes]), { headers });
        await assert.rejects(receiveFiles(tooMany, { uploadDir, ...expectedOf(stage) }), { httpCode: 413 });
        assert.deepEqual(readdirSync(uploadDir), [], 'nothing in the clear is left of too many files');

        // The longest file takes longest to write, and is first all the same. Each has its description, and the field `other` is not written.
        const lengths = [3_000_000, ...Array.from({ length: 15 }, (_, index) => 100 - 2 * index)];
        const sealer = new Sealer({ keys: [stage.key] });
        const form = new FormData();
        const append = async (field, length) => {
          const sealed = await sealer.seal(new Uint8Array(length), { encryptionContext: CONTEXT });
          form.append(field, new Blob([sealed]), 'file-1.kmseal');
        };
        for (const length of lengths) await append('doc', length);
        for (const length of lengths) await append('doc-meta', length / 2);
        form.append('other', new Blob(['in the clear']), 'clear.txt');
        for (let round = 0; round < 10; round++) {
          const files = takeOut(await (await send(form)).text());
          const lengthsOf = async ({ envelope, description }) =>
            Promise.all([envelope, description].map(async (bytes) => (await inspect(bytes)).plaintextSize));
          assert.deepEqual(
            await Promise.all(files.map(lengthsOf)),
            lengths.map((length) => [length, length / 2]),
          );
        }
        form.append('doc-meta', new Blob(['in the clear']), 'file-1.kmseal');
        assert.equal((await send(form)).status, 400);
        assert.deepEqual(readdirSync(uploadDir), []);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
  'API Gateway and Lambda': {
    async js(stage) {
      const { handler } = await imported('lambda-receive.js');
      const stored = [];
      const store = async (envelope) => stored.push(envelope);
      const all = await arrivals(stage);
      const bodyOf = (bytes) =>
        Buffer.concat([
          Buffer.from(
            '--a-boundary\r\ncontent-disposition: form-data; name="doc"; filename="file-1.kmseal"\r\ncontent-type: application/octet-stream\r\n\r\n',
          ),
          bytes,
          Buffer.from('\r\n--a-boundary--\r\n'),
        ]);
      const send = (bytes, event) =>
        handler(
          { body: bodyOf(bytes).toString('base64'), isBase64Encoded: true, ...event },
          { ...expectedOf(stage), store },
        );
      for (const name of ['content-type', 'Content-Type']) {
        for (const [what, { bytes, status }] of Object.entries(all)) {
          const { statusCode } = await send(bytes, { headers: { [name]: BOUNDARY } });
          assert.equal(statusCode, status, `${what}, ${name}`);
        }
      }
      assert.equal(stored.length, 2);
      await stage.assertOpens(await stored[0].arrayBuffer());
      const asText = {
        body: bodyOf(all.good.bytes).toString('utf8'),
        isBase64Encoded: false,
        headers: { 'Content-Type': BOUNDARY },
      };
      assert.equal((await send(all.good.bytes, asText)).statusCode, 415);
    },
  },
  'On the bucket, by a function': {
    async js({ host }, code) {
      const given = ['Refused'];
      const source = moduleOf(code.replace(/^export /m, ''), { given, returns: ['contextOf'] });
      const { example } = await import(pathToFileURL(write('context-of.mjs', source)).href);
      const { contextOf } = await example({ Refused: Error });
      Object.assign(process.env, host.kms.emulator.env);
      const [server] = blocksOf('docs/uploads.md').filter(({ heading }) => heading === "The server's half");
      const { handle, uploads } = await serverOf(server.code);
      const headers = { 'content-type': 'application/json' };
      const request = new Request('https://www.example.com/uploads', { method: 'POST', headers, body: '{}' });
      const { id } = await (await handle(request, CONTEXT.user)).json();
      assert.deepEqual(contextOf(uploads.get(id).Key), { ...CONTEXT, upload: id });
      for (const key of ['uploads/4711', 'uploads/4711/7', 'uploads/4711/7/8.kmseal', 'other/4711/7.kmseal'])
        assert.throws(() => contextOf(key), /not of the form/);
    },
  },
  'When the page says so': {
    async js({ inNode, s3, place, sealPaper, key }, code) {
      await sealPaper();
      const object = { Bucket: 'uploads', Key: 'unseen' };
      const Body = readFileSync(place('paper.kmseal'));
      await s3.send(new PutObjectCommand({ ...object, Body }));
      const names = ['keyIds', 'encryptionContext', 'plaintextSize'];
      const { keyIds, encryptionContext, plaintextSize } = await inNode('unseen', code, {
        given: { s3, ...object, ContentLength: Body.length },
        returns: names,
      });
      assert.deepEqual(keyIds, [key.keyId]);
      assert.deepEqual({ ...encryptionContext }, CONTEXT);
      assert.equal(plaintextSize, PAPER.length);
    },
  },
};
