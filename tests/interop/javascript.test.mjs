// AWS's Encryption SDK for JavaScript, in Node, and kmseal open what the other sealed for raw RSA keys.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RsaPublicKey } from 'kmseal';
import { javascriptNodeTools } from '../../tools/npm.mjs';
import { outputOf } from '../support/tarball.mjs';
import { crossings } from './crossings.mjs';
import { documented } from './documented.mjs';
import { errors } from './errors.mjs';
import { rawRsaKey } from './kinds.mjs';
import { opensKnownAnswers } from './known.mjs';
import { startPair } from './pair.mjs';
import { startJavaScript } from './peers/javascript.mjs';
import { privatePemOf } from './peers/keyrings.mjs';

const pair = startPair('JavaScript', startJavaScript);
// It takes no context when it opens: programs compare the one that it returns.
crossings(pair, ['raw RSA'], { compares: false });
opensKnownAnswers(pair, ['raw-rsa'], { compares: false });
errors(pair, 'raw RSA');
documented(
  pair,
  { page: 'docs/other-sdks.md', heading: 'JavaScript', file: 'open.mjs' },
  (file, folder, env) => outputOf(process.execPath, [file], folder, env),
  {
    within: javascriptNodeTools,
    async prepare(program, _pair, folder) {
      const { publicKey, privateKey } = await rawRsaKey(2048);
      await writeFile(path.join(folder, 'private-key.pem'), privatePemOf(privateKey));
      const [keyNamespace, keyName] = ['kmseal', 'upload-2026'];
      return { keys: [await RsaPublicKey.import(publicKey, { keyNamespace, keyName })], program };
    },
  },
);
