//! A header as JavaScript sees it, unauthenticated.

use base16ct::lower::encode_string;
use js_sys::{Array, Object};
use kmseal::edge::message_id_text;
use kmseal::{Header, Layout, SUITE_ID};
use wasm_bindgen::prelude::*;

use crate::context;
use crate::error::{Result, set};

/// The places in an envelope of that length.
pub fn layout_of(header: &Header, sealed_len: f64) -> Result<Layout> {
    Ok(header.layout(sealed_len as u64).ok_or_else(kmseal::Error::truncated)?)
}

/// The public result of `inspect` for an envelope whose length and final frame's head are these; sizes only if they are known.
pub fn describe(header: &Header, end: Option<(Layout, &[u8])>) -> Result<JsValue> {
    let edks = Array::new();
    let key_ids = Array::new();
    for edk in header.encrypted_data_keys() {
        let described = Object::new();
        let provider_id = text(&edk.provider_id);
        set(&described, "providerId", &provider_id);
        if let Some(key) = edk.ecc_key() {
            set(&described, "keySpec", key.key_spec);
            set(&described, "fingerprint", key.fingerprint);
        } else if edk.provider_id.starts_with(b"aws-kms") || edk.key_arn().is_some() {
            // The ARN of an ML-KEM key comes after a version and its length.
            let arn = edk.key_arn();
            let key_id = arn.as_ref().map_or_else(|| text(&edk.provider_info), |arn| arn.as_str().into());
            set(&described, "keyId", &key_id);
            key_ids.push(&key_id);
        } else {
            set(&described, "keyNamespace", provider_id);
            set(&described, "keyName", text(&edk.provider_info));
        }
        set(&described, "ciphertextLength", edk.ciphertext.len() as f64);
        edks.push(&described);
    }
    let described = Object::new();
    set(&described, "algorithmSuite", ["0x", &encode_string(&SUITE_ID.to_be_bytes())].concat());
    set(&described, "messageId", message_id_text(header.message_id()));
    set(&described, "encryptionContext", context::write(header.context()));
    set(&described, "encryptedDataKeys", edks);
    set(&described, "keyIds", key_ids);
    set(&described, "frameLength", header.frame_length());
    set(&described, "headerLength", header.len() as f64);
    if let Some((layout, head)) = end {
        header.check_end(&layout, head)?;
        set(&described, "plaintextSize", layout.plaintext_len() as f64);
        set(&described, "frames", layout.frames());
    }
    Ok(described.into())
}

#[wasm_bindgen(module = "/src/text.js")]
extern "C" {
    /// Bytes of an envelope that should be UTF-8. (By the page, since Rust's own replacing of others is 0.4 KB of the .wasm.)
    fn text(bytes: &[u8]) -> JsValue;
}
