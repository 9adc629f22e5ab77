// Which keys are the application's, as far as a header names them, for functions that have no permission at KMS.
//
//     KEY_ARN           ARNs of RSA and ML-KEM keys of KMS, separated by commas
//     KEY_FINGERPRINT   fingerprints (SHA256:...) of ECC keys of KMS, separated by commas: `kmseal inspect` shows that of an envelope
//     RAW_KEYS          keys outside KMS, as JSON: [{ "keyNamespace": "example-hsm", "keyName": "uploads-2026" }]
//
// At least one of them is set.
import { jsonSetting, keyArns, listSetting } from './environment.mjs';

const FINGERPRINT = /^SHA256:[A-Za-z\d+/]{43}=$/;
/** The encrypted data keys that hold an ARN and that kmseal opens. */
const WITH_ARN = new Set(['aws-kms-rsa', 'kmseal-ml-kem-draft-1']);

/** The replicas of a multi-Region key open the same envelopes. */
const replicaOf = (arn) => (arn.includes(':key/mrk-') ? arn.replace(/:kms:[^:]+:/, ':kms:*:') : arn);
/** @param {{ keyNamespace?: string, keyName?: string }} key */
const nameOf = ({ keyNamespace, keyName }) => JSON.stringify([keyNamespace, keyName]);

/** @returns {(dataKey: import('kmseal').InspectedDataKey) => boolean} whether an encrypted data key is for one of the application's keys */
export function ownKeys() {
  const arns = new Set(keyArns().map(replicaOf));
  const fingerprints = new Set(listSetting('KEY_FINGERPRINT'));
  const wrong = [...fingerprints].find((fingerprint) => !FINGERPRINT.test(fingerprint));
  if (wrong !== undefined)
    throw new Error(`KEY_FINGERPRINT names '${wrong}', which is not of the form ${FINGERPRINT}: correct it`);
  const rawKeys = process.env.RAW_KEYS ? jsonSetting('RAW_KEYS') : [];
  if (!Array.isArray(rawKeys) || !rawKeys.every((key) => key?.keyNamespace && key.keyName))
    throw new Error('RAW_KEYS is not a list of { keyNamespace, keyName }: correct it');
  const names = new Set(rawKeys.map(nameOf));
  if (arns.size + fingerprints.size + names.size === 0)
    throw new Error('none of KEY_ARN, KEY_FINGERPRINT and RAW_KEYS is set: this function does not start without a key');
  return (dataKey) => {
    if (dataKey.keyId !== undefined) return WITH_ARN.has(dataKey.providerId) && arns.has(replicaOf(dataKey.keyId));
    if (dataKey.fingerprint !== undefined) return fingerprints.has(dataKey.fingerprint);
    return names.has(nameOf(dataKey));
  };
}
