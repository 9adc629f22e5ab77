// AWS's Rust Encryption SDK and kmseal open what the other sealed for ECC and raw RSA keys.
import { crossings } from '../crossings.mjs';
import { opensKnownAnswers } from '../known.mjs';
import { startPair } from '../pair.mjs';
import { startRust } from '../peers/rust.mjs';

const pair = startPair('Rust', startRust);
crossings(pair, ['ECC', 'raw RSA']);
opensKnownAnswers(pair, ['raw-ecdh', 'aws-kms-ecdh', 'raw-rsa']);
