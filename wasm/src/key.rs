//! Key import from every form of a key, and local versions of KMS's Encrypt.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, JSON, Object, Uint8Array};
use kmseal::{EncryptionAlgorithm, GetPublicKeyOutput, ImportOptions, Json, OaepSeed, Recipient};
#[cfg(feature = "every-kind")]
use kmseal::{OaepHash, RawKeyOptions, RawPublicKey, RsaPublicKey};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::error::{Result, Thrown, get, set};
use crate::random::PageRng;

/// A checked public key, of any kind.
#[wasm_bindgen]
pub struct PublicKey(pub(crate) Recipient);

/// A string, null or undefined. Null counts as absent.
#[inline(never)]
fn string(value: &JsValue, name: &str) -> Result<Option<String>> {
    let text = value.as_string();
    if text.is_none() && !value.is_null_or_undefined() {
        return Err(Thrown::type_error(&[name, " must be a string"].concat()));
    }
    Ok(text)
}

/// KMS's name of an algorithm; SHA-256 by default.
pub fn algorithm(name: Option<&str>) -> Result<EncryptionAlgorithm> {
    name.map_or(Some(EncryptionAlgorithm::default()), EncryptionAlgorithm::from_name)
        .ok_or_else(|| Thrown::type_error("encryptionAlgorithm must be RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1"))
}

#[cfg(feature = "every-kind")]
fn oaep_hash(name: &str) -> Result<OaepHash> {
    OaepHash::from_name(name).ok_or_else(|| Thrown::type_error("hash must be SHA-1, SHA-256, SHA-384 or SHA-512"))
}

/// A list of strings. (A parameter `Vec<String>` is 0.5 KB more of the package.)
fn texts(list: &Array) -> Vec<String> {
    list.iter().filter_map(|text| text.as_string()).collect()
}

/// The source as bytes; it is text or a Uint8Array.
fn bytes(source: &JsValue) -> Vec<u8> {
    source.as_string().map_or_else(|| Uint8Array::new(source).to_vec(), String::into_bytes)
}

/// The result of JavaScript's own parser.
struct Parsed(JsValue);

impl Json for Parsed {
    fn parse(text: &str) -> Option<Self> {
        let value = JSON::parse(text).ok()?;
        // A field that comes twice loses its first value, and the quotes with it.
        let quotes = |text: &str| text.bytes().filter(|byte| *byte == b'"').count();
        let whole = !text.starts_with('{') || quotes(text) == quotes(&String::from(JSON::stringify(&value).ok()?));
        whole.then_some(Self(value))
    }

    fn get(&self, name: &str) -> Option<Self> {
        // This throws for anything but an object.
        get(&self.0, name).ok().filter(|value| !value.is_null_or_undefined()).map(Self)
    }

    fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    fn byte(&self) -> Option<u8> {
        let number = self.0.as_f64()?;
        let byte = number as u8;
        (f64::from(byte) == number).then_some(byte)
    }
}

#[wasm_bindgen]
impl PublicKey {
    /// Checks a key of KMS; `source` is text or a Uint8Array.
    pub fn kms(
        source: &JsValue,
        key_ids: &Array,
        encryption_algorithm: &JsValue,
        key_usage: &JsValue,
        fingerprints: &Array,
        experimental: bool,
    ) -> Result<PublicKey> {
        let options = ImportOptions {
            key_ids: texts(key_ids),
            encryption_algorithm: algorithm(string(encryption_algorithm, "encryptionAlgorithm")?.as_deref())?,
            key_usage: string(key_usage, "keyUsage")?,
            fingerprints: texts(fingerprints),
            experimental,
        };
        let key = GetPublicKeyOutput::read::<Parsed>(&bytes(source))
            .and_then(|key| kmseal::KmsPublicKey::from_get_public_key(&key, &options));
        Ok(Self(Recipient::Kms(key?)))
    }

    /// What the page's classes show: `{ keyId, keySpec, encryptionAlgorithm?, fingerprint, maxPlaintextLength }` of a KMS key, and
    /// `{ keyNamespace, keyName, hash, fingerprint }` of another.
    pub fn describe(&self) -> Object {
        let described = Object::new();
        match &self.0 {
            Recipient::Kms(key) => {
                set(&described, "keyId", key.key_id().as_str());
                set(&described, "keySpec", key.key_spec());
                if let Some(algorithm) = key.encryption_algorithm() {
                    set(&described, "encryptionAlgorithm", algorithm.name());
                }
                set(&described, "fingerprint", key.fingerprint());
                set(&described, "maxPlaintextLength", key.max_plaintext_len().unwrap_or_default() as f64);
            }
            #[cfg(feature = "every-kind")]
            Recipient::Raw(key) => {
                set(&described, "keyNamespace", key.key_namespace());
                set(&described, "keyName", key.key_name());
                set(&described, "hash", key.hash().name());
                set(&described, "fingerprint", key.fingerprint());
            }
            _ => {}
        }
        described
    }

    /// A CiphertextBlob for KMS Decrypt.
    pub fn encrypt(&self, plaintext: Vec<u8>) -> Result<Uint8Array> {
        let plaintext = Zeroizing::new(plaintext);
        let Recipient::Kms(key) = &self.0 else { return Err(Thrown::type_error("only a KMS key encrypts")) };
        let sealed = key.encrypt(&plaintext, OaepSeed::generate(&mut PageRng)?)?;
        Ok(Uint8Array::from(sealed.as_slice()))
    }
}

#[cfg(feature = "every-kind")]
#[wasm_bindgen]
impl PublicKey {
    /// Checks a customer's own RSA key.
    pub fn raw(
        source: &JsValue,
        key_namespace: &JsValue,
        key_name: &JsValue,
        hash: &JsValue,
        fingerprints: &Array,
    ) -> Result<PublicKey> {
        let options = RawKeyOptions {
            key_namespace: string(key_namespace, "keyNamespace")?,
            key_name: string(key_name, "keyName")?,
            hash: string(hash, "hash")?.map(|name| oaep_hash(&name)).transpose()?,
            fingerprints: texts(fingerprints),
        };
        let key = RawPublicKey::read::<Parsed>(&bytes(source)).and_then(|key| RsaPublicKey::new(&key, &options));
        Ok(Self(Recipient::Raw(key?)))
    }
}
