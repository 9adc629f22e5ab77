//! What an envelope says of itself. Nothing vouches for it.

use std::fmt::Write;
use std::path::Path;

use base16ct::lower::encode_string;
use kmseal::{EncryptedDataKey, Header, Layout, SUITE_ID, truncated};
use serde_json::{Map, json};

use crate::failure::Result;
use crate::text::{name, printable, printable_json};

/// A header, and the sizes that follow from the file's length where that is known.
pub struct Inspected<'a> {
    header: &'a Header,
    layout: Option<Layout>,
}

impl<'a> Inspected<'a> {
    /// Fails if no envelope has that length: it was cut off or appended to.
    pub fn new(header: &'a Header, sealed_len: Option<u64>) -> Result<Self> {
        let layout = sealed_len.map(|sealed_len| {
            Layout::of_envelope(header.len(), sealed_len, header.frame_length()).ok_or_else(truncated)
        });
        Ok(Self { header, layout: layout.transpose()? })
    }

    /// The object that the JavaScript package's `inspect` returns, with the file's name, on a line.
    pub fn json(&self, file: &Path) -> String {
        let header = self.header;
        let context: Map<_, _> = header.context().pairs().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let edks = header.encrypted_data_keys();
        let described = |edk: &EncryptedDataKey| {
            json!({
                "providerId": text(&edk.provider_id),
                "keyId": text(&edk.provider_info),
                "ciphertextLength": edk.ciphertext.len(),
            })
        };
        let mut json = json!({
            "file": file.to_string_lossy(),
            "algorithmSuite": format!("0x{SUITE_ID:04x}"),
            "messageId": encode_string(header.message_id()),
            "encryptionContext": context,
            "encryptedDataKeys": edks.iter().map(described).collect::<Vec<_>>(),
            "keyIds": edks.iter().map(|edk| text(&edk.provider_info)).collect::<Vec<_>>(),
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
            line("key", format!("{} ({})", printable(&text(&edk.provider_info)), printable(&text(&edk.provider_id))));
        }
        for (key, value) in header.context().pairs() {
            line("context", format!("{}={}", printable(key), printable(value)));
        }
        line("message id", encode_string(header.message_id()));
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

/// Bytes that should be UTF-8, of whatever an envelope holds.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
