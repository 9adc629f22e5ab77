//! What the examples of the documentation leave out: keys of KMS.
#![allow(dead_code, reason = "each example needs some")]

use base64ct::{Base64, Encoding};
use kmseal::{ImportOptions, KmsPublicKey, Task};

pub const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// DER of a public key.
pub fn der() -> Vec<u8> {
    let pem = include_str!("../../keys/rsa-2048.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&base64).expect("base64")
}

/// What `kmseal key` writes.
pub fn key_file() -> Vec<u8> {
    format!("{{\"KeyId\":\"{ARN}\",\"PublicKey\":\"{}\"}}", Base64::encode_string(&der())).into_bytes()
}

pub fn key() -> KmsPublicKey {
    let options = ImportOptions { key_ids: vec![ARN.to_owned()], ..ImportOptions::default() };
    KmsPublicKey::from_der(&der(), &options).expect("a key")
}

/// A key pair on P-256 and what it shares with another one, as in the known answer `ecdh-p256-empty`.
fn agreed(field: &str) -> Vec<u8> {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../vectors/kinds/ecdh.json")).expect("JSON");
    hex::decode(vectors[0]["recipients"][0][field].as_str().expect("a text")).expect("hexadecimal")
}

pub fn ecc_key() -> KmsPublicKey {
    let key_usage = Some("KEY_AGREEMENT".to_owned());
    let options = ImportOptions { key_ids: vec![ARN.to_owned()], key_usage, ..ImportOptions::default() };
    KmsPublicKey::from_der(&agreed("public_key_spki"), &options).expect("a key")
}

/// The sender's point, and the shared secret.
pub fn agree(task: &Task<'_>) -> (Vec<u8>, Vec<u8>) {
    assert_eq!(task.key_spec, "ECC_NIST_P256");
    (agreed("ephemeral_public_spki")[26..].to_vec(), agreed("shared_secret"))
}
