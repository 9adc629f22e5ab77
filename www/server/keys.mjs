import { createHash } from 'node:crypto';

/** @typedef {import('@aws-sdk/client-kms').GetPublicKeyCommandOutput} PublicKey */

/** As kmseal and the command print it. @param {PublicKey} key */
export const fingerprintOf = ({ PublicKey }) => `SHA256:${createHash('sha256').update(PublicKey).digest('base64')}`;

/** Where a page gets the key. @param {PublicKey} key */
export const pathOf = ({ KeySpec }) => `/keys/${KeySpec}.json`;

/** What people call the kind of key. @param {PublicKey} key */
export const kindOf = ({ KeySpec }) => ({ RSA: 'RSA', ECC: 'ECC', ML: 'ML-KEM' })[KeySpec.split('_')[0]];
