//! A header as JavaScript sees it, unauthenticated.

use alloc::string::String;

use base16ct::lower::encode_string;
use js_sys::{Array, Object};
use kmseal::{Header, Layout, SUITE_ID};
use wasm_bindgen::JsValue;

use crate::context;
use crate::error::{Result, set};

/// The public result of `inspect`, of an envelope of `sealed_len` bytes; sizes only where that is known.
pub fn describe(header: &Header, sealed_len: Option<f64>) -> Result<JsValue> {
    let edks = Array::new();
    let key_ids = Array::new();
    for edk in header.encrypted_data_keys() {
        let key_id = text(&edk.provider_info);
        let described = Object::new();
        set(&described, "providerId", text(&edk.provider_id));
        set(&described, "keyId", &key_id);
        set(&described, "ciphertextLength", edk.ciphertext.len() as f64);
        edks.push(&described);
        key_ids.push(&key_id);
    }
    let described = Object::new();
    set(&described, "algorithmSuite", ["0x", &encode_string(&SUITE_ID.to_be_bytes())].concat());
    set(&described, "messageId", encode_string(header.message_id()));
    set(&described, "encryptionContext", context::write(header.context()));
    set(&described, "encryptedDataKeys", edks);
    set(&described, "keyIds", key_ids);
    set(&described, "frameLength", header.frame_length());
    set(&described, "headerLength", header.len() as f64);
    if let Some(sealed_len) = sealed_len {
        let layout = Layout::of_envelope(header.len(), sealed_len as u64, header.frame_length());
        let layout = layout.ok_or_else(kmseal::truncated)?;
        set(&described, "plaintextSize", layout.plaintext_len() as f64);
        set(&described, "frames", layout.frames());
    }
    Ok(described.into())
}

/// Bytes that should be UTF-8, of whatever an envelope holds.
fn text(bytes: &[u8]) -> JsValue {
    String::from_utf8_lossy(bytes).as_ref().into()
}
