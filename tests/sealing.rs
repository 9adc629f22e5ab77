//! What the sealing states allow and refuse: materials, frames in order, frames sealed again.

mod common;

use std::sync::LazyLock;

use common::edge::{seal_frame, seal_in_order};
use common::forge::DATA_KEY;
use common::kms::KmsKey;
use common::{ARN, context, sample};
use getrandom::SysRng;
use getrandom::rand_core::{TryCryptoRng, TryRng};
use kmseal::{
    Cipher, Code, DataKeySeed, EncryptionAlgorithm, EncryptionContext, Layout, Materials, Message, MessageId, OaepSeed,
    PublicKey, encrypt,
};

static KEY: LazyLock<KmsKey> = LazyLock::new(|| KmsKey::create(ARN, 2048));

fn key() -> PublicKey {
    KEY.public_key(EncryptionAlgorithm::RsaesOaepSha256)
}

fn materials(context: &EncryptionContext) -> Materials {
    Materials::wrap(&[key()], context, DataKeySeed::fixed(DATA_KEY, &[[1; 32]])).expect("materials")
}

fn message(id: u8, frame_length: u32) -> Message {
    let none = EncryptionContext::default();
    Message::new(&materials(&none), MessageId::fixed([id; 32]), &none, &none, frame_length).expect("a message")
}

#[test]
fn materials_are_for_the_keys_they_were_drawn_for() {
    let wrap = |keys: &[PublicKey], seeds: &[[u8; 32]]| {
        Materials::wrap(keys, &EncryptionContext::default(), DataKeySeed::fixed(DATA_KEY, seeds))
            .err()
            .map(|error| error.code())
    };
    assert_eq!(wrap(&[key(), key()], &[[1; 32], [2; 32]]), None);
    assert_eq!(wrap(&[], &[]), Some(Code::KeyInvalid));
    assert_eq!(wrap(&[key()], &[]), Some(Code::KeyInvalid));
    assert_eq!(wrap(&[key()], &[[1; 32], [2; 32]]), Some(Code::KeyInvalid));
    assert_eq!(wrap(&[key(), key()], &[[1; 32]]), Some(Code::KeyInvalid));
}

#[test]
fn materials_are_for_the_context_they_were_wrapped_under() {
    let (one, other, none) = (context(&[("a", "1")]), context(&[("a", "2")]), EncryptionContext::default());
    let message = |stored: &EncryptionContext, required: &EncryptionContext| {
        let id = MessageId::fixed([0; 32]);
        Message::new(&materials(&one), id, stored, required, 4096).err().map(|error| error.code())
    };
    assert_eq!(message(&one, &none), None);
    assert_eq!(message(&none, &one), None);
    assert_eq!(message(&other, &none), Some(Code::Context));
    assert_eq!(message(&none, &none), Some(Code::Context));
    assert_eq!(message(&one, &context(&[("b", "2")])), Some(Code::Context));
    assert_eq!(message(&one, &one), Some(Code::Context));
}

#[test]
fn one_data_key_serves_many_messages_under_other_content_keys() {
    let (first, second) = (message(1, 4096), message(2, 4096));
    assert_ne!(first.content_key().as_bytes(), second.content_key().as_bytes());
    let plaintext = sample(100);
    let bodies =
        [first, second].map(|message| seal_in_order(&message, &[&plaintext])[message.header().len()..].to_vec());
    assert_ne!(bodies[0], bodies[1]);
}

#[test]
fn what_is_drawn_differs() {
    let rng = &mut SysRng;
    let mut seal = || {
        let context = EncryptionContext::default();
        let materials = Materials::wrap(&[key(), key()], &context, DataKeySeed::generate(rng, 2).expect("a seed"));
        let id = MessageId::generate(rng).expect("an id");
        let id_bytes = *id.as_bytes();
        let message = Message::new(&materials.expect("materials"), id, &context, &context, 4096).expect("a message");
        (id_bytes, message.header().to_vec())
    };
    let ((first_id, first), (second_id, second)) = (seal(), seal());
    assert_ne!(first_id, second_id);
    // No block of the two headers' ciphertexts is the same, nor of one header's own.
    let ciphertexts = |header: &[u8]| -> Vec<Vec<u8>> {
        let edk = 2 + "aws-kms-rsa".len() + 2 + ARN.len() + 2 + 256;
        let edks = &header[1 + 2 + 32 + 2 + 2..][..2 * edk];
        edks.chunks(edk).map(|edk| edk[edk.len() - 256..].to_vec()).collect()
    };
    let all = [ciphertexts(&first), ciphertexts(&second)].concat();
    let opened: Vec<_> =
        all.iter().map(|c| KEY.decrypt(EncryptionAlgorithm::RsaesOaepSha256, c).expect("ours")).collect();
    assert_eq!(opened[0], opened[1], "one data key for both recipients");
    assert_ne!(opened[0][48..], opened[2][48..], "another data key for another seed");
    for (i, one) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|other| other != one), "the same OAEP seed twice");
    }
    let mut blob = || encrypt(&key(), b"secret", OaepSeed::generate(rng).expect("a seed")).expect("a blob");
    assert_ne!(blob(), blob());
}

/// A random source that fails, after `left` calls.
struct Failing {
    left: usize,
}

impl TryRng for Failing {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.left = self.left.checked_sub(1).ok_or(std::fmt::Error)?;
        bytes.fill(1);
        Ok(())
    }
}

impl TryCryptoRng for Failing {}

#[test]
fn a_random_source_that_fails_gives_no_seed() {
    for left in 0..3 {
        assert!(DataKeySeed::generate(&mut Failing { left }, 2).is_err(), "after {left} calls");
    }
    assert!(DataKeySeed::generate(&mut Failing { left: 3 }, 2).is_ok());
    assert!(MessageId::generate(&mut Failing { left: 0 }).is_err());
    assert!(OaepSeed::generate(&mut Failing { left: 0 }).is_err());
}

#[test]
fn frames_in_order_are_full_but_the_last() {
    let message = message(1, 8);
    let mut sequencer = message.sequencer();
    for len in [0, 7, 9] {
        assert!(sequencer.next(len, false).is_err(), "a regular frame of {len} bytes");
    }
    assert!(sequencer.next(9, true).is_err(), "a final frame over the frame length");
    let first = sequencer.next(8, false).expect("a regular frame");
    assert_eq!((first.sequence(), first.len(), first.is_last()), (1, 8, false), "refusals use up no number");
    let last = sequencer.next(0, true).expect("a final frame");
    assert_eq!((last.sequence(), last.is_empty(), last.is_last()), (2, true, true));
    for (len, last) in [(8, false), (8, true), (0, true)] {
        assert!(sequencer.next(len, last).is_err(), "a frame after the final one");
    }
}

#[test]
fn a_frame_sealed_again_must_be_the_same() {
    let message = message(1, 8);
    let cipher = Cipher::new(message.content_key());
    let plaintext = sample(20);
    let mut replayable = message.replayable(20).expect("a layout");
    let tag = |replayable: &kmseal::Replayable, index: u32, changed: bool| {
        let span = replayable.layout().span(index).expect("a span");
        let mut content = plaintext[span.plaintext_start as usize..][..span.len as usize].to_vec();
        content[0] ^= u8::from(changed);
        let frame = replayable.frame(index).expect("a frame");
        seal_frame(&cipher, &frame, &content).1
    };
    let code = |result: kmseal::Result<()>| result.map_err(|error| error.code());
    for index in [2, 0, 2, 2, 0] {
        let tag = tag(&replayable, index, false);
        assert_eq!(code(replayable.accept(index, &tag)), Ok(()));
    }
    let [first, third] = [0, 2].map(|index| tag(&replayable, index, false));
    let second = tag(&replayable, 1, false);
    let changed = tag(&replayable, 2, true);
    assert_ne!(changed, third);
    assert_eq!(code(replayable.accept(2, &changed)), Err(Code::SourceChanged));
    // From now on nothing goes, not even what was right: for ever.
    for (index, tag) in [(0, first), (1, second), (2, third), (2, changed)] {
        assert_eq!(code(replayable.accept(index, &tag)), Err(Code::SourceChanged), "tag {index}");
        assert_eq!(replayable.frame(index).map_err(|error| error.code()), Err(Code::SourceChanged), "frame {index}");
    }
}

#[test]
fn every_bit_of_a_tag_is_compared() {
    for bit in 0..128 {
        let mut replayable = message(1, 8).replayable(8).expect("a layout");
        let tag = [0x5a; 16];
        replayable.accept(0, &tag).expect("a first tag");
        let mut other = tag;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(replayable.accept(0, &other).map_err(|error| error.code()), Err(Code::SourceChanged), "bit {bit}");
    }
}

#[test]
fn poison_and_places_that_do_not_exist() {
    let mut replayable = message(1, 8).replayable(20).expect("a layout");
    assert_eq!(replayable.layout().frames(), 3);
    assert_eq!(replayable.frame(3).map_err(|error| error.code()), Err(Code::SourceChanged));
    assert!(replayable.frame(0).is_ok());
    replayable.poison();
    assert_eq!(replayable.frame(0).map_err(|error| error.code()), Err(Code::SourceChanged));
    assert_eq!(replayable.accept(0, &[0; 16]).map_err(|error| error.code()), Err(Code::SourceChanged));
}

#[test]
fn messages_that_are_too_long() {
    let new = |header, len, frame_length| Layout::new(header, len, frame_length).map_err(|error| error.code());
    let most = u64::from(u32::MAX);
    assert_eq!(new(0, most, 1).map(|layout| layout.frames()), Ok(u32::MAX));
    assert_eq!(new(0, most + 1, 1), Err(Code::TooLong));
    assert_eq!(new(0, u64::MAX, u32::MAX), Err(Code::TooLong));
    let whole = (1 << 53) - 1 - 40;
    let frame_length = 1 << 31;
    assert_eq!(new(0, whole, frame_length), Err(Code::TooLong), "the frames' own bytes count too");
    assert!(new(0, whole - 1_000_000_000, frame_length).is_ok());
    assert_eq!(message(1, 1).replayable(most + 1).err().map(|error| error.code()), Some(Code::TooLong));
}
