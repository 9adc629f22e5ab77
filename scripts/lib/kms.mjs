// Keys of the demo and the tests, made through the AWS SDK.
import { CreateAliasCommand, CreateKeyCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';

/**
 * Makes an RSA key of usage ENCRYPT_DECRYPT and returns GetPublicKey's answer.
 * @param {import('@aws-sdk/client-kms').KMSClient} kms
 * @param {{ spec?: 'RSA_2048' | 'RSA_3072' | 'RSA_4096', alias?: string, multiRegion?: boolean }} [options]
 */
export async function createRsaKey(kms, { spec = 'RSA_4096', alias, multiRegion } = {}) {
  const command = new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'ENCRYPT_DECRYPT', MultiRegion: multiRegion });
  const { KeyMetadata } = await kms.send(command);
  if (alias) await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata.Arn }));
  return kms.send(new GetPublicKeyCommand({ KeyId: KeyMetadata.Arn }));
}

/** GetPublicKey's answer as `aws kms get-public-key` prints it. */
export function printed({ $metadata, PublicKey, ...rest }) {
  return { ...rest, PublicKey: Buffer.from(PublicKey).toString('base64') };
}
