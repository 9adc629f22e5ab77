// The known answers for ECC and raw RSA keys (tests/vectors/kinds), opened by the SDK of a language.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { knownAnswers } from '../support/known-answers.mjs';
import { pairsOf } from '../support/page/bytes.mjs';
import { importKey } from '../support/servers/material.mjs';
import { KEYRINGS } from './peers/keyrings.mjs';

const hex = (text) => Buffer.from(text, 'hex');

/** What opens for a recipient of a known answer, by AWS's name of the keyring. */
const OPENING = {
  'raw-ecdh': (kms, { key_spec: curve, private_key_pkcs8: key }) => KEYRINGS.rawEcdh({ curve, privateKey: hex(key) }),
  async 'aws-kms-ecdh'(kms, { key_spec: KeySpec, private_key_pkcs8: key }) {
    // The envelope does not name the key of KMS: any with the same point opens.
    const { KeyId } = await importKey(kms.client, { KeySpec, KeyUsage: 'KEY_AGREEMENT' }, hex(key));
    return KEYRINGS.kmsEcdh({ KeyId, KeySpec });
  },
  'raw-rsa': (kms, { key_namespace: keyNamespace, key_name: keyName, padding, private_key_pkcs8: key }) =>
    KEYRINGS.rawRsa({ keyNamespace, keyName, padding, privateKey: hex(key) }),
};
const ofCurve = ({ recipients }) => recipients[0].curve !== undefined;

/**
 * @param {import('./pair.mjs').Pair} pair
 * @param {(keyof typeof OPENING)[]} keyrings that it has
 * @param {{ compares?: boolean }} [options] compares: whether the SDK compares a context
 */
export function opensKnownAnswers(pair, keyrings, { compares = true } = {}) {
  const { name } = pair;
  for (const keyring of keyrings) {
    const answers = knownAnswers(['kinds/ecdh.json', 'kinds/raw-rsa.json']).filter(
      ({ vector }) => ofCurve(vector) === keyring.includes('ecdh'),
    );
    test(`there are known answers for ${name}'s keyring ${keyring}`, () => assert.ok(answers.length > 0));

    for (const { vector, plaintext, envelope } of answers) {
      const pairs = Object.fromEntries(vector.context);
      const stored = vector.context.filter(([key]) => !vector.required.includes(key));
      test(`${name} opens the known answer ${vector.name} with ${keyring}, for each of its keys`, async () => {
        assert.equal(createHash('sha256').update(envelope).digest('hex'), vector.message_sha256);
        for (const recipient of vector.recipients) {
          const options = { keyrings: [await OPENING[keyring](pair.kms, recipient)] };
          const opened = await pair.peer.open(envelope, { ...options, encryptionContext: pairs });
          assert.ok(Buffer.from(opened.plaintext).equals(plaintext));
          for (const [key, value] of pairsOf(Object.fromEntries(stored)))
            assert.equal(opened.encryptionContext[key], value);
          if (!compares) continue;
          const other = { ...pairs, another: 'pair' };
          await assert.rejects(pair.peer.open(envelope, { ...options, encryptionContext: other }));
        }
      });
    }
  }
}
