//! KMS RSA keys: the data key behind its context's digest, in RSA-OAEP; opened by KMS Decrypt.
//!
//! Source: framework/aws-kms/aws-kms-rsa-keyring.md "OnEncrypt" and "OnDecrypt".

use alloc::vec::Vec;

use rsa::PublicKey;
use rsa::traits::PublicKeyParts;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::arn::KeyArn;
use crate::edk::EncryptedDataKey;
use crate::encryption_algorithm::EncryptionAlgorithm;
use crate::error::{Code, Error, Result, decimal};
use crate::kdf::DataKey;
use crate::kind::{Open, Unwrapped, Wrap, data_key};
use crate::oaep;
use crate::request::{Answer, Claim, OpenerKey, Operation, Request};
use crate::seed::OaepSeed;
use crate::suite::{CIPHERTEXT_LENS, DECRYPTED_LEN, DIGEST_LEN};

/// aws-kms-rsa-keyring.md, "OnEncrypt".
const PROVIDER_ID: &[u8] = b"aws-kms-rsa";

/// The key, and how KMS decrypts what it encrypts.
#[derive(Debug)]
pub(crate) struct KmsRsa {
    pub(crate) rsa: PublicKey,
    pub(crate) algorithm: EncryptionAlgorithm,
    pub(crate) key_id: KeyArn,
}

impl KmsRsa {
    pub(crate) fn key_spec(&self) -> &'static str {
        match self.rsa.size() {
            256 => "RSA_2048",
            384 => "RSA_3072",
            _ => "RSA_4096",
        }
    }

    pub(crate) fn max_plaintext_len(&self) -> usize {
        oaep::max_plaintext_len(self.rsa.size(), self.algorithm.hash())
    }

    pub(crate) fn encrypt(&self, plaintext: &[u8], seed: OaepSeed) -> Result<Vec<u8>> {
        oaep::encrypt(&self.rsa, self.algorithm.hash(), plaintext, seed)
    }
}

impl Wrap for KmsRsa {
    fn edk_len(&self) -> usize {
        EncryptedDataKey::len_of([PROVIDER_ID.len(), self.key_id.as_str().len(), self.rsa.size()])
    }

    fn wrap(&self, plaintext: &Unwrapped<'_>, seed: OaepSeed, _: [&[u8]; 2]) -> Result<EncryptedDataKey> {
        let mut together = Zeroizing::new([0; DECRYPTED_LEN]);
        let (front, back) = together.split_at_mut(DIGEST_LEN);
        front.copy_from_slice(plaintext.digest);
        back.copy_from_slice(plaintext.data_key.0.as_slice());
        let ciphertext = self.encrypt(together.as_slice(), seed)?;
        Ok(EncryptedDataKey::new([PROVIDER_ID, self.key_id.as_str().as_bytes(), &ciphertext]))
    }
}

impl Open for KmsRsa {
    fn claim(edk: &EncryptedDataKey, key: usize, opener: &OpenerKey) -> Claim {
        let OpenerKey::KeyId(own) = opener else { return Claim::Other };
        if !Self::key_arn(edk).is_some_and(|named| own.matches(&named)) {
            return Claim::Other;
        }
        if !CIPHERTEXT_LENS.contains(&edk.ciphertext.len()) {
            let len = decimal(edk.ciphertext.len() as u64);
            return Claim::damaged(&["has ", &len, " bytes, and KMS RSA keys make 256, 384 or 512"]);
        }
        Claim::Ours(Request::new(Operation::Decrypt, (key, Some(own)), &edk.ciphertext, DECRYPTED_LEN))
    }

    /// The answer is the digest of an encryption context, then the data key ("OnDecrypt").
    fn unwrap(_: &EncryptedDataKey, answer: &Answer, context: &[u8]) -> Result<DataKey> {
        let split = answer.bytes().split_first_chunk::<DIGEST_LEN>();
        split
            .filter(|(digest, _)| bool::from(digest.ct_eq(&crate::context::digest(context))))
            .and_then(|(_, key)| data_key(key))
            .ok_or_else(|| {
                let what = "the envelope was not sealed under the encryption context that is stored and expected";
                Error::new(Code::Context, &[what])
            })
    }

    fn key_arn(edk: &EncryptedDataKey) -> Option<KeyArn> {
        let info = core::str::from_utf8(&edk.provider_info).ok()?;
        info.parse().ok().filter(|_| edk.provider_id == PROVIDER_ID)
    }
}
