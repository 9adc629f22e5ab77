//! Public keys as files: GetPublicKey's answer in JSON.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput;
use aws_sdk_kms::primitives::Blob;
use base64ct::{Base64, Encoding};
use kmseal::{EncryptionAlgorithm, Error, GetPublicKey, ImportOptions, PublicKey, decode_text};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure, Result, name};

/// Bytes that are read of a key's file, which has some hundred.
const LONGEST: u64 = 64 * 1024;

/// Reads a key that someone stored; only what it says of itself and `fingerprint` vouch for it.
pub fn read(path: &Path, algorithm: EncryptionAlgorithm, fingerprint: Option<&String>) -> Result<PublicKey> {
    let about = |failure: Failure| {
        let exit = failure.exit;
        Failure::new(exit, format!("{}: {failure}", name(path)))
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

fn parse(text: &str) -> kmseal::Result<GetPublicKey> {
    let text = text.trim_start_matches('\u{feff}');
    let json: Value = serde_json::from_str(text).map_err(|_| Error::not_get_public_key())?;
    let field = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let algorithms = json.get("EncryptionAlgorithms").and_then(Value::as_array);
    let names = |list: &Vec<Value>| list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(GetPublicKey {
        key_id: field("KeyId"),
        public_key: decode_text(&field("PublicKey").ok_or_else(Error::not_get_public_key)?)?,
        key_spec: field("KeySpec").or_else(|| field("CustomerMasterKeySpec")),
        key_usage: field("KeyUsage"),
        encryption_algorithms: algorithms.map(names),
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
    format!("{json:#}\n")
}
