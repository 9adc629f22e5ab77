//! Known answers (tests/vectors/README.md): sealed to the same bytes, and opened however they come.

mod common;

use std::fs;
use std::path::Path;

use common::edge::{LIMITS, Opener, Outcome, seal_frame, seal_in_order, seal_replayably};
use common::known_answers::{Recipient, Vector};
use common::{arn, split};
use kmseal::{Candidate, Cipher, Header, Layout, Progress, header_len};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha384};

impl Vector {
    /// The envelope, once more shown to be the known one.
    fn envelope(&self) -> Vec<u8> {
        let message = self.message();
        if !self.empty_final {
            return seal_in_order(message, &[&self.plaintext()]);
        }
        let cipher = Cipher::new(message.content_key());
        let mut envelope = message.header().to_vec();
        let mut sequencer = message.sequencer();
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
            let asked = candidate.key_id.as_str() == recipient.arn && candidate.ciphertext == edk.ciphertext;
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
        let plaintext = vector.plaintext();
        let twice = |frames| (0..frames).rev().chain(0..frames);
        let envelope = seal_replayably(vector.message(), &plaintext, twice);
        if vector.empty_final {
            // We end an exact multiple in a full final frame, so this is another message.
            assert_eq!(envelope.len() + 32, vector.message_len, "{}", vector.name);
            assert_eq!(envelope, seal_in_order(vector.message(), &[&plaintext]), "{}", vector.name);
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
