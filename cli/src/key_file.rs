//! Public keys as files: GetPublicKey's answer in JSON.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput;
use aws_sdk_kms::primitives::Blob;
use base64ct::{Base64, Encoding};
use kmseal::{EncryptionAlgorithm, Error, GetPublicKey, ImportOptions, PublicKey, decode_text};
use serde::Deserialize;
use serde_json::json;

use crate::failure::{Exit, Failure, Result};
use crate::text::{file_name, printable_json};

/// Bytes that are read of a key's file, which has some hundred.
const LONGEST: u64 = 64 * 1024;

/// Reads a key that someone stored; only what it says of itself and `fingerprint` vouch for it.
pub fn read(path: &Path, algorithm: EncryptionAlgorithm, fingerprint: Option<&String>) -> Result<PublicKey> {
    let about = |failure: Failure| {
        let exit = failure.exit;
        Failure::new(exit, format!("{}: {failure}", file_name(path)))
    };
    let text = read_text(path).map_err(|error| about(error.into()).with_exit(Exit::Key))?;
    let options = ImportOptions { key_id: None, algorithm, fingerprint: fingerprint.cloned() };
    parse(&text)
        .and_then(|answer| PublicKey::from_get_public_key(&answer, &options))
        .map_err(|error| about(error.into()))
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// What `aws kms get-public-key` prints. A field that stands twice, or is of another type, is refused: readers would differ.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    key_id: Option<String>,
    public_key: String,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    key_usage: Option<String>,
    encryption_algorithms: Option<Vec<String>>,
}

fn parse(text: &str) -> kmseal::Result<GetPublicKey> {
    let text = text.trim_start_matches('\u{feff}');
    // serde would take a list of the same values, too.
    let stored = text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    let stored: Stored = stored.ok_or_else(Error::not_get_public_key)?;
    Ok(GetPublicKey {
        key_id: stored.key_id,
        public_key: decode_text(&stored.public_key)?,
        key_spec: stored.key_spec.or(stored.customer_master_key_spec),
        key_usage: stored.key_usage,
        encryption_algorithms: stored.encryption_algorithms,
    })
}

/// Checks what KMS answered.
pub fn check(
    answer: &GetPublicKeyOutput,
    algorithm: EncryptionAlgorithm,
    fingerprint: Option<&String>,
) -> Result<PublicKey> {
    let names = |list: &[aws_sdk_kms::types::EncryptionAlgorithmSpec]| {
        list.iter().map(|algorithm| algorithm.as_str().to_owned()).collect()
    };
    let answer = GetPublicKey {
        key_id: answer.key_id().map(str::to_owned),
        public_key: answer.public_key().map(|blob| blob.as_ref().to_vec()).unwrap_or_default(),
        key_spec: answer.key_spec().map(|spec| spec.as_str().to_owned()),
        key_usage: answer.key_usage().map(|usage| usage.as_str().to_owned()),
        // No field is an empty list here; a key that cannot encrypt has told so by its usage.
        encryption_algorithms: Some(names(answer.encryption_algorithms())).filter(|list: &Vec<_>| !list.is_empty()),
    };
    let options = ImportOptions { key_id: None, algorithm, fingerprint: fingerprint.cloned() };
    Ok(PublicKey::from_get_public_key(&answer, &options)?)
}

/// The JSON that the AWS CLI prints for this answer.
pub fn write(answer: &GetPublicKeyOutput) -> String {
    let algorithms: Vec<&str> = answer.encryption_algorithms().iter().map(|algorithm| algorithm.as_str()).collect();
    let json = json!({
        "KeyId": answer.key_id(),
        "PublicKey": answer.public_key().map(Blob::as_ref).map(Base64::encode_string),
        "KeySpec": answer.key_spec().map(|spec| spec.as_str()),
        "KeyUsage": answer.key_usage().map(|usage| usage.as_str()),
        "EncryptionAlgorithms": algorithms,
    });
    printable_json(&format!("{json:#}\n"))
}
