//! KMS's RSA encryption algorithms.
//!
//! Source: AWS KMS API Reference, Decrypt "EncryptionAlgorithm"; RFC 8017, 7.1.

use crate::oaep::OaepHash;

/// How KMS names the two RSA encryption algorithms; OAEP and MGF1 use the same hash, empty label.
///
/// ```
/// use kmseal::EncryptionAlgorithm;
///
/// assert_eq!(EncryptionAlgorithm::default().name(), "RSAES_OAEP_SHA_256");
/// assert_eq!(EncryptionAlgorithm::from_name("RSAES_OAEP_SHA_1"), Some(EncryptionAlgorithm::RsaesOaepSha1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptionAlgorithm {
    /// `RSAES_OAEP_SHA_256`
    #[default]
    RsaesOaepSha256,
    /// `RSAES_OAEP_SHA_1`
    RsaesOaepSha1,
}

impl EncryptionAlgorithm {
    /// From KMS's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::RsaesOaepSha256, Self::RsaesOaepSha1].into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// KMS's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
        }
    }

    pub(crate) fn hash(self) -> OaepHash {
        match self {
            Self::RsaesOaepSha256 => OaepHash::Sha256,
            Self::RsaesOaepSha1 => OaepHash::Sha1,
        }
    }
}
