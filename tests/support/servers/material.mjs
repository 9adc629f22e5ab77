// A KMS key with imported material.
import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import {
  CreateKeyCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
} from '@aws-sdk/client-kms';

/** RSA_AES_KEY_WRAP_SHA_256: the material under an AES key (RFC 5649), and that one under KMS's public key. */
function wrapped(material, PublicKey) {
  const aes = randomBytes(32);
  const padded = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('A65959A6', 'hex'));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  return Buffer.concat([publicEncrypt(oaep, aes), padded.update(material), padded.final()]);
}

/**
 * Makes a private key a KMS key, and returns GetPublicKey's answer.
 * @param {import('@aws-sdk/client-kms').KMSClient} kms
 * @param {import('@aws-sdk/client-kms').CreateKeyCommandInput} settings
 * @param {Uint8Array} material the private key, as PKCS#8
 */
export async function importKey(kms, settings, material) {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ ...settings, Origin: 'EXTERNAL' }));
  const KeyId = KeyMetadata.Arn;
  const how = { KeyId, WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256', WrappingKeySpec: 'RSA_2048' };
  const { ImportToken, PublicKey } = await kms.send(new GetParametersForImportCommand(how));
  const imported = { KeyId, ImportToken, EncryptedKeyMaterial: wrapped(material, PublicKey) };
  await kms.send(new ImportKeyMaterialCommand({ ...imported, ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }));
  return kms.send(new GetPublicKeyCommand({ KeyId }));
}
