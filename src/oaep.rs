//! RSA-OAEP with a public key, its hashes, and the public key in its DER.
//!
//! Source: RFC 8017, 7.1 and A.2.1; RFC 5280, 4.1 (DER of a SubjectPublicKeyInfo).

use alloc::vec::Vec;

use rsa::PublicKey;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use crate::error::{Code, Error, Reason, Result, decimal};
use crate::seed::{OaepSeed, OaepSeedSource};
use crate::stack::wiped;

/// The hash of OAEP and of its MGF1; the label is empty.
///
/// ```
/// use kmseal::OaepHash;
///
/// assert_eq!(OaepHash::default().name(), "SHA-256");
/// assert_eq!(OaepHash::from_name("SHA-512"), Some(OaepHash::Sha512));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OaepHash {
    /// `SHA-1`
    Sha1,
    /// `SHA-256`
    #[default]
    Sha256,
    /// `SHA-384`
    Sha384,
    /// `SHA-512`
    Sha512,
}

impl OaepHash {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// From its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name() == name)
    }

    /// Its name, as Web Cryptography has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The bytes of the modulus that OAEP uses: two hashes and two bytes (RFC 8017, 7.1.1).
    pub(crate) fn overhead(self) -> usize {
        let hash_len: usize = match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        };
        hash_len.saturating_mul(2).saturating_add(2)
    }
}

/// The maximum number of bytes for one encryption.
pub(crate) fn max_plaintext_len(size: usize, hash: OaepHash) -> usize {
    size.saturating_sub(hash.overhead())
}

/// Encrypts, to as many bytes as the modulus has.
///
/// # Errors
/// [`Code::TooLong`]: more than [`max_plaintext_len`] bytes.
pub(crate) fn encrypt(key: &PublicKey, hash: OaepHash, plaintext: &[u8], seed: OaepSeed) -> Result<Vec<u8>> {
    use rsa::traits::PublicKeyParts;

    let most = max_plaintext_len(key.size(), hash);
    if plaintext.len() > most {
        let error = Error::new(Code::TooLong, &["this key encrypts at most ", &decimal(most as u64), " bytes"]);
        return Err(error.because(Reason::PlaintextTooLong));
    }
    let mut rng = OaepSeedSource(seed);
    let sealed = wiped(|| match hash {
        OaepHash::Sha1 => key.oaep_encrypt_with_rng::<Sha1, _>(&mut rng, plaintext),
        OaepHash::Sha256 => key.oaep_encrypt_with_rng::<Sha256, _>(&mut rng, plaintext),
        #[cfg(feature = "every-kind")]
        OaepHash::Sha384 => key.oaep_encrypt_with_rng::<Sha384, _>(&mut rng, plaintext),
        #[cfg(feature = "every-kind")]
        OaepHash::Sha512 => key.oaep_encrypt_with_rng::<Sha512, _>(&mut rng, plaintext),
        // KMS has no such keys.
        #[cfg(not(feature = "every-kind"))]
        _ => Err(rsa::Error::InvalidArguments),
    });
    sealed.map_err(|_| Error::new(Code::KeyInvalid, &["RSA encryption with this key failed"]))
}
