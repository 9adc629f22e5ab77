//! A KMS RSA public key, checked strictly, with the ARN that names it in envelopes.
//!
//! Source: AWS KMS API Reference, GetPublicKey and "Asymmetric key specs"; RFC 5280, 4.1 (DER of a
//! SubjectPublicKeyInfo); RFC 8017, A.1.1.

use alloc::string::String;

use base64ct::{Base64, Encoding};
use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

use crate::arn::KeyArn;
use crate::error::{Code, Error, Result};
use crate::key_source::{GetPublicKey, rsa_key};

const EXPONENT: u64 = 65537;

/// How KMS names the two RSA encryption algorithms; OAEP and MGF1 use the same hash, empty label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    /// What OAEP takes of the modulus: two hashes and two bytes (RFC 8017, 7.1.1).
    fn overhead(self) -> usize {
        match self {
            Self::RsaesOaepSha256 => 2 * 32 + 2,
            Self::RsaesOaepSha1 => 2 * 20 + 2,
        }
    }
}

/// What a caller says about the key beside the key itself.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The key's ARN; needed unless the source is GetPublicKey's answer.
    pub key_id: Option<String>,
    /// The OAEP hash; never taken from the source.
    pub algorithm: EncryptionAlgorithm,
    /// `SHA256:` and the padded base64 of SHA-256 over the DER, got another way than the key.
    pub fingerprint: Option<String>,
}

/// A key that can wrap data keys.
#[derive(Clone, Debug)]
pub struct PublicKey {
    arn: KeyArn,
    rsa: RsaPublicKey,
    algorithm: EncryptionAlgorithm,
    fingerprint: String,
}

impl PublicKey {
    /// Checks the answer of KMS GetPublicKey.
    ///
    /// # Errors
    /// [`Code::KeyUnsupported`] for keys of other kinds, [`Code::KeyId`] when its KeyId is not a key
    /// ARN or disagrees with the option, and those of [`PublicKey::from_der`].
    pub fn from_get_public_key(answer: &GetPublicKey, options: &ImportOptions) -> Result<Self> {
        answer.check_usable(options.algorithm)?;
        let key_id = match (&answer.key_id, &options.key_id) {
            (Some(found), Some(given)) if found != given => {
                return Err(Error::new(
                    Code::KeyId,
                    &[
                        "the keyId given is not the KeyId in GetPublicKey's answer; leave keyId out, or download the other key",
                    ],
                ));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => "",
        };
        let key = Self::checked(&answer.public_key, key_id, options)?;
        answer.check_spec(key.spec())?;
        Ok(key)
    }

    /// Checks a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`], [`Code::KeyUnsupported`], [`Code::KeyId`], [`Code::KeyFingerprint`].
    pub fn from_der(der: &[u8], options: &ImportOptions) -> Result<Self> {
        Self::checked(der, options.key_id.as_deref().unwrap_or_default(), options)
    }

    fn checked(der: &[u8], key_id: &str, options: &ImportOptions) -> Result<Self> {
        let rsa = rsa_key(der)?;
        if !matches!(rsa.n().bits(), 2048 | 3072 | 4096) {
            return Err(invalid(&[
                "its modulus is not of 2048, 3072 or 4096 bits, as KMS keys are; create an RSA_4096 key in KMS and download its public key",
            ]));
        }
        if rsa.e() != &rsa::BoxedUint::from(EXPONENT) {
            return Err(invalid(&["its public exponent is not 65537, as that of KMS keys is"]));
        }
        let arn = KeyArn::parse(key_id)?;
        let fingerprint = ["SHA256:", &Base64::encode_string(&Sha256::digest(der))].concat();
        if options.fingerprint.as_ref().is_some_and(|wanted| *wanted != fingerprint) {
            return Err(Error::new(
                Code::KeyFingerprint,
                &[
                    "the key is not the one whose fingerprint was given; do not seal with it before you know who changed it",
                ],
            ));
        }
        Ok(Self { arn, rsa, algorithm: options.algorithm, fingerprint })
    }

    /// The key's ARN.
    #[must_use]
    pub fn arn(&self) -> &KeyArn {
        &self.arn
    }

    /// The OAEP hash it is used with.
    #[must_use]
    pub fn algorithm(&self) -> EncryptionAlgorithm {
        self.algorithm
    }

    /// `SHA256:` and the padded base64 of SHA-256 over the DER.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// KMS's KeySpec.
    #[must_use]
    pub fn spec(&self) -> &'static str {
        match self.rsa.size() {
            256 => "RSA_2048",
            384 => "RSA_3072",
            _ => "RSA_4096",
        }
    }

    /// Most bytes that one encryption takes.
    #[must_use]
    pub fn max_plaintext_len(&self) -> usize {
        self.ciphertext_len().saturating_sub(self.algorithm.overhead())
    }

    /// Length of every ciphertext in bytes: the modulus's.
    #[must_use]
    pub fn ciphertext_len(&self) -> usize {
        self.rsa.size()
    }

    pub(crate) fn rsa(&self) -> &RsaPublicKey {
        &self.rsa
    }
}

pub(crate) fn invalid(what: &[&str]) -> Error {
    Error::new(Code::KeyInvalid, &["this is not a usable public key: ", &what.concat()])
}
