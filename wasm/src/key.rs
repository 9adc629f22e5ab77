//! Key import from everything a key may arrive as, and KMS's Encrypt and GenerateDataKey done here.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use js_sys::{Array, ArrayBuffer, JSON, Object, Uint8Array};
use kmseal::{EncryptionAlgorithm, Error, GetPublicKey, ImportOptions, OaepSeed, PublicKey, decode_text, encrypt};
use rand_core::TryRng;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::error::{Result, Thrown, get, set};
use crate::random::PageRng;

/// A checked public key.
#[wasm_bindgen]
pub struct Key(pub(crate) Rc<PublicKey>);

/// An optional string; null is as good as absent.
fn string(value: &JsValue, name: &str) -> Result<Option<String>> {
    let text = value.as_string();
    if text.is_none() && !value.is_null_or_undefined() {
        return Err(Thrown::type_error(&[name, " must be a string"].concat()));
    }
    Ok(text)
}

/// KMS's name of an algorithm; SHA-256 unless told.
pub fn algorithm(name: Option<&str>) -> Result<EncryptionAlgorithm> {
    name.map_or(Some(EncryptionAlgorithm::default()), EncryptionAlgorithm::from_name)
        .ok_or_else(|| Thrown::type_error("encryptionAlgorithm must be RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1"))
}

fn bytes(value: &JsValue) -> Option<Vec<u8>> {
    // Not by its class: a page has one for each of its windows.
    ArrayBuffer::is_view(value).then(|| Uint8Array::new(value).to_vec())
}

fn from_text(text: &str, options: &ImportOptions) -> Result<PublicKey> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.starts_with('{') {
        // Text comes from elsewhere, so that what is wrong with it is no mistake in the caller's code.
        let wrong = || Thrown::from(Error::not_get_public_key());
        let parsed = JSON::parse(text).map_err(|_| wrong())?;
        return from_answer(&parsed, options).map_err(|thrown| if thrown.is_type_error() { wrong() } else { thrown });
    }
    Ok(PublicKey::from_der(&decode_text(text)?, options)?)
}

/// From GetPublicKey's answer, as the CLI prints it or the JavaScript SDK returns it.
fn from_answer(answer: &JsValue, options: &ImportOptions) -> Result<PublicKey> {
    let wrong = || Thrown::type_error("the key must be GetPublicKey's answer, text or bytes");
    if !answer.is_object() {
        return Err(wrong());
    }
    let field = |name| string(&get(answer, name)?, name);
    let public_key = get(answer, "PublicKey")?;
    let public_key = match public_key.as_string() {
        Some(text) => decode_text(&text)?,
        None => bytes(&public_key).ok_or_else(wrong)?,
    };
    let algorithms = get(answer, "EncryptionAlgorithms")?;
    let algorithms = match algorithms.dyn_ref::<Array>() {
        None if !algorithms.is_null_or_undefined() => return Err(wrong()),
        names => names.map(|names| names.iter().filter_map(|name| name.as_string()).collect()),
    };
    let key_spec = field("KeySpec")?;
    let answer = GetPublicKey {
        key_id: field("KeyId")?,
        public_key,
        key_spec: key_spec.or(field("CustomerMasterKeySpec")?),
        key_usage: field("KeyUsage")?,
        encryption_algorithms: algorithms,
    };
    Ok(PublicKey::from_get_public_key(&answer, options)?)
}

#[wasm_bindgen]
impl Key {
    /// Checks a key; `source` is GetPublicKey's answer, text, or a Uint8Array of DER or text.
    #[wasm_bindgen(js_name = importKey)]
    pub fn import_key(
        source: &JsValue,
        key_id: &JsValue,
        encryption_algorithm: &JsValue,
        fingerprint: &JsValue,
    ) -> Result<Key> {
        let options = ImportOptions {
            key_id: string(key_id, "keyId")?,
            algorithm: algorithm(string(encryption_algorithm, "encryptionAlgorithm")?.as_deref())?,
            fingerprint: string(fingerprint, "fingerprint")?,
        };
        let key = if let Some(text) = source.as_string() {
            from_text(&text, &options)?
        } else if let Some(bytes) = bytes(source) {
            // DER begins with the tag of a SEQUENCE; no text that we take begins with "0".
            match core::str::from_utf8(&bytes) {
                Ok(text) if !text.starts_with('0') => from_text(text, &options)?,
                _ => PublicKey::from_der(&bytes, &options)?,
            }
        } else {
            from_answer(source, &options)?
        };
        Ok(Self(Rc::new(key)))
    }

    /// `{ keyId, keySpec, encryptionAlgorithm, fingerprint, maxPlaintextLength }`
    pub fn describe(&self) -> Object {
        let described = Object::new();
        set(&described, "keyId", self.0.arn().as_str());
        set(&described, "keySpec", self.0.spec());
        set(&described, "encryptionAlgorithm", self.0.algorithm().name());
        set(&described, "fingerprint", self.0.fingerprint());
        set(&described, "maxPlaintextLength", self.0.max_plaintext_len() as f64);
        described
    }

    /// A CiphertextBlob for KMS Decrypt.
    pub fn encrypt(&self, plaintext: Vec<u8>) -> Result<Uint8Array> {
        let plaintext = Zeroizing::new(plaintext);
        let sealed = encrypt(&self.0, &plaintext, OaepSeed::generate(&mut PageRng)?)?;
        Ok(Uint8Array::from(sealed.as_slice()))
    }

    /// `[plaintext, ciphertextBlob]` of a new 256-bit data key.
    #[wasm_bindgen(js_name = generateDataKey)]
    pub fn generate_data_key(&self) -> Result<Vec<Uint8Array>> {
        let mut key = Zeroizing::new(vec![0; 32]);
        PageRng.try_fill_bytes(&mut key)?;
        let sealed = encrypt(&self.0, &key, OaepSeed::generate(&mut PageRng)?)?;
        Ok(vec![Uint8Array::from(key.as_slice()), Uint8Array::from(sealed.as_slice())])
    }
}
