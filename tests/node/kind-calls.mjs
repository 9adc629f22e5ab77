// What tests of other kinds of key seal, and how they look at what comes out.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';

export const PLAINTEXT = sample(500);
export const CONTEXT = { tenant: '7' };

export const equal = (found, expected = PLAINTEXT) => assert.ok(Buffer.from(expected).equals(found));

export const seal = (keys, options) => new Sealer({ keys, encryptionContext: CONTEXT, ...options }).seal(PLAINTEXT);

/** The DER of a fresh public key. */
export const spkiOf = (curve) =>
  generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ type: 'spki', format: 'der' });
