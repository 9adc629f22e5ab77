// Downloads behind nginx from Debian's packages, which uses HTTP/1.0 to servers by default, for readers of HTTP/1.0 and 1.1.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, mock, test } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { downloads } from '../../examples/http-download.mjs';
import { respond } from 'kmseal/node';
import { startNginx } from './nginx.mjs';
import { CONTEXT, PLAINTEXT, curl, looksWhole, startEnvelopes } from './serving.mjs';

let setting;
let server;
let nginx;
before(async () => {
  setting = await startEnvelopes();
  const { opener, kms, source } = setting;
  const s3 = new S3Client({ ...kms.emulator.config, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'uploads' }));
  for (const [Key, Body] of Object.entries(setting.envelopes))
    await s3.send(new PutObjectCommand({ Bucket: 'uploads', Key, Body }));
  mock.method(console, 'error', () => {});
  const example = downloads({
    s3,
    bucket: 'uploads',
    opener,
    authorize: async ({ url }) => ({ key: url.split('/')[2], encryptionContext: CONTEXT }),
  });
  const options = { encryptionContext: CONTEXT };
  const ways = {
    example,
    async respond(name, response) {
      await respond(response, await opener.openRange(source(name), options));
    },
    // Its length is not proven, so all of it is opened first.
    async stream(name, response) {
      await respond(response, await opener.open(new Blob([setting.envelopes[name]]).stream(), options));
    },
  };
  server = createServer((request, response) => {
    const [, way, name] = request.url.split('/');
    if (way === 'example') return example(request, response);
    return ways[way](name, response).catch(() => response.headersSent || response.writeHead(502).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  nginx = await startNginx(server.address().port);
});
after(async () => {
  await nginx?.stop();
  server?.closeAllConnections();
  server?.close();
  await setting?.close();
});

for (const front of ['byDefault', 'http11']) {
  for (const reader of ['--http1.0', '--http1.1']) {
    for (const way of ['example', 'respond', 'stream']) {
      describe(`${way} behind nginx (${front === 'byDefault' ? 'HTTP/1.0, its default' : 'HTTP/1.1'}), read with curl ${reader}`, () => {
        const ask = (name) => curl(`${nginx[front]}/${way}/${name}`, reader);

        test(`a good envelope comes complete and with its length through nginx, by ${way}`, async () => {
          const { failed, status, headers, body } = await ask('good');
          assert.deepEqual(
            { failed, status, contentLength: headers['content-length'] },
            { failed: false, status: 200, contentLength: `${PLAINTEXT.length}` },
          );
          assert.ok(body.equals(PLAINTEXT));
        });

        test(`an altered, a cut and a refused envelope never look complete through nginx, by ${way}`, async () => {
          for (const name of ['altered', 'cut', 'refused']) {
            const answer = await ask(name);
            assert.ok(!looksWhole(answer), `${name}: ${answer.exit} ${answer.status}`);
            assert.equal(answer.status, name === 'altered' && way !== 'stream' ? 200 : 502, name);
          }
        });
      });
    }
  }
}
