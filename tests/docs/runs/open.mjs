// How the blocks of docs/open.md run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Sealer } from 'kmseal';
import { outputOf } from '../../support/tarball.mjs';
import { CONTEXT, PAPER, SAMPLE } from '../stage.mjs';
import { fill, write } from '../blocks.mjs';

const OBJECT = { Bucket: 'uploads', Key: 'paper' };
const textOf = (stream) => new Response(stream).text();

async function storePaper({ place, s3, sealPaper }) {
  await sealPaper();
  const Body = readFileSync(place('paper.kmseal'));
  await s3.send(new PutObjectCommand({ ...OBJECT, Body }));
  return Body.length;
}

export default {
  'In Node': {
    async js({ folder, host, env, sealPaper }, code) {
      await sealPaper();
      const program = fill(code, { [SAMPLE.arn]: host.key.KeyId, [SAMPLE.region]: 'us-east-1' });
      const file = write('open.mjs', `${program}\nconsole.log(Buffer.from(bytes).toString());\n`);
      assert.equal(await outputOf(process.execPath, [file], folder, env), `${PAPER}\n`);
    },
  },
  'What may be opened': {
    async js(stage, code) {
      await storePaper(stage);
      const { s3, opener } = stage;
      const imports = "import { GetObjectCommand } from '@aws-sdk/client-s3';";
      const { plaintext } = await stage.inNode('streamed', code, {
        given: { ...OBJECT, s3, opener, encryptionContext: CONTEXT },
        returns: ['plaintext'],
        imports,
      });
      assert.equal(await textOf(plaintext), PAPER);
    },
  },
  Ranges: {
    async js(stage, code) {
      const ContentLength = await storePaper(stage);
      const { s3, opener } = stage;
      const readFromS3 = async (Range) =>
        (await s3.send(new GetObjectCommand({ ...OBJECT, Range }))).Body.transformToByteArray();
      const given = { opener, readFromS3, ContentLength, encryptionContext: CONTEXT };
      const { plaintext, start, end, size } = await stage.inNode('ranged', code, {
        given,
        returns: ['plaintext', 'start', 'end', 'size'],
      });
      assert.equal(await textOf(plaintext), PAPER);
      assert.deepEqual({ start, end, size }, { start: 0, end: PAPER.length, size: PAPER.length });
    },
  },
  'Several regions and keys': {
    async js({ inNode, key, host }, code) {
      const sealed = await new Sealer({ keys: [key] }).seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });
      const asked = [];
      class Client extends KMSClient {
        constructor({ region, maxAttempts }) {
          super({ ...host.kms.emulator.config, region, maxAttempts });
          asked.push(region);
        }
      }
      const given = {
        KMSClient: Client,
        DecryptCommand,
        requestHandler: {},
        nearArn: SAMPLE.arn,
        farArn: host.key.KeyId,
      };
      const { opener } = await inNode('regions', code, {
        given,
        returns: ['opener'],
        imports: "import { Opener } from 'kmseal';",
      });
      for (let round = 0; round < 2; round++) {
        const { plaintext } = await opener.open(sealed, { encryptionContext: CONTEXT });
        assert.equal(Buffer.from(plaintext).toString(), PAPER);
      }
      assert.deepEqual(asked, ['us-east-1'], 'one client for the one region that the envelope names');
    },
  },
  'Names and types of files': {
    async js({ inNode, key, opener }, code) {
      const about = { name: 'paper.pdf', type: 'application/pdf', size: PAPER.length, lastModified: 1 };
      const paper = new File([PAPER], about.name, about);
      const prepared = await new Sealer({ keys: [key] }).prepare(paper, { encryptionContext: CONTEXT });
      const [envelope, description] = [await prepared.slice(), await prepared.describe()];
      const given = { opener, envelope, description, encryptionContext: CONTEXT };
      assert.deepEqual(
        await inNode('description', code, { given, returns: ['name', 'type', 'size', 'lastModified'] }),
        about,
      );
    },
  },
  'Open in the page': {
    async js({ inNode, inPage, key, opener, answerWith }, server, page) {
      const sealed = await new Sealer({ keys: [key] }).seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });
      const unlock = (user) =>
        inNode('unlock', server, {
          given: {
            opener,
            header: sealed.slice(0, 2000),
            encryptionContext: CONTEXT,
            session: { user },
            signal: undefined,
          },
          returns: ['unlocked'],
        });
      await assert.rejects(unlock('1'), /not for this user/);
      const { unlocked } = await unlock(CONTEXT.user);
      answerWith('/unlock/1234', (context) => context.json({ unlocked, url: '/envelope', size: sealed.length }));
      answerWith('/envelope', (context) => {
        const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(context.req.header('range'));
        return context.body(sealed.slice(Number(start), Number(last) + 1), 206);
      });
      const text = await inPage('opened-here', page, {
        returns: ['plaintext'],
        use: async (example) => new Response((await example({})).plaintext).text(),
      });
      assert.equal(text, PAPER);
    },
  },
  'Few calls': {
    async js({ inNode, key, host }, code) {
      const sealer = new Sealer({ keys: [key], cache: { maxAge: 60_000 } });
      let calls = 0;
      const decrypt = (...args) => {
        calls++;
        return host.kms.decrypt(...args);
      };
      const { opener } = await inNode('cache', code, {
        given: { keyId: key.keyId, decrypt },
        returns: ['opener'],
        imports: "import { Opener } from 'kmseal';",
      });
      for (const text of ['one', 'two', 'three']) {
        const sealed = await sealer.seal(Buffer.from(text), { encryptionContext: CONTEXT });
        assert.equal(
          Buffer.from((await opener.open(sealed, { encryptionContext: CONTEXT })).plaintext).toString(),
          text,
        );
      }
      assert.equal(calls, 1);
      opener.close();
      sealer.close();
    },
  },
};
