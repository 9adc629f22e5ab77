// AWS's Python Encryption SDK and kmseal open what the other sealed for keys of kinds other than KMS RSA.
import { crossings } from './crossings.mjs';
import { opensKnownAnswers } from './known.mjs';
import { startPair } from './pair.mjs';
import { startPython } from './peers/python.mjs';

const pair = startPair('Python', startPython);
crossings(pair, ['ECC', 'raw RSA']);
opensKnownAnswers(pair, ['raw-ecdh', 'aws-kms-ecdh', 'raw-rsa']);
