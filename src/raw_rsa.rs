//! Raw RSA keys, the customer's own: the data key alone in RSA-OAEP, opened by the holder of the private key.
//!
//! Source: framework/raw-rsa-keyring.md; framework/keyring-interface.md "Key Namespace" and "Key Name". PKCS#1 v1.5, which the
//! specification has, too, is neither written nor opened: a refusal would be Bleichenbacher's oracle (RFC 8017, 7.2.1).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rsa::PublicKey;
use rsa::traits::PublicKeyParts;

use crate::base64;
use crate::edk::EncryptedDataKey;
use crate::error::{Code, Error, Reason, Result};
use crate::fingerprint;
use crate::kdf::DataKey;
use crate::key_source::{GetPublicKeyOutput, invalid, rsa_key};
use crate::key_text::{Json, ascii, find, key_of_base64, packed};
use crate::kind::{Open, Unwrapped, Wrap, data_key};
use crate::oaep::{self, OaepHash};
use crate::request::{Answer, Claim, OpenerKey, Operation, RawKeyName, Request};
use crate::seed::OaepSeed;
use crate::suite::KEY_LEN;

/// What begins the provider ids of AWS's keyrings for KMS and key agreement, and ours.
const RESERVED: [&str; 3] = ["aws-kms", "raw-ecdh", "kmseal-"];
/// What gives the right form.
const PEM: &str = "; give its public key as PEM, as `openssl pkey -pubout` writes it";
/// Lengths of a modulus, in bits.
const BITS: core::ops::RangeInclusive<u32> = 2048..=4096;
/// Lengths of a ciphertext, in bytes.
const CIPHERTEXT_LENS: core::ops::RangeInclusive<usize> = 256..=512;

/// What a file holds of a raw key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawPublicKey {
    /// `keyNamespace`
    pub key_namespace: Option<String>,
    /// `keyName`
    pub key_name: Option<String>,
    /// `hash`
    pub hash: Option<String>,
    /// `PublicKey`: a DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

impl RawPublicKey {
    /// Reads JSON with `keyNamespace`, `keyName`, `hash` and `PublicKey`, also once more in JSON or in base64; what Google Cloud KMS says of
    /// a key, with `pem` and `algorithm`; or a public key in any form that [`GetPublicKeyOutput::read`] takes.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`], with what it is instead. [`Code::KeyUnsupported`]: it says that the key is for something else.
    pub fn read<J: Json>(source: &[u8]) -> Result<Self> {
        let mut answer = GetPublicKeyOutput::read_for::<J>(source, PEM)?;
        if let Some(usage) = answer.key_usage.as_deref().filter(|usage| *usage != "ENCRYPT_DECRYPT") {
            return Err(Error::new(Code::KeyUnsupported, &["this key cannot seal: its usage is ", usage]));
        }
        let mut read = Self { public_key: core::mem::take(&mut answer.public_key), ..Self::default() };
        let Some(json) = fields::<J>(source)? else { return Ok(read) };
        let mut algorithm = None;
        for (field, name) in [
            (&mut read.key_namespace, "keyNamespace"),
            (&mut read.key_name, "keyName"),
            (&mut read.hash, "hash"),
            (&mut algorithm, "algorithm"),
        ] {
            let Some(value) = json.get(name) else { continue };
            let text = value.text();
            *field = Some(text.ok_or_else(|| invalid(&["its ", name, " is not a text"]))?);
        }
        // Google Cloud KMS, "CryptoKeyVersionAlgorithm": RSA_DECRYPT_OAEP_3072_SHA256. A signing key's algorithm has another form.
        if let Some(algorithm) = algorithm {
            let at = find(algorithm.as_bytes(), b"_SHA").filter(|_| algorithm.starts_with("RSA_DECRYPT_OAEP_"));
            let bits = at.and_then(|at| algorithm.get(at.saturating_add("_SHA".len())..));
            read.hash = Some(bits.map_or_else(|| algorithm.clone(), |bits| ["SHA-", bits].concat()));
        }
        Ok(read)
    }
}

/// The object with the names. They may have any letters, and the reader of keys knows ASCII alone. It has read the same text, and so bounded
/// how deep one lies in another.
fn fields<J: Json>(source: &[u8]) -> Result<Option<J>> {
    // As that reader does, this takes all that is not ASCII for spaces: marks of byte order, spaces of other kinds.
    let text = core::str::from_utf8(source).unwrap_or_default().trim_matches(|letter: char| !letter.is_ascii_graphic());
    let json = J::parse(text).filter(|_| text.starts_with(['{', '"']));
    if let Some(json) = json {
        return json.text().map_or(Ok(Some(json)), |inner| fields(inner.as_bytes()));
    }
    let packed = packed(&ascii(source));
    // A hash that is lost would be SHA-256, and what is sealed with it opens nowhere.
    if [b"keyNamespace".as_slice(), b"hash:", b"algorithm:"].iter().any(|name| find(&packed, name).is_some()) {
        return Err(invalid(&["its names and hash cannot be read in this form; give it as JSON in UTF-8"]));
    }
    key_of_base64(&packed).map_or(Ok(None), |inner| fields(&inner))
}

/// What a caller states about a raw key, besides the key itself.
#[derive(Clone, Debug, Default)]
pub struct RawKeyOptions {
    /// Its namespace, which is the provider id in envelopes; needed unless the file has one.
    pub key_namespace: Option<String>,
    /// Its name, which is the provider info; needed unless the file has one.
    pub key_name: Option<String>,
    /// The hash of OAEP and MGF1; the file's, or SHA-256, by default.
    pub hash: Option<OaepHash>,
    /// As [`ImportOptions::fingerprints`](crate::ImportOptions::fingerprints).
    pub fingerprints: Vec<String>,
}

/// A raw RSA public key: the customer's own, of a hardware security module or of another cloud.
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use kmseal::{OaepHash, RawKeyOptions, RawPublicKey, RsaPublicKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let der = example::der();
/// let mut file = RawPublicKey::default();
/// file.public_key = der;
/// let options = RawKeyOptions {
///     key_namespace: Some("example".to_owned()),
///     key_name: Some("offline-2026".to_owned()),
///     ..RawKeyOptions::default()
/// };
/// let key = RsaPublicKey::new(&file, &options)?;
/// assert_eq!((key.key_size(), key.hash()), (2048, OaepHash::Sha256));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RsaPublicKey(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    name: RawKeyName,
    hash: OaepHash,
    rsa: PublicKey,
    der: Vec<u8>,
    fingerprint: String,
}

impl RsaPublicKey {
    /// Checks a key.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`]: not an RSA key of 2048 to 4096 bits with exponent 65537 at least. [`Code::KeyId`]: no namespace or
    /// name, one that AWS reserves, or one that is not the file's. [`Code::KeyUnsupported`]: another hash, or another kind of key.
    /// [`Code::KeyFingerprint`].
    pub fn new(file: &RawPublicKey, options: &RawKeyOptions) -> Result<Self> {
        let found = file.hash.as_deref();
        if let Some(name) = found.filter(|name| OaepHash::from_name(name).is_none()) {
            let what = ["the key's hash is ", name, "; it must be SHA-1, SHA-256, SHA-384 or SHA-512"];
            return Err(Error::new(Code::KeyUnsupported, &what));
        }
        let hash = OaepHash::from_name(&one(found, options.hash.map(OaepHash::name))?).unwrap_or_default();
        let name = RawKeyName::new(
            &one(file.key_namespace.as_deref(), options.key_namespace.as_deref())?,
            &one(file.key_name.as_deref(), options.key_name.as_deref())?,
        )?;
        let rsa = rsa_key(&file.public_key, PEM).map_err(|error| match error.code() {
            Code::KeyUnsupported => {
                Error::new(Code::KeyUnsupported, &["this key cannot seal: it is not an RSA key (rsaEncryption)"])
            }
            _ => error,
        })?;
        if !BITS.contains(&rsa.n().bit_width()) {
            return Err(invalid(&["its modulus is not of 2048 to 4096 bits"]));
        }
        if rsa.e().bit_width() < 17 {
            return Err(invalid(&["its public exponent is less than 65537 (NIST SP 800-56B, 6.2)"]));
        }
        let fingerprint = fingerprint::checked(&file.public_key, &options.fingerprints)?;
        Ok(Self(Arc::new(Checked { name, hash, rsa, der: file.public_key.clone(), fingerprint })))
    }

    /// The namespace.
    #[must_use]
    pub fn key_namespace(&self) -> &str {
        &self.0.name.key_namespace
    }

    /// The name.
    #[must_use]
    pub fn key_name(&self) -> &str {
        &self.0.name.key_name
    }

    /// The hash of OAEP and MGF1.
    #[must_use]
    pub fn hash(&self) -> OaepHash {
        self.0.hash
    }

    /// `SHA256:` and the padded base64 of SHA-256 over the DER.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// Length of the modulus in bits.
    #[must_use]
    pub fn key_size(&self) -> u32 {
        self.0.rsa.n().bit_width()
    }

    /// The DER of its SubjectPublicKeyInfo in base64, which is `PublicKey` of its file.
    #[must_use]
    pub fn public_key_base64(&self) -> String {
        base64::encode(&self.0.der)
    }
}

impl From<&RsaPublicKey> for OpenerKey {
    fn from(key: &RsaPublicKey) -> Self {
        Self::Raw(key.0.name.clone())
    }
}

impl RawKeyName {
    /// # Errors
    /// [`Code::KeyId`]: none, one that is reserved, or more bytes than fit.
    fn new(key_namespace: &str, key_name: &str) -> Result<Self> {
        if key_namespace.is_empty() || key_name.is_empty() {
            let error = Error::new(
                Code::KeyId,
                &["a raw key needs a namespace and a name, by which an opener finds it; give both"],
            );
            return Err(error.because(Reason::NoKeyName));
        }
        if let Some(reserved) = RESERVED.iter().find(|reserved| key_namespace.starts_with(**reserved)) {
            let what = [
                "the key namespace \"",
                key_namespace,
                "\" begins with ",
                reserved,
                ", which is reserved; use another one",
            ];
            return Err(Error::new(Code::KeyId, &what));
        }
        if key_namespace.len().max(key_name.len()) > usize::from(u16::MAX) {
            return Err(Error::new(Code::KeyId, &["a key namespace and a key name have at most 65,535 bytes"]));
        }
        Ok(Self { key_namespace: key_namespace.to_owned(), key_name: key_name.to_owned() })
    }
}

impl OpenerKey {
    /// A raw key, by what envelopes call it.
    ///
    /// # Errors
    /// [`Code::KeyId`]: no namespace or name, or one that is reserved.
    pub fn raw(key_namespace: &str, key_name: &str) -> Result<Self> {
        RawKeyName::new(key_namespace, key_name).map(Self::Raw)
    }
}

/// What the file says and what the caller says, who must agree.
#[inline(never)]
fn one(found: Option<&str>, given: Option<&str>) -> Result<String> {
    match (found, given) {
        (Some(found), Some(given)) if found != given => Err(Error::new(
            Code::KeyId,
            &["the key's file says ", found, ", not ", given, "; leave the option out, or give the file's"],
        )),
        (found, given) => Ok(found.or(given).unwrap_or_default().to_owned()),
    }
}

impl Wrap for RsaPublicKey {
    fn edk_len(&self) -> usize {
        EncryptedDataKey::len_of([self.0.name.key_namespace.len(), self.0.name.key_name.len(), self.0.rsa.size()])
    }

    fn wrap(&self, plaintext: &Unwrapped<'_>, seed: OaepSeed, _: [&[u8]; 2]) -> Result<EncryptedDataKey> {
        let ciphertext = oaep::encrypt(&self.0.rsa, self.0.hash, plaintext.data_key.0.as_slice(), seed)?;
        let RawKeyName { key_namespace, key_name } = &self.0.name;
        Ok(EncryptedDataKey::new([key_namespace.as_bytes(), key_name.as_bytes(), &ciphertext]))
    }
}

impl Open for RsaPublicKey {
    fn claim(edk: &EncryptedDataKey, key: usize, opener: &OpenerKey) -> Claim {
        let OpenerKey::Raw(own) = opener else { return Claim::Other };
        if edk.provider_id != own.key_namespace.as_bytes() || edk.provider_info != own.key_name.as_bytes() {
            return Claim::Other;
        }
        if !CIPHERTEXT_LENS.contains(&edk.ciphertext.len()) {
            return Claim::damaged(&["is not as long as that of an RSA key of 2048 to 4096 bits"]);
        }
        Claim::Ours(Request::new(Operation::Unwrap, (key, None), &edk.ciphertext, KEY_LEN))
    }

    /// The answer is the data key. It says nothing about the context, which the header tag alone binds.
    fn unwrap(_: &EncryptedDataKey, answer: &Answer, _: &[u8]) -> Result<DataKey> {
        data_key(answer.bytes()).ok_or_else(|| Error::new(Code::Authentication, &["the data key has a wrong length"]))
    }
}
