// Keys as the programs of AWS's Encryption SDKs take them.

const SHA_256 = 'RSAES_OAEP_SHA_256';

const base64 = (bytes) => bytes && Buffer.from(bytes).toString('base64');
const pem = (der, label) =>
  `-----BEGIN ${label} KEY-----\n${base64(der).replace(/(.{64})(?!$)/g, '$1\n')}\n-----END ${label} KEY-----\n`;
const pem64 = (der, label) => der && base64(pem(der, label));

/** @param {Uint8Array} spki a public key in DER */
export const pemOf = (spki) => pem(spki, 'PUBLIC');

/** @param {Uint8Array} pkcs8 a private key in DER */
export const privatePemOf = (pkcs8) => pem(pkcs8, 'PRIVATE');

/**
 * Keys as the programs take them: AWS's name of the keyring, and what that takes. Public keys are in DER (SubjectPublicKeyInfo), private
 * ones in DER, too (PKCS#8); each keyring has its own mind about PEM.
 */
export const KEYRINGS = {
  /** GetPublicKey's answer, or only its KeyId to open. */
  kmsRsa: ({ KeyId, PublicKey }, algorithm = SHA_256) => ({
    keyring: 'aws-kms-rsa',
    keyId: KeyId,
    algorithm,
    publicKey: pem64(PublicKey, 'PUBLIC'),
  }),
  /** GetPublicKey's answer for the own key; with a recipient's public key it seals for that, without one it opens. */
  kmsEcdh: ({ KeyId, KeySpec }, recipient) => ({
    keyring: 'aws-kms-ecdh',
    keyId: KeyId,
    curve: KeySpec,
    publicKey: base64(recipient),
  }),
  /** The public key seals, with a sender's key pair that is made for it; the private key opens. */
  rawEcdh: ({ curve, publicKey, privateKey }) => ({
    keyring: 'raw-ecdh',
    curve,
    publicKey: base64(publicKey),
    privateKey: pem64(privateKey, 'PRIVATE'),
  }),
  /** padding: OAEP_SHA1_MGF1 or the like */
  rawRsa: ({ keyNamespace, keyName, padding, publicKey, privateKey }) => ({
    keyring: 'raw-rsa',
    keyNamespace,
    keyName,
    padding,
    publicKey: pem64(publicKey, 'PUBLIC'),
    privateKey: pem64(privateKey, 'PRIVATE'),
  }),
};
