// AWS's Encryption SDK for JavaScript, in Node, and kmseal open what the other sealed for raw RSA keys.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { RsaPublicKey, Sealer } from 'kmseal';
import { javascriptTools } from '../../tools/npm.mjs';
import { sample } from '../support/page/bytes.mjs';
import { outputOf } from '../support/tarball.mjs';
import { crossings } from './crossings.mjs';
import { documented } from './documented.mjs';
import { errors } from './errors.mjs';
import { KINDS, rawRsaKey } from './kinds.mjs';
import { opensKnownAnswers } from './known.mjs';
import { startPair } from './pair.mjs';
import { startJavaScript } from './peers/javascript.mjs';
import { privatePemOf } from './peers/keyrings.mjs';

const pair = startPair('JavaScript', startJavaScript);
// It takes no context when it opens: programs compare the one that it returns.
crossings(pair, ['raw RSA'], { compares: false });
opensKnownAnswers(pair, ['raw-rsa'], { compares: false });
errors(pair, 'raw RSA');

test('JavaScript opens with a raw RSA key what is sealed for keys of KMS, too, which it passes over', async () => {
  const make = (kind) => KINDS[kind].make(pair.kms, KINDS[kind].variants[0]);
  const [raw, ...others] = await Promise.all(['raw RSA', 'KMS RSA', 'ECC'].map(make));
  for (const order of [
    [raw, ...others],
    [...others, raw],
  ]) {
    const envelope = await new Sealer({ keys: order.flatMap(({ keys }) => keys) }).seal(sample(5000));
    const { plaintext } = await pair.peer.open(envelope, { keyrings: [raw.opening] });
    assert.ok(Buffer.from(plaintext).equals(sample(5000)));
  }
});

documented(
  pair,
  { page: 'docs/other-sdks.md', heading: 'JavaScript', file: 'open.mjs' },
  (file, folder, env) => outputOf(process.execPath, [file], folder, env),
  {
    within: javascriptTools,
    async prepare(program, _pair, folder) {
      const { publicKey, privateKey } = await rawRsaKey(2048);
      await writeFile(path.join(folder, 'private-key.pem'), privatePemOf(privateKey));
      const [keyNamespace, keyName] = ['kmseal', 'upload-2026'];
      return { keys: [await RsaPublicKey.import(publicKey, { keyNamespace, keyName })], program };
    },
  },
);
