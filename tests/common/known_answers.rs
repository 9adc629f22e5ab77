//! The known answers, as their file has them (tests/vectors/README.md), and as values of the crate. The web edge's tests
//! use this file too.

use kmseal::{
    DataKeySeed, EncryptionAlgorithm, EncryptionContext, ImportOptions, Materials, Message, MessageId, PublicKey,
    decode_text,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
pub struct Vector {
    pub name: String,
    pub plaintext_len: usize,
    pub frame_length: u32,
    pub empty_final: bool,
    pub algorithm: String,
    pub context: Vec<(String, String)>,
    pub required: Vec<String>,
    pub recipients: Vec<Recipient>,
    #[serde(with = "hex::serde")]
    pub data_key: [u8; 32],
    #[serde(with = "hex::serde")]
    pub message_id: [u8; 32],
    #[serde(with = "hex::serde")]
    pub derived_key: [u8; 32],
    #[serde(with = "hex::serde")]
    pub commit_key: [u8; 32],
    #[serde(with = "hex::serde")]
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

impl Vector {
    pub fn plaintext(&self) -> Vec<u8> {
        let blocks = (0..).map(|i| Sha256::digest(format!("{}/pt/{i}", self.name)));
        blocks.flatten().take(self.plaintext_len).collect()
    }

    pub fn keys(&self) -> Vec<PublicKey> {
        let algorithm = EncryptionAlgorithm::from_name(&self.algorithm).expect("an algorithm of KMS");
        let key = |recipient: &Recipient| {
            let options = ImportOptions { key_id: Some(recipient.arn.clone()), algorithm, fingerprint: None };
            PublicKey::from_der(&decode_text(&recipient.pem)?, &options)
        };
        self.recipients.iter().map(|recipient| key(recipient).expect(&self.name)).collect()
    }

    /// The pairs that are stored, or those that are required.
    pub fn pairs(&self, required: bool) -> EncryptionContext {
        let pairs = self.context.iter().filter(|(key, _)| self.required.contains(key) == required);
        EncryptionContext::from_pairs(pairs.cloned()).expect(&self.name)
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

fn padded(seed: &[u8]) -> [u8; 32] {
    let mut padded = [0; 32];
    padded[..seed.len()].copy_from_slice(seed);
    padded
}
