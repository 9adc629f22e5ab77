//! The known answers, as their file has them (tests/vectors/README.md), and as values of the crate. The web edge's tests
//! use this file too.

use kmseal::{
    DataKeySeed, EncryptionAlgorithm, EncryptionContext, ImportOptions, KmsPublicKey, Materials, Message, MessageId,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[path = "json.rs"]
pub mod json;

use json::decode_text;

#[derive(Deserialize)]
pub struct Vector<R = Recipient> {
    pub name: String,
    pub plaintext_len: usize,
    pub frame_length: u32,
    #[serde(default)]
    pub empty_final: bool,
    #[serde(default)]
    pub algorithm: String,
    pub context: Vec<(String, String)>,
    pub required: Vec<String>,
    pub recipients: Vec<R>,
    #[serde(with = "hex::serde")]
    pub data_key: [u8; 32],
    #[serde(with = "hex::serde")]
    pub message_id: [u8; 32],
    #[serde(with = "hex::serde")]
    pub derived_key: [u8; 32],
    #[serde(with = "hex::serde")]
    pub commit_key: [u8; 32],
    #[serde(with = "hex::serde", default = "no_digest")]
    pub context_digest: [u8; 48],
    #[serde(with = "hex::serde")]
    pub header_body: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub header_tag: [u8; 16],
    pub message_len: usize,
    #[serde(with = "hex::serde")]
    pub message_sha256: [u8; 32],
}

#[derive(Deserialize)]
pub struct Recipient {
    pub arn: String,
    pub pem: String,
    #[serde(with = "hex::serde")]
    pub oaep_seed: Vec<u8>,
}

/// For kinds of keys without one.
fn no_digest() -> [u8; 48] {
    [0; 48]
}

impl<R> Vector<R> {
    pub fn plaintext(&self) -> Vec<u8> {
        let blocks = (0..).map(|i| Sha256::digest(format!("{}/pt/{i}", self.name)));
        blocks.flatten().take(self.plaintext_len).collect()
    }

    /// The pairs that are stored, or those that are required.
    pub fn pairs(&self, required: bool) -> EncryptionContext {
        let pairs = self.context.iter().filter(|(key, _)| self.required.contains(key) == required);
        EncryptionContext::from_pairs(pairs.cloned()).expect(&self.name)
    }
}

impl<R> Vector<R> {
    pub fn kms_rsa_key(&self, recipient: &Recipient) -> KmsPublicKey {
        let options = ImportOptions {
            key_ids: vec![recipient.arn.clone()],
            encryption_algorithm: EncryptionAlgorithm::from_name(&self.algorithm).expect("an algorithm of KMS"),
            ..ImportOptions::default()
        };
        KmsPublicKey::from_der(&decode_text(&recipient.pem).expect("PEM"), &options).expect(&self.name)
    }
}

#[allow(dead_code, reason = "for the web edge's tests and the fuzz targets")]
impl Vector {
    pub fn keys(&self) -> Vec<KmsPublicKey> {
        self.recipients.iter().map(|recipient| self.kms_rsa_key(recipient)).collect()
    }

    pub fn message(&self) -> Message {
        let (stored, required) = (self.pairs(false), self.pairs(true));
        let seeds: Vec<[u8; 32]> = self.recipients.iter().map(|recipient| padded(&recipient.oaep_seed)).collect();
        let seed = DataKeySeed::fixed(self.data_key, &seeds);
        let whole = stored.with_required(&required).expect(&self.name);
        let materials = Materials::wrap(&self.keys(), &whole, seed).expect(&self.name);
        Message::new(&materials, MessageId::fixed(self.message_id), &stored, &required, self.frame_length)
            .expect(&self.name)
    }
}

pub fn padded(seed: &[u8]) -> [u8; 32] {
    let mut padded = [0; 32];
    padded[..seed.len()].copy_from_slice(seed);
    padded
}
