// AWS's Go Encryption SDK and kmseal open what the other sealed.
import path from 'node:path';
import { buildWithEsdk } from '../../tools/go-esdk.mjs';
import { outputOf } from '../support/tarball.mjs';
import { crossings } from './crossings.mjs';
import { documented } from './documented.mjs';
import { errors } from './errors.mjs';
import { opensKnownAnswers } from './known.mjs';
import { startPair } from './pair.mjs';
import { startGo } from './peers/go.mjs';

const pair = startPair('Go', startGo);
// It needs seconds to sort a hundred pairs.
crossings(pair, ['KMS RSA', 'ECC', 'raw RSA'], { without: ['a hundred pairs'] });
opensKnownAnswers(pair, ['raw-ecdh', 'aws-kms-ecdh', 'raw-rsa']);
for (const kind of ['KMS RSA', 'ECC', 'raw RSA']) errors(pair, kind);
documented(pair, { page: 'docs/other-sdks.md', heading: 'Go', file: 'open.go' }, async (file, folder, env) => {
  const program = path.join(folder, 'open');
  await buildWithEsdk(program, file);
  await outputOf(program, [], folder, env);
});
