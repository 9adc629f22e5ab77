//! Known answers (tests/vectors/README.md): sealed to the same bytes, and opened however they come.

mod common;

use std::fs;
use std::path::Path;

use common::edge::{LIMITS, Opener, Outcome, seal_frame, seal_in_order, seal_replayably};
use common::{arn, split};
use kmseal::{
    Candidate, Cipher, DataKeySeed, EncryptionAlgorithm, EncryptionContext, Header, ImportOptions, Layout, Materials,
    Message, MessageId, Progress, PublicKey, decode_text, header_len,
};
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384};

#[derive(Deserialize)]
struct Vector {
    name: String,
    plaintext_len: usize,
    frame_length: u32,
    empty_final: bool,
    algorithm: String,
    context: Vec<(String, String)>,
    required: Vec<String>,
    recipients: Vec<Recipient>,
    #[serde(with = "hex::serde")]
    data_key: [u8; 32],
    #[serde(with = "hex::serde")]
    message_id: [u8; 32],
    #[serde(with = "hex::serde")]
    derived_key: [u8; 32],
    #[serde(with = "hex::serde")]
    commit_key: [u8; 32],
    #[serde(with = "hex::serde")]
    context_digest: [u8; 48],
    #[serde(with = "hex::serde")]
    header_body: Vec<u8>,
    #[serde(with = "hex::serde")]
    header_tag: [u8; 16],
    message_len: usize,
    #[serde(with = "hex::serde")]
    message_sha256: [u8; 32],
}

#[derive(Deserialize)]
struct Recipient {
    arn: String,
    pem: String,
    #[serde(with = "hex::serde")]
    oaep_seed: Vec<u8>,
}

impl Vector {
    fn plaintext(&self) -> Vec<u8> {
        let blocks = (0..).map(|i| Sha256::digest(format!("{}/pt/{i}", self.name)));
        blocks.flatten().take(self.plaintext_len).collect()
    }

    fn keys(&self) -> Vec<PublicKey> {
        let algorithm = EncryptionAlgorithm::from_name(&self.algorithm).expect("an algorithm of KMS");
        let key = |recipient: &Recipient| {
            let options = ImportOptions { key_id: Some(recipient.arn.clone()), algorithm, fingerprint: None };
            PublicKey::from_der(&decode_text(&recipient.pem)?, &options)
        };
        self.recipients.iter().map(|recipient| key(recipient).expect(&self.name)).collect()
    }

    /// The pairs that are stored, or those that are required.
    fn pairs(&self, required: bool) -> EncryptionContext {
        let pairs = self.context.iter().filter(|(key, _)| self.required.contains(key) == required);
        EncryptionContext::from_pairs(pairs.cloned()).expect(&self.name)
    }

    fn message(&self) -> Message {
        let (stored, required) = (self.pairs(false), self.pairs(true));
        let seeds: Vec<[u8; 32]> = self.recipients.iter().map(|recipient| padded(&recipient.oaep_seed)).collect();
        let seed = DataKeySeed::fixed(self.data_key, &seeds);
        let whole = stored.with_required(&required).expect(&self.name);
        let materials = Materials::wrap(&self.keys(), &whole, seed).expect(&self.name);
        Message::new(&materials, MessageId::fixed(self.message_id), &stored, &required, self.frame_length)
            .expect(&self.name)
    }

    /// The envelope, once more shown to be the known one.
    fn envelope(&self) -> Vec<u8> {
        let message = self.message();
        if !self.empty_final {
            return seal_in_order(&message, &[&self.plaintext()]);
        }
        let cipher = Cipher::new(message.content_key());
        let mut sequencer = message.sequencer();
        let mut envelope = message.header().to_vec();
        for content in self.plaintext().chunks(self.frame_length as usize) {
            let frame = sequencer.next(content.len(), false).expect(&self.name);
            envelope.extend(seal_frame(&cipher, &frame, content).0);
        }
        let last = sequencer.next(0, true).expect(&self.name);
        envelope.extend(seal_frame(&cipher, &last, &[]).0);
        envelope
    }

    /// Opens with the key of one recipient.
    fn open(&self, recipient: &Recipient, pieces: &[&[u8]]) -> Outcome {
        let header = self.header();
        let mut edks = header.encrypted_data_keys().iter();
        let edk = edks.find(|edk| edk.provider_info == recipient.arn.as_bytes()).expect(&self.name);
        let answer = [self.context_digest.as_slice(), &self.data_key].concat();
        let decrypt = |candidate: &Candidate| {
            let asked = candidate.key_id == recipient.arn && candidate.ciphertext == edk.ciphertext;
            asked.then(|| answer.clone())
        };
        let opener = Opener {
            key_ids: vec![arn(&recipient.arn)],
            expected: self.pairs(true),
            limits: LIMITS,
            decrypt: &decrypt,
        };
        opener.open(pieces)
    }

    fn opened(&self) -> Outcome {
        let whole = self.pairs(false).with_required(&self.pairs(true)).expect(&self.name);
        Outcome { released: self.plaintext(), kms_calls: 1, end: Ok(whole) }
    }

    fn header(&self) -> Header {
        let bytes = [self.header_body.as_slice(), &self.header_tag].concat();
        match Header::read(&bytes, &LIMITS).expect(&self.name) {
            Progress::Done(header) => header,
            Progress::Need(len) => panic!("{}: wants {len} bytes of {}", self.name, bytes.len()),
        }
    }
}

fn padded(seed: &[u8]) -> [u8; 32] {
    let mut padded = [0; 32];
    padded[..seed.len()].copy_from_slice(seed);
    padded
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let paths = fs::read_dir(folder).expect("the folder of vectors").map(|entry| entry.expect("an entry").path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let vectors: Vec<Vector> = files
        .flat_map(|path| {
            let text = fs::read_to_string(&path).expect("a readable file");
            serde_json::from_str::<Vec<Vector>>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect();
    assert!(vectors.len() >= 7, "only {} vectors found", vectors.len());
    vectors
}

#[test]
fn headers_are_the_known_ones() {
    for vector in vectors() {
        let message = vector.message();
        let (body, tag) = message.header().split_at(message.header().len() - 16);
        assert_eq!(hex::encode(body), hex::encode(&vector.header_body), "{}", vector.name);
        assert_eq!(hex::encode(tag), hex::encode(vector.header_tag), "{}", vector.name);
    }
}

#[test]
fn keys_and_digests_are_the_known_ones() {
    for vector in vectors() {
        let name = &vector.name;
        assert_eq!(vector.message().content_key().as_bytes(), &vector.derived_key, "{name}");
        assert!(vector.message().header()[..vector.header_body.len()].ends_with(&vector.commit_key), "{name}");
        let whole = vector.pairs(false).with_required(&vector.pairs(true)).expect(name);
        let digest = Sha384::digest(whole.serialize().expect(name));
        assert_eq!(hex::encode(digest), hex::encode(vector.context_digest), "{name}");
    }
}

#[test]
fn sealing_in_order_gives_the_known_bytes() {
    for vector in vectors() {
        let envelope = vector.envelope();
        assert_eq!(envelope.len(), vector.message_len, "{}", vector.name);
        assert_eq!(hex::encode(Sha256::digest(&envelope)), hex::encode(vector.message_sha256), "{}", vector.name);
    }
}

#[test]
fn sealing_replayably_gives_the_known_bytes() {
    for vector in vectors() {
        let (message, plaintext) = (vector.message(), vector.plaintext());
        let frames = message.replayable(plaintext.len() as u64).expect(&vector.name).layout().frames();
        let envelope = seal_replayably(&message, &plaintext, (0..frames).rev().chain(0..frames));
        if vector.empty_final {
            // We end an exact multiple in a full final frame, so this is another message.
            assert_eq!(envelope.len() + 32, vector.message_len, "{}", vector.name);
            assert_eq!(envelope, seal_in_order(&message, &[&plaintext]), "{}", vector.name);
        } else {
            assert_eq!(hex::encode(Sha256::digest(&envelope)), hex::encode(vector.message_sha256), "{}", vector.name);
        }
    }
}

#[test]
fn lengths_are_known_before_anything_is_drawn() {
    for vector in vectors() {
        let keys = vector.keys();
        let recipients = keys.iter().map(|key| (key.arn().as_str(), key.ciphertext_len()));
        let header = header_len(&vector.pairs(false), recipients).expect(&vector.name);
        assert_eq!(header, vector.header_body.len() + 16, "{}", vector.name);
        let layout = Layout::new(header, vector.plaintext_len as u64, vector.frame_length).expect(&vector.name);
        let extra = if vector.empty_final { 32 } else { 0 };
        assert_eq!(layout.sealed_len() + extra, vector.message_len as u64, "{}", vector.name);
    }
}

#[test]
fn headers_are_read_back() {
    for vector in vectors() {
        let name = &vector.name;
        let header = vector.header();
        assert_eq!(header.len(), vector.header_body.len() + 16, "{name}");
        assert_eq!(header.message_id(), &vector.message_id, "{name}");
        assert_eq!(header.context(), &vector.pairs(false), "{name}");
        assert_eq!(header.frame_length(), vector.frame_length, "{name}");
        let read: Vec<_> = header.encrypted_data_keys().iter().map(|edk| edk.provider_info.clone()).collect();
        let known: Vec<_> = vector.recipients.iter().map(|recipient| recipient.arn.clone().into_bytes()).collect();
        assert_eq!(read, known, "{name}");
        assert!(header.encrypted_data_keys().iter().all(|edk| edk.provider_id == b"aws-kms-rsa"), "{name}");
    }
}

#[test]
fn each_recipient_opens_whole_and_byte_by_byte() {
    for vector in vectors() {
        let envelope = vector.envelope();
        let bytes: Vec<&[u8]> = envelope.chunks(1).collect();
        for recipient in &vector.recipients {
            assert_eq!(vector.open(recipient, &[&envelope]), vector.opened(), "{}", vector.name);
            assert_eq!(vector.open(recipient, &bytes), vector.opened(), "{}", vector.name);
        }
    }
}

#[test]
fn opens_in_any_pieces() {
    for vector in vectors() {
        let (envelope, opened) = (vector.envelope(), vector.opened());
        proptest!(|(lengths in prop::collection::vec(0..3000_usize, 0..12))| {
            prop_assert_eq!(&vector.open(&vector.recipients[0], &split(&envelope, &lengths)), &opened);
        });
    }
}
