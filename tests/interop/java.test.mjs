// AWS's Java Encryption SDK and kmseal open what the other sealed.
import path from 'node:path';
import { QUICK, javaJars } from '../../tools/java-esdk.mjs';
import { outputOf } from '../support/tarball.mjs';
import { crossings } from './crossings.mjs';
import { documented } from './documented.mjs';
import { errors } from './errors.mjs';
import { opensKnownAnswers } from './known.mjs';
import { startPair } from './pair.mjs';
import { startJava } from './peers/java.mjs';

const pair = startPair('Java', startJava);
// It neither seals nor opens with an empty value: a row of the errors' table.
crossings(pair, ['KMS RSA', 'ECC', 'raw RSA'], { without: ['an empty value'] });
opensKnownAnswers(pair, ['raw-ecdh', 'aws-kms-ecdh', 'raw-rsa']);
for (const kind of ['KMS RSA', 'ECC', 'raw RSA']) errors(pair, kind);
documented(pair, { page: 'docs/other-sdks.md', heading: 'Java', file: 'OpenPaper.java' }, async (file, folder, env) =>
  outputOf('java', [...QUICK, '-cp', path.join(await javaJars(), '*'), file], folder, env),
);
