// kmseal, the command and AWS's Python Encryption SDK open what the others sealed, through whichever KMS and S3 the environment names
// (scripts/aws.mjs), with the key KMSEAL_KEY_ARN and under one prefix of the bucket KMSEAL_BUCKET, which is empty again at the end.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { DecryptCommand, DescribeKeyCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { uploadSealed } from 'kmseal/s3';
import { printed } from '../../tools/kms.mjs';
import { multipart } from '../../www/server/multipart.mjs';
import { createFolder, runCommand } from '../cli/command.mjs';
import { startPython } from '../interop/peers/python.mjs';
import { collect, sample } from '../support/page/bytes.mjs';
import { startBill } from './bill.mjs';

const { KMSEAL_KEY_ARN: keyArn, KMSEAL_BUCKET: Bucket } = process.env;
const region = keyArn.split(':')[3];
const env = Object.fromEntries(
  Object.entries({ AWS_REGION: region, AWS_DEFAULT_REGION: region, ...process.env }).filter(([name]) =>
    name.startsWith('AWS_'),
  ),
);

const SHA_256 = 'RSAES_OAEP_SHA_256';
const ALGORITHMS = [SHA_256, 'RSAES_OAEP_SHA_1'];
const FRAME = 4096;
const LENGTHS = [0, 1, FRAME, 3 * FRAME + 1];
const CONTEXT = { purpose: 'kmseal-crossings', run: randomUUID() };
const PREFIX = `kmseal-crossings/${CONTEXT.run}/`;

const kms = new KMSClient({ region });
// Path style, for an endpoint that is an address.
const s3 = new S3Client({
  region,
  forcePathStyle: Boolean(env.AWS_ENDPOINT_URL),
  requestChecksumCalculation: 'WHEN_REQUIRED',
});
const folder = createFolder();
let bill;
let answer;
let python;
before(async () => {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
  bill = startBill(KeyMetadata.KeySpec);
  bill.watch(kms, 'kms');
  bill.watch(s3, 's3');
  bill.add('kms'); // DescribeKey
  answer = await kms.send(new GetPublicKeyCommand({ KeyId: keyArn }));
  folder.write('key.json', JSON.stringify(printed(answer)));
  python = await startPython({ env });
});
after(async () => {
  await python?.close();
  folder.remove();
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: PREFIX }));
  for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  console.log(`cost: ${bill.report()}`);
  for (const client of [kms, s3]) client.destroy();
});

const decrypt = (input, { signal } = {}) => kms.send(new DecryptCommand(input), { abortSignal: signal });
const openerOf = (encryptionAlgorithm) => new Opener({ keyIds: [keyArn], decrypt, encryptionAlgorithm });
const sealerOf = async (encryptionAlgorithm) => {
  const key = await KmsPublicKey.import(printed(answer), { encryptionAlgorithm });
  return new Sealer({ keys: [key], frameLength: FRAME });
};

const expectation = { encryptionContext: CONTEXT };

/** Each seals, and each opens what it is given. */
const PARTIES = {
  kmseal: {
    seal: async (plaintext, algorithm) => collect(await (await sealerOf(algorithm)).seal(plaintext, expectation)),
    open: async (envelope, algorithm) => collect((await openerOf(algorithm).open(envelope, expectation)).plaintext),
  },
  'the command': {
    async seal(plaintext, algorithm) {
      return command(
        [
          'seal',
          '--key',
          'key.json',
          '--encryption-algorithm',
          algorithm,
          '--frame-length',
          `${FRAME}`,
          ...pairs(),
          '-',
        ],
        plaintext,
      );
    },
    async open(envelope, algorithm) {
      bill.add('kms');
      return command(['open', '--key-id', keyArn, '--encryption-algorithm', algorithm, ...pairs(), '-'], envelope);
    },
  },
  "AWS's Python Encryption SDK": {
    seal: (plaintext, algorithm) =>
      python.seal(plaintext, { keys: [answer], algorithm, frameLength: FRAME, encryptionContext: CONTEXT }),
    async open(envelope, algorithm) {
      bill.add('kms');
      return (await python.open(envelope, { keyIds: [keyArn], algorithm, encryptionContext: CONTEXT })).plaintext;
    },
  },
};

const pairs = () => Object.entries(CONTEXT).flatMap(([key, value]) => ['-c', `${key}=${value}`]);

async function command(args, input) {
  const { status, stdout, stderr } = await runCommand(folder, env, args, { input });
  assert.equal(status, 0, stderr);
  return stdout;
}

for (const [sealer, { seal }] of Object.entries(PARTIES)) {
  for (const algorithm of ALGORITHMS) {
    test(`everyone opens what ${sealer} sealed with ${algorithm}`, async () => {
      for (const length of LENGTHS) {
        const plaintext = sample(length);
        const envelope = await seal(plaintext, algorithm);
        for (const [name, { open }] of Object.entries(PARTIES)) {
          assert.ok(Buffer.from(plaintext).equals(await open(envelope, algorithm)), `${name} opens ${length} bytes`);
        }
      }
    });
  }
}

test('KMS refuses a data key that was changed, and the error says so', async () => {
  const envelope = await PARTIES.kmseal.seal(sample(100), SHA_256);
  // In the middle of the header lies the ciphertext of the data key, which is longer than all the rest of it.
  envelope[Math.floor((envelope.length - 100) / 2)] ^= 1;
  await assert.rejects(
    openerOf(SHA_256).open(envelope, expectation),
    ({ code, cause }) => code === 'ERR_KMS' && cause.name === 'InvalidCiphertextException',
  );
});

/** Uploads as a page does, by URLs that a server has signed. */
async function upload(name, plaintext) {
  const Key = `${PREFIX}${name}`;
  const steps = multipart({ s3, bucket: Bucket, keyOf: (id) => `${PREFIX}${id}`, maxSize: 2 ** 30 });
  const ask =
    (step) =>
    async (request, { signal }) => {
      // What it signs, the client does not send, and so does not count.
      if (step.startsWith('sign')) bill.add('write');
      const headers = { 'content-type': 'application/json' };
      return steps.request(`/${name}/${step}`, { method: 'POST', headers, body: JSON.stringify(request), signal });
    };
  const names = [
    'createMultipartUpload',
    'signPart',
    'completeMultipartUpload',
    'abortMultipartUpload',
    'signPut',
    'headObject',
  ];
  const server = Object.fromEntries(names.map((step) => [step, ask(step)]));
  await uploadSealed(new Blob([plaintext]), {
    ...expectation,
    sealer: await sealerOf(SHA_256),
    server,
    checksumAlgorithm: 'SHA256',
  });
  return { Bucket, Key };
}

for (const [name, length] of [
  ['put', 100_000],
  ['parts', 9 * 2 ** 20],
]) {
  test(`what was uploaded to S3 is opened as a whole, and a range of it (${name})`, async () => {
    const plaintext = sample(length);
    const object = await upload(name, plaintext);
    const { Body } = await s3.send(new GetObjectCommand(object));
    bill.add('bytes', length);
    const { plaintext: opened } = await openerOf(SHA_256).open(Body.transformToWebStream(), expectation);
    assert.ok(Buffer.from(plaintext).equals(await collect(opened)));
    const url = await getSignedUrl(s3, new GetObjectCommand(object), { expiresIn: 600 });
    const source = {
      size: Number((await fetch(url, { headers: { range: 'bytes=0-0' } })).headers.get('content-range').split('/')[1]),
      async read(start, end, { signal }) {
        bill.add('read');
        bill.add('bytes', end - start);
        const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` }, signal });
        assert.equal(response.status, 206);
        return new Uint8Array(await response.arrayBuffer());
      },
    };
    bill.add('read');
    const range = await openerOf(SHA_256).openRange(source, { start: 50_000, end: 60_000, ...expectation });
    assert.ok(Buffer.from(plaintext.subarray(50_000, 60_000)).equals(await collect(range.plaintext)));
  });
}
