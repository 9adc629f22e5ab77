//! The values of options, checked where they are read.

use kmseal::{EncryptionAlgorithm, FRAME_LENGTHS, OaepHash};

pub fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub fn algorithm(name: &str) -> Result<EncryptionAlgorithm, &'static str> {
    EncryptionAlgorithm::from_name(name).ok_or("RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1")
}

pub fn hash(name: &str) -> Result<OaepHash, &'static str> {
    OaepHash::from_name(name).ok_or("SHA-1, SHA-256, SHA-384 or SHA-512")
}

/// A bucket's name, which becomes part of a URL.
pub fn bucket(name: &str) -> Result<String, &'static str> {
    let is_valid = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let is_name = (3..=63).contains(&name.len()) && is_valid;
    is_name
        .then(|| name.to_owned())
        .ok_or("this is not the name of a bucket: 3 to 63 letters, digits, dots and hyphens")
}

/// Scheme, host and port, as a browser sends them.
pub fn origin(text: &str) -> Result<String, &'static str> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let is_valid =
        host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte));
    let is_origin = !host.is_empty() && is_valid;
    is_origin.then(|| text.to_owned()).ok_or("write it as the browser does: https://www.example.com, without a path")
}

pub fn frame_lengths() -> std::ops::RangeInclusive<i64> {
    i64::from(*FRAME_LENGTHS.start())..=i64::from(*FRAME_LENGTHS.end())
}
