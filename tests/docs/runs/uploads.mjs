// How the blocks of docs/uploads.md run. uploads-server.test.mjs asks the server's half for what it must not do, and
// request-streams.test.mjs asks each engine whether it streams requests.
import assert from 'node:assert/strict';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { Sealer } from 'kmseal';
import { CONTEXT, PAPER } from '../stage.mjs';
import { blocksOf, serverOf } from '../blocks.mjs';

/** The server's half of the guide. */
async function guideServer() {
  const [{ code }] = blocksOf('docs/uploads.md').filter(({ heading }) => heading === "The server's half");
  return (await serverOf(code)).handle;
}

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
      const signedOut = await inPage('fetch', code, {
        use: async (example, file) => {
          await example({ file });
          await fetch('/sign-out', { method: 'POST' });
          return example({ file }).then(
            () => 'stored',
            ({ name }) => name,
          );
        },
      });
      assert.equal(signedOut, 'TypeError');
      await assertOpens(uploads()[0]);
    },
  },
  'To S3, in parts': {
    async js({ host, s3, handleUploads, inPage, assertOpens }, page) {
      Object.assign(process.env, host.kms.emulator.env);
      handleUploads(await guideServer());
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
    async js({ s3, handleUploads, inPage, assertOpens }, code) {
      handleUploads(await guideServer());
      const kept = await inPage('survive', code, {
        given: ['serverOf'],
        returns: ['begin', 'list', 'resume'],
        use: async (example) => {
          // Two parts.
          const file = new File(['p'.repeat(9 * 2 ** 20)], 'paper.pdf', { lastModified: 1 });
          const post = (path, body, signal) =>
            fetch(path, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(body),
              signal,
            });
          let isSignedIn = false;
          const steps = ['createMultipartUpload', 'signPart', 'completeMultipartUpload', 'abortMultipartUpload'];
          const serverOf = (id) => {
            const ask =
              (step) =>
              (request, { signal } = {}) =>
                isSignedIn || request.number !== 2
                  ? post(`/uploads/${id}/${step}`, request, signal)
                  : new Response('', { status: 401 });
            return Object.fromEntries(
              [...steps, 'signPut', 'headObject', 'listParts'].map((step) => [step, ask(step)]),
            );
          };
          const { begin, list, resume } = await example({ serverOf });
          const { id } = await (await post('/uploads', {})).json();
          const { status } = await begin(file, id).catch((error) => error);
          isSignedIn = true;
          const [kept] = await list();
          await resume(file, kept);
          return { status, isIt: kept.id === id, id, left: (await list()).length };
        },
      });
      const { id: upload, ...rest } = kept;
      assert.deepEqual(rest, { status: 401, isIt: true, left: 0 });
      const { Body } = await s3.send(
        new GetObjectCommand({ Bucket: 'uploads', Key: `uploads/somebody/${upload}.kmseal` }),
      );
      await assertOpens(await Body.transformToByteArray(), 'p'.repeat(9 * 2 ** 20), { ...CONTEXT, upload });
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
        assert.deepEqual({ name, type }, { name: 'paper.pdf', type: 'application/pdf' }, Key);
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
