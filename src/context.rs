//! The encryption context: pairs that are authenticated with the message, readable by all.
//!
//! Source: framework/structures.md "Encryption Context" and data-format/message-header.md "AAD".

use std::collections::BTreeMap;

use sha2::{Digest, Sha384};

use crate::error::{Code, Error, Result};
use crate::suite::{DIGEST_LEN, RESERVED_PREFIX};
use crate::wire::{Reader, Stop, put_field};

const MAX_LEN: usize = u16::MAX as usize;

/// An encryption context. The map orders keys by their UTF-8 bytes, as the format does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// Checks pairs that a caller wants to seal or expects.
    ///
    /// # Errors
    /// [`Code::Context`]: a key twice, a key that begins `aws-crypto-`, or more than 65,535 bytes
    /// when serialized.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut map = BTreeMap::new();
        for (key, value) in pairs {
            if key.starts_with(RESERVED_PREFIX) {
                return Err(refused(format!(
                    "encryption context key {key:?}: keys that begin with {RESERVED_PREFIX} are reserved; use another name"
                )));
            }
            let shown = key.clone();
            if map.insert(key, value).is_some() {
                return Err(refused(format!("encryption context key {shown:?} is given twice")));
            }
        }
        let context = Self(map);
        context.serialize()?;
        Ok(context)
    }

    /// This context and `other` together; the same pair may stand in both.
    ///
    /// # Errors
    /// [`Code::Context`]: one key with two values, or too long together.
    pub fn merged(&self, other: &Self) -> Result<Self> {
        let mut map = self.0.clone();
        for (key, value) in &other.0 {
            match map.insert(key.clone(), value.clone()) {
                Some(earlier) if earlier != *value => {
                    return Err(refused(format!("encryption context key {key:?} is given with two values")));
                }
                _ => {}
            }
        }
        let context = Self(map);
        context.serialize()?;
        Ok(context)
    }

    /// Stored and required pairs as one context.
    ///
    /// # Errors
    /// [`Code::Context`]: a key in both, or too long together.
    pub fn with_required(&self, required: &Self) -> Result<Self> {
        if let Some(key) = required.0.keys().find(|key| self.0.contains_key(*key)) {
            return Err(refused(format!(
                "encryption context key {key:?} is both stored and required; give it in one of the two"
            )));
        }
        self.merged(required)
    }

    /// Splits what an opener expects into what the header stores, which must agree, and the rest,
    /// which is taken as required (authenticated, not stored).
    ///
    /// # Errors
    /// [`Code::Context`]: a stored pair has another value.
    pub fn required_beside(&self, stored: &Self) -> Result<Self> {
        let mut required = BTreeMap::new();
        for (key, value) in &self.0 {
            match stored.0.get(key) {
                None => {
                    required.insert(key.clone(), value.clone());
                }
                Some(found) if found == value => {}
                Some(_) => {
                    return Err(refused(format!(
                        "the envelope's encryption context has another value for {key:?} than the one expected"
                    )));
                }
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

    /// SHA-384 of the serialized context (aws-kms-rsa-keyring.md, "OnEncrypt").
    pub(crate) fn digest(&self) -> Result<[u8; DIGEST_LEN]> {
        Ok(Sha384::digest(self.serialize()?).into())
    }

    /// Reads the header's context field, in whatever order its pairs stand.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut map = BTreeMap::new();
        if bytes.is_empty() {
            return Ok(Self(map));
        }
        let mut reader = Reader::new(bytes);
        let mut read = || -> std::result::Result<(), Stop> {
            let count = reader.u16()?;
            for _ in 0..count {
                let key = text(reader.field()?)?;
                let value = text(reader.field()?)?;
                if map.insert(key, value).is_some() {
                    return Err(invalid("has a key twice").into());
                }
            }
            if count == 0 || !reader.is_empty() {
                return Err(invalid("does not fill its field").into());
            }
            Ok(())
        };
        match read() {
            Ok(()) => {}
            Err(Stop::Need(_)) => return Err(invalid("overruns its field")),
            Err(Stop::Bad(error)) => return Err(error),
        }
        // structures.md: this key belongs to the signing suites alone.
        if map.contains_key("aws-crypto-public-key") {
            return Err(invalid("holds a signing key, which this algorithm suite has not"));
        }
        Ok(Self(map))
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("is not UTF-8"))?;
    Ok(text.to_owned())
}

fn invalid(what: &str) -> Error {
    Error::new(Code::EnvelopeInvalid, format!("the envelope's encryption context {what}"))
}

fn refused(message: String) -> Error {
    Error::new(Code::Context, message)
}

fn too_long() -> Error {
    refused("the encryption context is longer than 65,535 bytes when serialized".into())
}
