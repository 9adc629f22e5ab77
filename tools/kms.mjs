// Keys of the demo and the tests, made through the AWS SDK.
import { CreateAliasCommand, CreateKeyCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';

/**
 * For each kind of key that kmseal seals for, the usage by which it opens.
 * @type {Record<string, import('@aws-sdk/client-kms').KeyUsageType>}
 */
const USAGES = { RSA: 'ENCRYPT_DECRYPT', ECC: 'KEY_AGREEMENT', ML: 'ENCAPSULATE_DECAPSULATE' };

/**
 * Makes a key for kmseal and returns GetPublicKey's answer.
 * @param {import('@aws-sdk/client-kms').KMSClient} kms
 * @param {{ spec?: import('@aws-sdk/client-kms').KeySpec, alias?: string, multiRegion?: boolean }} [options] spec: RSA_4096 by default
 */
export async function createKey(kms, { spec = 'RSA_4096', alias, multiRegion } = {}) {
  const KeyUsage = USAGES[spec.split('_')[0]];
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage, MultiRegion: multiRegion }));
  if (alias) await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata.Arn }));
  return kms.send(new GetPublicKeyCommand({ KeyId: KeyMetadata.Arn }));
}

/**
 * GetPublicKey's answer as `aws kms get-public-key` prints it.
 * @param {import('@aws-sdk/client-kms').GetPublicKeyCommandOutput} answer
 */
export function printed({ $metadata, PublicKey, ...rest }) {
  return { ...rest, PublicKey: Buffer.from(PublicKey).toString('base64') };
}
