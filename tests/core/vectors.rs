//! Known answers (tests/vectors/README.md): sealed to the same bytes, and opened however they come.

use crate::common::edge::{LIMITS, Opener, Outcome, seal_frame, seal_in_order, seal_replayably};
use crate::common::kinds::{Known, vectors};
use crate::common::known_answers::Vector;
use crate::common::split;
use kmseal::{Cipher, FrameKind, Header, HeaderRead, Layout, Request};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha384};

impl Vector<Known> {
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
            let frame = sequencer.next(content.len(), FrameKind::Regular).expect(&self.name);
            envelope.extend(seal_frame(&cipher, frame, content).0);
        }
        let last = sequencer.next(0, FrameKind::Final).expect(&self.name);
        envelope.extend(seal_frame(&cipher, last, &[]).0);
        envelope
    }

    /// Opens with the key of one recipient.
    fn open(&self, recipient: &Known, pieces: &[&[u8]]) -> Outcome {
        let ask = |request: &Request| self.answer(recipient, request);
        let keys = vec![self.opener_key(recipient)];
        Opener { keys, expected: self.pairs(true), limits: LIMITS, ask: &ask }.open(pieces)
    }

    fn opened(&self) -> Outcome {
        let whole = self.pairs(false).with_required(&self.pairs(true)).expect(&self.name);
        Outcome { released: self.plaintext(), kms_calls: 1, end: Ok(whole) }
    }

    fn header(&self) -> Header {
        let bytes = [self.header_body.as_slice(), &self.header_tag].concat();
        match Header::read(&bytes, &LIMITS).expect(&self.name) {
            HeaderRead::Done(header) => header,
            HeaderRead::Need(len) => panic!("{}: wants {len} bytes of {}", self.name, bytes.len()),
        }
    }
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
        if matches!(vector.recipients[0], Known::Rsa(_)) {
            assert_eq!(hex::encode(digest), hex::encode(vector.context_digest), "{name}");
        }
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
        let header = vector.recipients().header_len(&vector.pairs(false)).expect(&vector.name);
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
        let edks = header.encrypted_data_keys().iter();
        let read: Vec<_> = edks.map(|edk| (edk.provider_id.as_slice(), edk.provider_info.as_slice())).collect();
        let known: Vec<_> = vector.recipients.iter().map(Known::provider).collect();
        assert_eq!(read, known, "{name}");
        for (edk, recipient) in header.encrypted_data_keys().iter().zip(&vector.recipients) {
            let named: Vec<_> = vector.recipients.iter().map(|known| edk.is_for(&vector.opener_key(known))).collect();
            let same: Vec<_> = vector.recipients.iter().map(|known| known.provider() == recipient.provider()).collect();
            assert_eq!(named, same, "{name}");
        }
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
fn an_envelope_opens_in_any_pieces() {
    for vector in vectors() {
        let (envelope, opened) = (vector.envelope(), vector.opened());
        proptest!(ProptestConfig::with_cases(64), |(lengths in prop::collection::vec(0..3000_usize, 0..12))| {
            prop_assert_eq!(&vector.open(&vector.recipients[0], &split(&envelope, &lengths)), &opened);
        });
    }
}
