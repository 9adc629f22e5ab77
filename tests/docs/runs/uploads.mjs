// How the blocks of docs/uploads.md run. uploads-server.test.mjs asks the server's half for what it must not do, and
// request-streams.test.mjs asks each engine whether it streams requests.
import assert from 'node:assert/strict';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { Sealer } from 'kmseal';
import { CONTEXT, PAPER } from '../stage.mjs';
import { blocksOf, serverOf } from '../blocks.mjs';

/** A description in metadata, and one beside its object. */
async function describePaper(key, paper) {
  const prepared = await new Sealer({ keys: [key] }).prepare(paper, { encryptionContext: CONTEXT });
  const { messageId } = prepared;
  const description = await prepared.describe();
  return {
    messageId,
    short: { Metadata: { 'kmseal-description': Buffer.from(description).toString('base64url') } },
    long: { Metadata: {}, beside: description },
  };
}

export default {
  'What may be sent': {
    async js({ inPage, assertOpens, uploads }, recorded, detection) {
      await inPage('recording', recorded, {
        given: ['recording'],
        use: (example, file) => example({ recording: file.stream() }),
      });
      await assertOpens(uploads()[0]);
      const streams = await inPage('detection', detection, {
        returns: ['streamsRequests'],
        use: async (example) => (await example({})).streamsRequests,
      });
      assert.equal(streams, true, 'Chromium streams requests');
    },
  },
  'With fetch': {
    async js({ inPage, assertOpens, uploads }, code) {
      await inPage('fetch', code, { use: (example, file) => example({ file }) });
      await assertOpens(uploads()[0]);
    },
  },
  'To S3, in parts': {
    async js({ host, s3, handleUploads, inPage, assertOpens }, page) {
      Object.assign(process.env, host.kms.emulator.env);
      const [{ code }] = blocksOf('docs/uploads.md').filter(({ heading }) => heading === "The server's half");
      const { handle } = await serverOf(code);
      handleUploads(handle);
      await inPage('s3', page, { use: (example, file) => example({ file }) });
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'uploads', Prefix: 'uploads/' }));
      assert.equal(Contents.length, 1);
      const [{ Key }] = Contents;
      const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: 'uploads', Key }));
      assert.ok(Metadata['kmseal-description'].length > 0);
      const [, upload] = /^uploads\/somebody\/(.+)\.kmseal$/.exec(Key);
      await assertOpens(await Body.transformToByteArray(), PAPER, { ...CONTEXT, upload });
    },
  },
  'After a reload, a crash, or tomorrow': {
    async js({ inPage, assertOpens, uploads }, code) {
      const kept = await inPage('survive', code, {
        given: ['serverOf'],
        returns: ['begin', 'list', 'resume'],
        use: async (example, file) => {
          let isSignedIn = false;
          const never = () => Promise.reject(new Error('one PUT is enough'));
          const serverOf = () => ({
            createMultipartUpload: never,
            signPart: never,
            completeMultipartUpload: never,
            abortMultipartUpload: never,
            signPut: async () => (isSignedIn ? { url: '/put/it' } : new Response('', { status: 401 })),
          });
          const { begin, list, resume } = await example({ serverOf });
          const { status } = await begin(file, '7').catch((error) => error);
          isSignedIn = true;
          const [kept] = await list();
          await resume(file, kept);
          return { status, id: kept.id, left: (await list()).length };
        },
      });
      assert.deepEqual(kept, { status: 401, id: '7', left: 0 });
      await assertOpens(uploads()[0], PAPER, { ...CONTEXT, upload: '7' });
    },
  },
  'Names and types': {
    async js({ inNode, s3, key, opener }, code) {
      const paper = new File([PAPER], 'paper.pdf', { type: 'application/pdf' });
      const { messageId, ...prepared } = await describePaper(key, paper);
      const imports = "import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';";
      for (const [Key, { Metadata, beside }] of Object.entries(prepared)) {
        await s3.send(new PutObjectCommand({ Bucket: 'uploads', Key, Body: 'the envelope', Metadata }));
        if (beside) await s3.send(new PutObjectCommand({ Bucket: 'uploads', Key: `${Key}.description`, Body: beside }));
        const given = { s3, opener, Bucket: 'uploads', Key, messageId, encryptionContext: CONTEXT };
        const { name, type } = await inNode('described-object', code, { given, returns: ['name', 'type'], imports });
        assert.deepEqual([name, type], ['paper.pdf', 'application/pdf'], Key);
      }
    },
  },
  'With tus': {
    async js({ tus, inPage, assertOpens }, code) {
      const url = await inPage('tus', code, {
        given: ['onSuccess', 'onError'],
        returns: ['upload'],
        use: (example, file) =>
          new Promise((resolve, reject) => {
            let made;
            const onSuccess = () => setTimeout(() => resolve(made.upload.url));
            example({ file, onSuccess, onError: reject }).then((result) => {
              made = result;
            }, reject);
          }),
      });
      await assertOpens(tus.read(new URL(url, tus.endpoint).href));
    },
  },
};
