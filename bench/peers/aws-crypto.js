import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  RawAesKeyringWebCrypto,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-browser';

const WRAPPING = RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING;
const NAME = 'bench';

/** AWS's own encryption, with our algorithm suite. It has no KMS RSA keyring; with a raw AES one it wraps a key faster. */
export async function awsEncrypt() {
  const masterKey = await RawAesKeyringWebCrypto.importCryptoKey(crypto.getRandomValues(new Uint8Array(32)), WRAPPING);
  const keyring = new RawAesKeyringWebCrypto({ keyName: NAME, keyNamespace: NAME, masterKey, wrappingSuite: WRAPPING });
  const { encrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
  return async (bytes) => (await encrypt(keyring, bytes, { suiteId })).result;
}
