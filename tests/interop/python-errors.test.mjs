// What AWS's Python Encryption SDK says to what it cannot open.
import { errors } from './errors.mjs';
import { startPair } from './pair.mjs';
import { startPython } from './peers/python.mjs';

const pair = startPair('Python', startPython);
for (const kind of ['KMS RSA', 'ECC', 'raw RSA']) errors(pair, kind);
