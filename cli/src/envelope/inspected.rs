//! What an envelope says of itself. Nothing vouches for it.

use std::fmt::Write;
use std::path::Path;

use kmseal::edge::message_id_text;
use kmseal::{Body, EccKeyName, EncryptedDataKey, Error, Header, Layout, SUITE_ID};
use serde_json::{Map, json};

use crate::failure::Result;
use crate::files::input::Origin;
use crate::text::{name, printable, printable_json};

/// A header, and the sizes that follow from the file's length where that is known.
pub struct Inspected<'a> {
    header: &'a Header,
    layout: Option<Layout>,
}

impl<'a> Inspected<'a> {
    /// What a header says, and with a layout the sizes.
    pub fn new(header: &'a Header, layout: Option<Layout>) -> Self {
        Self { header, layout }
    }

    /// The object that the JavaScript package's `inspect` returns, with the file's name, on a line.
    pub fn json(&self, file: &Path) -> String {
        let header = self.header;
        let context: Map<_, _> = header.context().pairs().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let edks = header.encrypted_data_keys();
        let described = |edk: &EncryptedDataKey| {
            let mut json = json!({ "providerId": text(&edk.provider_id) });
            match Named::of(edk) {
                Named::Ecc(key) => {
                    json["keySpec"] = key.key_spec.into();
                    json["fingerprint"] = key.fingerprint.into();
                }
                Named::Kms(key_id) => json["keyId"] = key_id.into(),
                Named::Other(name) => {
                    json["keyNamespace"] = text(&edk.provider_id).into();
                    json["keyName"] = name.into();
                }
            }
            json["ciphertextLength"] = edk.ciphertext.len().into();
            json
        };
        let key_ids = edks.iter().map(Named::of).filter_map(|named| match named {
            Named::Kms(key_id) => Some(key_id),
            _ => None,
        });
        let key_ids: Vec<String> = key_ids.collect();
        let mut json = json!({
            "file": file.to_string_lossy(),
            "algorithmSuite": format!("0x{SUITE_ID:04x}"),
            "messageId": message_id_text(header.message_id()),
            "encryptionContext": context,
            "encryptedDataKeys": edks.iter().map(described).collect::<Vec<_>>(),
            "keyIds": key_ids,
            "frameLength": header.frame_length(),
            "headerLength": header.len(),
        });
        if let Some(layout) = self.layout {
            json["plaintextSize"] = layout.plaintext_len().into();
            json["frames"] = layout.frames().into();
        }
        format!("{}\n", printable_json(&json.to_string()))
    }

    /// Lines for people.
    pub fn text(&self, file: &Path) -> String {
        let header = self.header;
        let mut lines = format!("{} (unauthenticated)\n", name(file));
        let mut line = |label: &str, value: String| {
            let _ = writeln!(lines, "  {label:<14}{value}");
        };
        for edk in header.encrypted_data_keys() {
            let key = match Named::of(edk) {
                Named::Ecc(key) => format!("{} {}", key.key_spec, key.fingerprint),
                Named::Kms(name) | Named::Other(name) => printable(&name),
            };
            line("key", format!("{key} ({})", printable(&text(&edk.provider_id))));
        }
        for (key, value) in header.context().pairs() {
            line("context", format!("{}={}", printable(key), printable(value)));
        }
        line("message id", message_id_text(header.message_id()));
        line("suite", format!("0x{SUITE_ID:04x}"));
        line("header", format!("{} bytes", header.len()));
        line("frame length", format!("{} bytes", header.frame_length()));
        if let Some(layout) = self.layout {
            line("frames", layout.frames().to_string());
            line("plaintext", format!("{} bytes", layout.plaintext_len()));
        }
        lines
    }
}

/// The places in an envelope whose length is known. Fails if its final frame is not where that says: it was cut off or appended to.
pub fn layout_of(header: &Header, origin: &Origin) -> Result<Option<Layout>> {
    let Some(sealed_len) = origin.rest else { return Ok(None) };
    let layout = header.layout(sealed_len).ok_or_else(Error::truncated)?;
    let span = layout.final_span().ok_or_else(Error::truncated)?;
    let mut head = [0; Body::HEAD_LEN];
    origin.read_at(span.sealed_start, &mut head)?;
    header.check_end(&layout, &head)?;
    Ok(Some(layout))
}

/// How an envelope names a key.
enum Named {
    /// By curve and fingerprint.
    Ecc(EccKeyName),
    /// By ARN, or by what replaces it.
    Kms(String),
    /// By a name in the namespace that the provider id is.
    Other(String),
}

impl Named {
    fn of(edk: &EncryptedDataKey) -> Self {
        match (edk.ecc_key(), edk.key_arn()) {
            (Some(key), _) => Self::Ecc(key),
            (None, Some(arn)) => Self::Kms(arn.to_string()),
            (None, None) if edk.provider_id.starts_with(b"aws-kms") => Self::Kms(text(&edk.provider_info)),
            (None, None) => Self::Other(text(&edk.provider_info)),
        }
    }
}

/// Bytes that should be UTF-8, of whatever an envelope holds.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
