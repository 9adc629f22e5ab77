//! RSA-OAEP with a KMS public key, and the encrypted data keys that a header carries.
//!
//! Source: framework/aws-kms/aws-kms-rsa-keyring.md "OnEncrypt"; RFC 8017, 7.1.1.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use core::borrow::Borrow;

use rsa::Oaep;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::context::EncryptionContext;
use crate::error::{Code, Error, Result, decimal};
use crate::kdf::DataKey;
use crate::public_key::{EncryptionAlgorithm, PublicKey};
use crate::seed::{DataKeySeed, OaepSeed, OaepSeedSource};
use crate::stack::wiped;
use crate::suite::{DIGEST_LEN, WRAPPED_LEN};

/// Encrypts as KMS Encrypt would: the result is a `CiphertextBlob` for KMS Decrypt, as long as the
/// key's modulus.
///
/// # Errors
/// [`Code::TooLong`]: more than [`PublicKey::max_plaintext_len`] bytes.
pub fn encrypt(key: &PublicKey, plaintext: &[u8], seed: OaepSeed) -> Result<Vec<u8>> {
    if plaintext.len() > key.max_plaintext_len() {
        return Err(Error::new(
            Code::TooLong,
            &[
                "this key encrypts at most ",
                &decimal(key.max_plaintext_len() as u64),
                " bytes; seal longer data with a Sealer",
            ],
        ));
    }
    let mut rng = OaepSeedSource(seed);
    let sealed = wiped(|| match key.algorithm() {
        EncryptionAlgorithm::RsaesOaepSha256 => key.rsa().encrypt(&mut rng, Oaep::<Sha256>::new(), plaintext),
        EncryptionAlgorithm::RsaesOaepSha1 => key.rsa().encrypt(&mut rng, Oaep::<Sha1>::new(), plaintext),
    });
    sealed.map_err(|_| Error::new(Code::KeyInvalid, &["RSA encryption with this key failed"]))
}

/// A data key, wrapped for every recipient and bound to one encryption context. It may serve many
/// messages of that context, each under its own message id (FORMAT.md, 11).
pub struct Materials {
    pub(crate) data_key: DataKey,
    pub(crate) digest: [u8; DIGEST_LEN],
    pub(crate) edks: Vec<(String, Vec<u8>)>,
}

impl Materials {
    /// Wraps the seed's data key for `recipients` under the whole `context`, stored and required.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`]: no recipients, or other than the seed was drawn for.
    pub fn wrap<K: Borrow<PublicKey>>(
        recipients: &[K],
        context: &EncryptionContext,
        seed: DataKeySeed,
    ) -> Result<Self> {
        if recipients.is_empty() || recipients.len() != seed.oaep.len() {
            return Err(Error::new(Code::KeyInvalid, &["a data key needs a key and a seed for each recipient"]));
        }
        let digest = context.digest()?;
        let mut plaintext = Zeroizing::new([0; WRAPPED_LEN]);
        let (front, back) = plaintext.split_at_mut(DIGEST_LEN);
        front.copy_from_slice(&digest);
        back.copy_from_slice(seed.data_key.0.as_slice());
        let mut edks = Vec::new();
        for (key, oaep) in recipients.iter().map(K::borrow).zip(seed.oaep) {
            let ciphertext = encrypt(key, plaintext.as_slice(), oaep)?;
            edks.push((key.arn().as_str().to_owned(), ciphertext));
        }
        Ok(Self { edks, data_key: seed.data_key, digest })
    }
}
