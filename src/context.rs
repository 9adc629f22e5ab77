//! The encryption context: pairs that are authenticated with the message, readable by all.
//!
//! Source: framework/structures.md "Encryption Context" and data-format/message-header.md "AAD".

use alloc::borrow::ToOwned;
use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha384};

use crate::error::{Code, Error, Result};
use crate::suite::{DIGEST_LEN, RESERVED_PREFIX};
use crate::wire::{Reader, Stop, put_field};

const MAX_LEN: usize = u16::MAX as usize;

/// An encryption context: pairs ordered by the UTF-8 bytes of the key, as Rust orders strings; each
/// key once.
///
/// ```
/// use kmseal::{Code, EncryptionContext};
///
/// let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
/// let stored = EncryptionContext::from_pairs([pair("tenant", "7"), pair("form", "claims")])?;
/// let required = EncryptionContext::from_pairs([pair("case", "1234")])?;
/// let whole = stored.with_required(&required)?;
/// assert_eq!(whole.pairs().map(|(key, _)| key).collect::<Vec<_>>(), ["case", "form", "tenant"]);
///
/// let other = EncryptionContext::from_pairs([pair("tenant", "8")])?;
/// assert_eq!(stored.merged(&other).unwrap_err().code(), Code::Context);
/// # Ok::<(), kmseal::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext(Vec<(String, String)>);

impl EncryptionContext {
    /// Checks pairs that a caller wants to seal or expects.
    ///
    /// # Errors
    /// [`Code::Context`]: a key twice, a key that begins `aws-crypto-`, or more than 65,535 bytes
    /// when serialized.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        if let Some((key, _)) = pairs.iter().find(|(key, _)| key.starts_with(RESERVED_PREFIX)) {
            return Err(refused(&[
                "encryption context key \"",
                key,
                "\": keys that begin with aws-crypto- are reserved; use another name",
            ]));
        }
        let context = Self::sorted(pairs).map_err(|key| about(&key, "is given twice"))?;
        context.serialize()?;
        Ok(context)
    }

    /// Orders the pairs, in one go whatever their order; the error is a repeated key. (A heap is 2.5 KB less of the .wasm than the
    /// sorting of slices, and no slower for as few pairs as there are.)
    fn sorted(pairs: Vec<(String, String)>) -> core::result::Result<Self, String> {
        let pairs = BinaryHeap::from(pairs).into_sorted_vec();
        let mut neighbours = pairs.iter().zip(pairs.iter().skip(1));
        match neighbours.find(|((key, _), (next, _))| key == next) {
            Some(((key, _), _)) => Err(key.clone()),
            None => Ok(Self(pairs)),
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        let index = self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        self.0.get(index).map(|(_, value)| value.as_str())
    }

    /// This context and `other` together; the same pair may be in both.
    ///
    /// # Errors
    /// [`Code::Context`]: one key with two values, or too long together.
    pub fn merged(&self, other: &Self) -> Result<Self> {
        let mut pairs = self.0.clone();
        let stands = |(key, value): &&(String, String)| self.get(key) == Some(value);
        pairs.extend(other.0.iter().filter(|pair| !stands(pair)).cloned());
        let context = Self::sorted(pairs).map_err(|key| about(&key, "is given with two values"))?;
        context.serialize()?;
        Ok(context)
    }

    /// Stored and required pairs as one context.
    ///
    /// # Errors
    /// [`Code::Context`]: a key in both, or too long together.
    pub fn with_required(&self, required: &Self) -> Result<Self> {
        if let Some((key, _)) = required.0.iter().find(|(key, _)| self.get(key).is_some()) {
            return Err(about(key, "is both stored and required; give it in one of the two"));
        }
        self.merged(required)
    }

    /// Splits what an opener expects into what the header stores, which must agree, and the rest,
    /// which is taken as required (authenticated, not stored).
    ///
    /// # Errors
    /// [`Code::Context`]: a stored pair has another value.
    pub fn required_beside(&self, stored: &Self) -> Result<Self> {
        let mut required = Vec::new();
        for (key, value) in &self.0 {
            match stored.get(key) {
                None => required.push((key.clone(), value.clone())),
                Some(found) if found == value => {}
                Some(_) => return Err(about(key, "has a value in the envelope that is not the one expected")),
            }
        }
        Ok(Self(required))
    }

    /// The pairs, ordered by the UTF-8 bytes of the key.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Count and pairs, without the header's length field; no bytes for an empty context.
    ///
    /// # Errors
    /// [`Code::Context`]: more than 65,535 bytes.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        if self.0.is_empty() {
            return Ok(out);
        }
        let count = u16::try_from(self.0.len()).map_err(|_| too_long())?;
        out.extend_from_slice(&count.to_be_bytes());
        for (key, value) in &self.0 {
            put_field(&mut out, key.as_bytes(), "an encryption context key", Code::Context)?;
            put_field(&mut out, value.as_bytes(), "an encryption context value", Code::Context)?;
            if out.len() > MAX_LEN {
                return Err(too_long());
            }
        }
        Ok(out)
    }

    /// Reads the header's context field, with its pairs in any order.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let pairs = match read_pairs(bytes) {
            Ok(pairs) => pairs,
            Err(Stop::Need(_)) => return Err(invalid("overruns its field")),
            Err(Stop::Bad(error)) => return Err(error),
        };
        let context = Self::sorted(pairs).map_err(|_| invalid("has a key twice"))?;
        // structures.md: this key belongs to the signing suites alone.
        if context.get("aws-crypto-public-key").is_some() {
            return Err(invalid("holds a signing key, which this algorithm suite does not use"));
        }
        Ok(context)
    }
}

/// SHA-384 of a serialized context (aws-kms-rsa-keyring.md, "OnEncrypt").
pub(crate) fn digest(context: &[u8]) -> [u8; DIGEST_LEN] {
    Sha384::digest(context).into()
}

fn read_pairs(bytes: &[u8]) -> core::result::Result<Vec<(String, String)>, Stop> {
    let mut reader = Reader::new(bytes);
    let count = reader.u16()?;
    let mut pairs = Vec::new();
    for _ in 0..count {
        pairs.push((text(reader.field()?)?, text(reader.field()?)?));
    }
    if count == 0 || !reader.is_empty() {
        return Err(invalid("does not fill its field").into());
    }
    Ok(pairs)
}

fn text(bytes: &[u8]) -> Result<String> {
    let text = core::str::from_utf8(bytes).map_err(|_| invalid("is not UTF-8"))?;
    Ok(text.to_owned())
}

fn invalid(what: &str) -> Error {
    Error::new(Code::EnvelopeInvalid, &["the envelope's encryption context ", what])
}

fn about(key: &str, what: &str) -> Error {
    refused(&["encryption context key \"", key, "\" ", what])
}

fn refused(parts: &[&str]) -> Error {
    Error::new(Code::Context, parts)
}

fn too_long() -> Error {
    refused(&["the encryption context is longer than 65,535 bytes when serialized"])
}
