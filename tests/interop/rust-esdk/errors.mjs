// What AWS's Rust Encryption SDK says to what it cannot open.
import { errors } from '../errors.mjs';
import { startPair } from '../pair.mjs';
import { startRust } from '../peers/rust.mjs';

const pair = startPair('Rust', startRust);
for (const kind of ['KMS RSA', 'ECC', 'raw RSA']) errors(pair, kind);
