// Opening from and to Node's sources and targets: buffers, files, objects in S3, web streams, all in constant memory.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { startAws } from '../support/servers/aws.mjs';
import { collect, sample } from '../support/page/bytes.mjs';

const MIB = 2 ** 20;
const PLAINTEXT = sample(3 * MIB + 10);
const CONTEXT = { tenant: '7' };

let aws;
let key;
let opener;
let folder;
let file;
before(async () => {
  aws = await startAws(['sealed', 'plain']);
  key = await KmsPublicKey.import(await aws.kms.createKey());
  opener = new Opener({ keyIds: [key.keyId], decrypt: aws.kms.decrypt });
  folder = await mkdtemp(path.join(tmpdir(), 'kmseal-streams-'));
  file = path.join(folder, 'sealed');
  const sealed = await new Sealer({ keys: [key], encryptionContext: CONTEXT }).seal(new Blob([PLAINTEXT]));
  await pipeline(Readable.fromWeb(sealed.stream()), createWriteStream(file));
  await aws.put('sealed', 'a', await readFile(file));
});
after(async () => {
  await rm(folder ?? '', { recursive: true, force: true });
  await aws?.close();
});

describe('sources and targets', () => {
  const sources = {
    'a Buffer': () => readFile(file),
    'a file as a Blob': () => openAsBlob(file),
    'a file stream': () => createReadStream(file),
    'a web stream': () => Readable.toWeb(createReadStream(file)),
    'an S3 object': async () => (await aws.s3.send(new GetObjectCommand({ Bucket: 'sealed', Key: 'a' }))).Body,
    'an S3 object as a web stream': async () =>
      (await aws.s3.send(new GetObjectCommand({ Bucket: 'sealed', Key: 'a' }))).Body.transformToWebStream(),
  };
  const targets = {
    'a Buffer': collect,
    async 'a file'(plaintext) {
      const target = path.join(folder, 'plain');
      await pipeline(readable(plaintext), createWriteStream(target));
      return readFile(target);
    },
    async 'an S3 object'(plaintext) {
      await new Upload({ client: aws.s3, params: { Bucket: 'plain', Key: 'a', Body: readable(plaintext) } }).done();
      return aws.get('plain', 'a');
    },
  };
  const readable = (plaintext) =>
    plaintext instanceof Uint8Array
      ? Readable.from([plaintext])
      : Readable.fromWeb(plaintext instanceof Blob ? plaintext.stream() : plaintext);

  for (const [from, source] of Object.entries(sources)) {
    for (const [to, target] of Object.entries(targets)) {
      test(`the plaintext flows from ${from} to ${to}`, async () => {
        const { plaintext } = await opener.open(await source(), { encryptionContext: CONTEXT });
        assert.ok(Buffer.from(PLAINTEXT).equals(await target(plaintext)));
      });
    }
  }
});

describe('256 MiB in constant memory', () => {
  const SIZE = 256 * MIB;
  const MOST = 96 * MIB;
  const blocks = async function* () {
    const block = sample(MIB);
    for (let index = 0; index < SIZE / MIB; index++) yield block.slice();
  };
  /** A slow reader; returns the hash of what it got, and the most memory used meanwhile above the start. */
  async function watched(stream) {
    const held = () => {
      const { arrayBuffers, external } = process.memoryUsage();
      return Math.max(arrayBuffers, external);
    };
    const start = held();
    let peak = start;
    const hash = createHash('sha256');
    await pipeline(
      Readable.fromWeb(stream),
      new Writable({
        write(chunk, encoding, done) {
          hash.update(chunk);
          peak = Math.max(peak, held());
          setImmediate(done);
        },
      }),
    );
    return { hash: hash.digest('hex'), peak: peak - start };
  }
  let big;
  let expected;
  before(async () => {
    big = path.join(folder, 'big');
    await pipeline(
      Readable.fromWeb(await new Sealer({ keys: [key] }).seal(blocks(), { size: SIZE })),
      createWriteStream(big),
    );
    const hash = createHash('sha256');
    for await (const block of blocks()) hash.update(block);
    expected = hash.digest('hex');
  });

  test('open of 256 MiB runs in constant memory', async () => {
    const { plaintext } = await opener.open(createReadStream(big));
    const { hash, peak } = await watched(plaintext);
    assert.equal(hash, expected);
    assert.ok(peak < MOST, `${Math.round(peak / MIB)} MiB`);
  });

  test('openRange of 256 MiB runs in constant memory', async () => {
    const source = await openAsBlob(big);
    const { plaintext } = await opener.openRange({
      size: source.size,
      read: (start, end) => source.slice(start, end).arrayBuffer(),
    });
    const { hash, peak } = await watched(plaintext);
    assert.equal(hash, expected);
    assert.ok(peak < MOST, `${Math.round(peak / MIB)} MiB`);
  });

  test('reseal of 256 MiB runs in constant memory', async () => {
    const sealed = await reseal(createReadStream(big), { opener, sealer: new Sealer({ keys: [key] }) });
    const { peak } = await watched(sealed);
    assert.ok(peak < MOST, `${Math.round(peak / MIB)} MiB`);
  });
});
