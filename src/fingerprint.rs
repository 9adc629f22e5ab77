//! Fingerprints of public keys: `SHA256:` and the padded base64 of SHA-256 over the DER of the SubjectPublicKeyInfo.

use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::base64;
use crate::error::{Code, Error, Result, either};
use crate::key_text::find;

const PREFIX: &str = "SHA256:";

/// SHA-256, once in the .wasm: inlined it would be there for each use.
#[inline(never)]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The fingerprint of a key, if it is one of those given; without any, every key will do.
///
/// # Errors
/// [`Code::KeyFingerprint`], which distinguishes another notation from another key's fingerprint.
#[inline(never)]
pub(crate) fn checked(der: &[u8], given: &[String]) -> Result<String> {
    let base64 = base64::encode(&sha256(der));
    let own = [PREFIX, &base64].concat();
    for text in given {
        if text.len() != own.len() || !text.starts_with(PREFIX) {
            // Without prefix or padding, or with a line end.
            let is_same = find(text.as_bytes(), base64.trim_end_matches('=').as_bytes()).is_some();
            let what = if is_same { "\" is this key's in another form" } else { "\" is not one" };
            // A text longer than any fingerprint may be something secret.
            let text = if text.len() > own.len().saturating_mul(2) { "a long text" } else { text };
            return Err(refused(&["the fingerprint given, \"", text, what, "; this key's is written ", &own]));
        }
    }
    if given.is_empty() || given.contains(&own) {
        return Ok(own);
    }
    Err(refused(&["the key has the fingerprint ", &own, ", not ", &either(given)]))
}

fn refused(what: &[&str]) -> Error {
    Error::new(Code::KeyFingerprint, &[&what.concat(), "; do not seal before you know that this is the right key"])
}
