//! A public key of KMS, checked strictly, with its ARN: RSA, ECC or ML-KEM.
//!
//! Source: AWS KMS API Reference, GetPublicKey and "Asymmetric key specs"; RFC 5280, 4.1 (DER of a
//! SubjectPublicKeyInfo); RFC 8017, A.1.1.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rsa::traits::PublicKeyParts;

use crate::arn::{KeyArn, is_key_id};
use crate::curve::Curve;
use crate::encryption_algorithm::EncryptionAlgorithm;
use crate::error::{Code, Error, Reason, Result, either};
use crate::fingerprint;
use crate::key_source::{CREATE, GetPublicKeyOutput, invalid, rsa_key, unsupported};
use crate::key_text::GET;
use crate::kms_ecdh::KmsEcdh;
use crate::kms_ml_kem::KmsMlKem;
use crate::kms_rsa::KmsRsa;
use crate::request::OpenerKey;
use crate::seed::OaepSeed;

const EXPONENT: u64 = 65537;

/// What a caller states about the key, besides the key itself.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The key's ARN; needed unless the source is GetPublicKey's answer. The key must match one of several, or any if the list is empty.
    pub key_ids: Vec<String>,
    /// The OAEP hash; never taken from the source.
    pub encryption_algorithm: EncryptionAlgorithm,
    /// `SHA256:` and the padded base64 of SHA-256 over the DER, which must not come with the key. The key has to match one of
    /// them; without any, every key does.
    pub fingerprints: Vec<String>,
    /// KMS's KeyUsage, where the source does not state it: `KEY_AGREEMENT` for an ECC key in PEM or DER, since one that signs looks the
    /// same, and for it nothing could ever be opened.
    pub key_usage: Option<String>,
    /// Takes ML-KEM keys, whose format is a draft: AWS's own Encryption SDKs do not open it.
    pub experimental: bool,
}

impl ImportOptions {
    /// The key id to go by, of the one that the source has, if it has one, and those that were given.
    #[inline(never)]
    fn key_id<'a>(&'a self, found: Option<&'a str>) -> Result<&'a str> {
        let given = self.key_ids.as_slice();
        match (found, given) {
            (found, []) => Ok(found.unwrap_or_default()),
            (None, [one]) => Ok(one),
            (None, _) => Err(several()),
            (Some(found), _) => {
                // Emulators answer what the ARN ends in.
                let is_its = |arn: &str| {
                    let before = arn.strip_suffix(found).filter(|_| is_key_id(found.as_bytes()));
                    arn == found || before.is_some_and(|before| before.ends_with(":key/"))
                };
                given.iter().map(String::as_str).find(|arn| is_its(arn)).ok_or_else(|| {
                    let wanted = either(given);
                    let remedy = "; give the key id of every key that you expect, or none";
                    Error::new(Code::KeyId, &["the key has the key id ", found, ", not ", &wanted, remedy])
                })
            }
        }
    }

    /// Refuses a key whose id only the caller knows, with fingerprints of several keys: one id belongs to one key, and the
    /// envelopes of the others would name a key that cannot open them.
    fn check_named(&self, found: Option<&str>) -> Result<()> {
        if found.is_some() || self.fingerprints.len() < 2 { Ok(()) } else { Err(several()) }
    }
}

#[inline(never)]
fn several() -> Error {
    let what = "several key ids or fingerprints are given, and the key does not say which key id is its own; use GetPublicKey's answer";
    Error::new(Code::KeyId, &[what])
}

/// A key that can wrap data keys.
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use kmseal::{GetPublicKeyOutput, ImportOptions, KmsPublicKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (arn, der) = (example::ARN, example::der());
/// // The answer of KMS GetPublicKey, as an SDK gives it.
/// let output = GetPublicKeyOutput {
///     key_id: Some(arn.to_owned()),
///     public_key: der,
///     key_usage: Some("ENCRYPT_DECRYPT".to_owned()),
///     ..GetPublicKeyOutput::default()
/// };
/// // It must not come with the key.
/// let fingerprints = vec!["SHA256:YHK+KJku9jBZRf0Ibvo6ydj5DBOMYCZ/hPbbjPQMrmY=".to_owned()];
/// let options = ImportOptions { fingerprints, ..ImportOptions::default() };
/// let key = KmsPublicKey::from_get_public_key(&output, &options)?;
/// assert_eq!((key.key_id().region(), key.key_spec()), ("eu-central-1", "RSA_2048"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KmsPublicKey(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    key_id: KeyArn,
    fingerprint: String,
    key: Key,
}

#[derive(Debug)]
pub(crate) enum Key {
    Rsa(KmsRsa),
    Ecdh(KmsEcdh),
    #[cfg(feature = "every-kind")]
    MlKem(KmsMlKem),
}

impl KmsPublicKey {
    /// Checks the answer of KMS GetPublicKey.
    ///
    /// # Errors
    /// [`Code::KeyUnsupported`] for keys of other kinds, [`Code::KeyId`] when its KeyId is not a key
    /// ARN or disagrees with the option, and those of [`KmsPublicKey::from_der`].
    pub fn from_get_public_key(answer: &GetPublicKeyOutput, options: &ImportOptions) -> Result<Self> {
        answer.check_usable(options.encryption_algorithm)?;
        let key_id = options.key_id(answer.key_id.as_deref())?;
        let key = Self::checked(&answer.public_key, key_id, answer.key_usage.as_deref(), options)?;
        options.check_named(answer.key_id.as_deref())?;
        answer.check_spec(key.key_spec())?;
        Ok(key)
    }

    /// Checks a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`], [`Code::KeyUnsupported`], [`Code::KeyId`], [`Code::KeyFingerprint`].
    pub fn from_der(der: &[u8], options: &ImportOptions) -> Result<Self> {
        let key = Self::checked(der, options.key_id(None)?, None, options)?;
        options.check_named(None)?;
        Ok(key)
    }

    fn checked(der: &[u8], key_id: &str, told: Option<&str>, options: &ImportOptions) -> Result<Self> {
        let parsed = |text: &str| {
            let refused =
                |error: Error| if options.key_ids.is_empty() { error.because(Reason::NoKeyArn) } else { error };
            text.parse::<KeyArn>().map_err(refused)
        };
        // A wrong key is named before a wrong id.
        let key_id = || parsed(key_id);
        let key = match Self::other_kind(der, options, key_id)? {
            Some(key) => key,
            None => Key::Rsa(Self::rsa_kind(der, options, key_id)?),
        };
        let key_id = key_id()?;
        let fingerprint = fingerprint::checked(der, &options.fingerprints)?;
        let key = Self(Arc::new(Checked { key_id, fingerprint, key }));
        key.check_usage(told, options.key_usage.as_deref())?;
        Ok(key)
    }

    fn rsa_kind(der: &[u8], options: &ImportOptions, key_id: impl Fn() -> Result<KeyArn>) -> Result<KmsRsa> {
        let rsa = rsa_key(der, GET)?;
        if !matches!(rsa.n().bit_width(), 2048 | 3072 | 4096) {
            return Err(invalid(&["its modulus must have 2048, 3072 or 4096 bits, as in all KMS keys; ", CREATE]));
        }
        if rsa.e() != &rsa::BoxedUint::from(EXPONENT) {
            return Err(invalid(&["its public exponent must be 65537, as in all KMS keys"]));
        }
        Ok(KmsRsa { rsa, algorithm: options.encryption_algorithm, key_id: key_id()? })
    }

    fn other_kind(der: &[u8], options: &ImportOptions, key_id: impl Fn() -> Result<KeyArn>) -> Result<Option<Key>> {
        if let Some((curve, point)) = Curve::of_spki(der) {
            let key = KmsEcdh::new(curve, der, point);
            return Ok(Some(Key::Ecdh(key.ok_or_else(|| invalid(&["its point is not on its curve"]))?)));
        }
        #[cfg(feature = "every-kind")]
        if KmsMlKem::is_one(der) {
            if !options.experimental {
                let what =
                    "ML-KEM is experimental: the format is a draft, and AWS's own Encryption SDKs do not open it";
                return Err(Error::new(Code::KeyUnsupported, &[what]).because(Reason::Experimental));
            }
            let key = KmsMlKem::new(der, &key_id()?);
            return Ok(Some(Key::MlKem(key.ok_or_else(|| invalid(&["a number in it is too large for ML-KEM"]))?)));
        }
        Ok(None)
    }

    /// The usage that the source states, that the caller states, and that its kind has.
    fn check_usage(&self, told: Option<&str>, stated: Option<&str>) -> Result<()> {
        let own = self.key_usage();
        if let Some(usage) = [told, stated].into_iter().flatten().find(|usage| *usage != own) {
            return Err(unsupported(&["its usage is ", usage, ", and not ", own]));
        }
        if own == "KEY_AGREEMENT" && told.or(stated).is_none() {
            let what = "nothing says whether this ECC key is for key agreement or for signing; use GetPublicKey's answer, or state the usage KEY_AGREEMENT";
            return Err(Error::new(Code::KeyUnsupported, &[what]).because(Reason::NoKeyUsage));
        }
        Ok(())
    }

    /// The key's ARN.
    #[must_use]
    pub fn key_id(&self) -> &KeyArn {
        &self.0.key_id
    }

    /// The OAEP hash that an RSA key is used with.
    #[must_use]
    pub fn encryption_algorithm(&self) -> Option<EncryptionAlgorithm> {
        self.rsa().map(|key| key.algorithm)
    }

    /// `SHA256:` and the padded base64 of SHA-256 over the DER.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// KMS's KeySpec.
    #[must_use]
    pub fn key_spec(&self) -> &'static str {
        match self.key() {
            Key::Rsa(key) => key.key_spec(),
            Key::Ecdh(key) => key.key_spec(),
            #[cfg(feature = "every-kind")]
            Key::MlKem(key) => key.key_spec(),
        }
    }

    /// KMS's KeyUsage.
    #[must_use]
    pub fn key_usage(&self) -> &'static str {
        match self.key() {
            Key::Rsa(_) => "ENCRYPT_DECRYPT",
            Key::Ecdh(_) => "KEY_AGREEMENT",
            #[cfg(feature = "every-kind")]
            Key::MlKem(_) => "ENCAPSULATE_DECAPSULATE",
        }
    }

    /// The maximum number of bytes for one encryption with an RSA key.
    #[must_use]
    pub fn max_plaintext_len(&self) -> Option<usize> {
        self.rsa().map(KmsRsa::max_plaintext_len)
    }

    /// Encrypts as KMS Encrypt would: the result is a `CiphertextBlob` for KMS Decrypt, as long as the
    /// key's modulus.
    ///
    /// ```
    /// # #[path = "../tests/core/common/example.rs"]
    /// # mod example;
    /// # use kmseal::OaepSeed;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = example::key();
    /// let ciphertext_blob = key.encrypt(b"a short secret", OaepSeed::generate(&mut getrandom::SysRng)?)?;
    /// assert_eq!(ciphertext_blob.len(), 2048 / 8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Code::TooLong`]: more than [`KmsPublicKey::max_plaintext_len`] bytes. [`Code::KeyUnsupported`]: this is not an RSA key.
    pub fn encrypt(&self, plaintext: &[u8], seed: OaepSeed) -> Result<Vec<u8>> {
        let key = self.rsa().ok_or_else(|| {
            let what = ["a key of spec ", self.key_spec(), " encrypts nothing itself; seal with it, or use an RSA key"];
            Error::new(Code::KeyUnsupported, &what)
        })?;
        key.encrypt(plaintext, seed)
    }

    fn rsa(&self) -> Option<&KmsRsa> {
        match self.key() {
            Key::Rsa(key) => Some(key),
            _ => None,
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0.key
    }

    pub(crate) fn is_ml_kem(&self) -> bool {
        self.key_usage() == "ENCAPSULATE_DECAPSULATE"
    }
}

impl From<&KmsPublicKey> for OpenerKey {
    fn from(key: &KmsPublicKey) -> Self {
        match key.key() {
            Key::Ecdh(ecdh) => ecdh.opener_key(key.key_id()),
            _ => key.key_id().clone().into(),
        }
    }
}
