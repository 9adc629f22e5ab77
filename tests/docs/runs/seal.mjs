// How the blocks of docs/seal.md run.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { CONTEXT, PAPER, SAMPLE } from '../stage.mjs';
import { fill } from '../blocks.mjs';

export default {
  'The key and the sealer': {
    async js({ key, inPage, assertOpens }, code) {
      const sealed = await inPage('sealer', fill(code, { [SAMPLE.fingerprint]: key.fingerprint }), {
        returns: ['sealer', 'encryptionContext'],
        use: async (example, file) => {
          const { sealer, encryptionContext } = await example({ file });
          return new Uint8Array(await (await sealer.seal(file, { encryptionContext })).arrayBuffer());
        },
      });
      await assertOpens(sealed);
      const refused = await inPage('pinned', fill(code, { [SAMPLE.fingerprint]: `SHA256:${'A'.repeat(43)}=` }), {
        use: (example) =>
          example({}).then(
            () => 'taken',
            ({ code }) => code,
          ),
      });
      assert.equal(refused, 'ERR_KEY_FINGERPRINT');
    },
  },
  'Blobs, bytes and streams': {
    async js({ inPage, assertOpens }, code) {
      const { made, expected } = await inPage('seal', code, {
        returns: ['sealed', 'bytes', 'stream', 'expected'],
        use: async (example, file) => {
          const { sealed, bytes, stream, expected } = await example({ file });
          const all = async (data) => new Uint8Array(await new Response(data).arrayBuffer());
          return { made: [await all(sealed), bytes, await all(stream)], expected };
        },
      });
      for (const [index, text] of [PAPER, '\x01\x02\x03', PAPER].entries()) await assertOpens(made[index], text);
      assert.equal(made[0].length, expected);
    },
  },
  'Random access, for uploads in parts': {
    async js({ inPage, assertOpens }, code) {
      const part = await inPage('prepare', code, {
        returns: ['part'],
        use: async (example, file) => new Uint8Array(await (await example({ file })).part.arrayBuffer()),
      });
      await assertOpens(part);
    },
  },
  'Names and types': {
    async js({ inPage, opener, assertOpens }, code) {
      const { envelope, description, messageId } = await inPage('described', code, {
        returns: ['prepared', 'description', 'envelope'],
        use: async (example, file) => {
          const { prepared, description, envelope } = await example({ file });
          const { messageId } = prepared;
          return { envelope: new Uint8Array(await envelope.arrayBuffer()), description, messageId };
        },
      });
      await assertOpens(envelope);
      const options = { messageId, encryptionContext: CONTEXT };
      const { name, title } = await opener.describe(new Uint8Array(description), options);
      assert.deepEqual({ name, title }, { name: 'paper.pdf', title: 'Passport' });
    },
  },
  'A stream to S3': {
    async js({ inPage, opener, uploads }, code) {
      await inPage('live', code, {
        given: ['camera', 'serverOf', 'id'],
        use: async (example) => {
          const never = () => Promise.reject(new Error('one PUT is enough'));
          const checksum = (sha256) => ({ 'x-amz-checksum-sha256': sha256 });
          const serverOf = () => ({
            createMultipartUpload: never,
            signPart: never,
            completeMultipartUpload: never,
            abortMultipartUpload: never,
            signPut: async ({ checksumSHA256 }) => ({ url: '/put/it', headers: checksum(checksumSHA256) }),
          });
          const canvas = document.body.appendChild(document.createElement('canvas'));
          const paint = canvas.getContext('2d');
          const camera = canvas.captureStream();
          // The recording ends with its camera, once there are some pictures.
          let pictures = 0;
          const timer = setInterval(() => {
            paint.fillRect(pictures * 10, 0, 5, 50);
            if (pictures++ < 20) return;
            clearInterval(timer);
            for (const track of camera.getTracks()) track.stop();
          }, 50);
          await example({ camera, serverOf, id: '7' });
        },
      });
      const { plaintext } = await opener.open(new Uint8Array(uploads()[0]), {
        encryptionContext: { ...CONTEXT, upload: '7' },
      });
      const MATROSKA = '1a45dfa3'; // of which WebM is a kind
      assert.equal(Buffer.from(plaintext.subarray(0, 4)).toString('hex'), MATROSKA);
      assert.ok(plaintext.length > 1000);
    },
  },
  'A stream with tus': {
    async js({ tus, inPage, assertOpens }, code) {
      const live = await inPage('tus-live', code, {
        given: ['recording', 'onSuccess', 'onError'],
        returns: ['upload'],
        use: (example, file) =>
          new Promise((resolve, reject) => {
            let made;
            const onSuccess = () => setTimeout(() => resolve(made.upload.url));
            example({ recording: file.stream(), onSuccess, onError: reject }).then((result) => {
              made = result;
            }, reject);
          }),
      });
      await assertOpens(tus.read(new URL(live, tus.endpoint).href));
    },
  },
  'Data-key caching': {
    async js({ inNode, key, assertOpens }, code) {
      const { cached } = await inNode('cached', code, {
        given: { key },
        returns: ['cached'],
        imports: "import { Sealer } from 'kmseal';",
      });
      await assertOpens(await cached.seal(Buffer.from(PAPER), { encryptionContext: { user: '4711' } }), PAPER, {
        user: '4711',
      });
    },
  },
  'KMS without calls': {
    async sh({ place, host, key, run }, code) {
      const secret = Buffer.from('a secret');
      const { plaintext, ciphertextBlob } = key.generateDataKey();
      for (const { made, was } of [
        { made: key.encrypt(secret), was: secret },
        { made: ciphertextBlob, was: Buffer.from(plaintext) },
      ]) {
        writeFileSync(place('secret.bin'), made);
        assert.equal((await run(fill(code, { 'KEY-ID': host.key.KeyId }))).trim(), was.toString('base64'));
      }
    },
  },
};
