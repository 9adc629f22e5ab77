// The known answers (tests/vectors/README.md) opened through the package: in Node and three browsers, by SubtleCrypto and `wasm`, from
// bytes, a Blob, a stream in one piece and one that comes byte by byte.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import * as kmseal from 'kmseal';
import { pairsOf } from '../support/page/bytes.mjs';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { knownAnswers } from '../support/known-answers.mjs';
import { readHeader } from '../support/message.mjs';
import { inBrowsers, openPage } from '../support/browsers/session.mjs';
import { openVector } from '../support/page/vectors.mjs';

const ENGINES = ['webcrypto', 'wasm'];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const hex = (text) => Buffer.from(text, 'hex');

function read({ vector, plaintext, envelope }) {
  const opened = {
    envelope,
    algorithm: vector.algorithm,
    context: Object.fromEntries(vector.context),
    recipients: readHeader(envelope).edks.map(({ providerInfo, ciphertext }) => ({
      arn: String(providerInfo),
      ciphertext,
    })),
    // What KMS answers is known by construction: the sealer wrapped exactly this (aws-kms-rsa-keyring.md, "OnEncrypt").
    answer: Buffer.concat([hex(vector.context_digest), hex(vector.data_key)]),
  };
  return { vector, plaintext, opened };
}

const vectors = knownAnswers().map(read);

test('the sealed envelopes are the known answers', () => {
  assert.ok(vectors.length >= 7);
  for (const { vector, opened } of vectors) {
    assert.equal(opened.envelope.length, vector.message_len, vector.name);
    assert.equal(sha256(opened.envelope).toString('hex'), vector.message_sha256, vector.name);
  }
});

/** @param {(vector: object, engine: string) => ReturnType<typeof openVector>} open @param {string[]} [engines] */
function opensAll(open, engines = ENGINES) {
  for (const engine of engines) {
    for (const { vector, plaintext, opened } of vectors) {
      test(`${vector.name} opens to its plaintext, engine ${engine}`, async () => {
        const results = await open(opened, engine);
        const arns = vector.recipients.map(({ arn }) => arn);
        const expected = ['bytes', 'Blob', 'stream', 'byte by byte'].flatMap((form) =>
          arns.map((arn) => `${form} by ${arn}`),
        );
        assert.deepEqual(
          results.map(({ form, arn }) => `${form} by ${arn}`),
          expected,
        );
        for (const { form, plaintext: opening, encryptionContext } of results) {
          assert.deepEqual(Buffer.from(opening), plaintext, form);
          assert.deepEqual(pairsOf(encryptionContext), pairsOf(opened.context), form);
        }
      });
    }
  }
}

describe('Node', () => opensAll((vector, engine) => openVector(kmseal, vector, engine)));

inBrowsers(
  (name) => openPage(name),
  (page, name) => {
    opensAll(
      (vector, engine) =>
        page.evaluate(
          async (...given) => {
            const { openVector } = await import('/support/vectors.mjs');
            return openVector(await import('/dist/index.js'), ...given);
          },
          vector,
          engine,
        ),
      // The engine `wasm` gets the same instructions everywhere. That each browser runs them, seal.test.mjs shows.
      ANY_ENGINE.includes(name) ? ENGINES : ['webcrypto'],
    );
  },
);
