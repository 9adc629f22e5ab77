//! A header as JavaScript sees it, unauthenticated.

use kmseal::{Header, Layout, SUITE_ID};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::context;
use crate::error::Result;

/// The public result of `inspect`; sizes only where the envelope's length is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    algorithm_suite: String,
    message_id: String,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    encryption_context: JsValue,
    encrypted_data_keys: Vec<EncryptedDataKey>,
    key_ids: Vec<String>,
    frame_length: u32,
    header_length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext_size: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncryptedDataKey {
    provider_id: String,
    key_id: String,
    ciphertext_length: usize,
}

/// Describes a header in an envelope of `sealed_len` bytes, if that is known.
pub fn describe(header: &Header, sealed_len: Option<f64>) -> Result<JsValue> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let edks: Vec<_> = header
        .encrypted_data_keys()
        .iter()
        .map(|edk| EncryptedDataKey {
            provider_id: text(&edk.provider_id),
            key_id: text(&edk.provider_info),
            ciphertext_length: edk.ciphertext.len(),
        })
        .collect();
    let sizes = sealed_len.map(|sealed_len| -> Result<_> {
        let len = Layout::plaintext_len(header.len(), sealed_len as u64, header.frame_length());
        let len = len.ok_or_else(kmseal::truncated)?;
        Ok((len as f64, Layout::new(header.len(), len, header.frame_length())?.frames()))
    });
    let sizes = sizes.transpose()?;
    Ok(serde_wasm_bindgen::to_value(&Inspection {
        algorithm_suite: ["0x", &hex(&SUITE_ID.to_be_bytes())].concat(),
        message_id: hex(header.message_id()),
        encryption_context: context::write(header.context()),
        key_ids: edks.iter().map(|edk| edk.key_id.clone()).collect(),
        encrypted_data_keys: edks,
        frame_length: header.frame_length(),
        header_length: header.len(),
        plaintext_size: sizes.map(|(len, _)| len),
        frames: sizes.map(|(_, frames)| frames),
    })
    .map_err(JsValue::from)?)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
