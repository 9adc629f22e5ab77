//! What the sealing states allow and refuse: materials, frames in order, frames sealed again.

use std::sync::LazyLock;

use crate::common::edge::{seal_frame, seal_in_order};
use crate::common::forge::DATA_KEY;
use crate::common::kms::KmsKey;
use crate::common::{ARN, context, sample};
use getrandom::SysRng;
use getrandom::rand_core::{TryCryptoRng, TryRng};
use kmseal::edge::message_id_text;
use kmseal::{
    Cipher, Code, DataKeySeed, EncryptionAlgorithm, EncryptionContext, FrameKind, KmsPublicKey, Layout, Materials,
    Message, MessageId, OaepSeed, Replayable,
};

static KEY: LazyLock<KmsKey> = LazyLock::new(|| KmsKey::create(ARN, 2048));

fn key() -> KmsPublicKey {
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
    let wrap = |keys: &[KmsPublicKey], seeds: &[[u8; 32]]| {
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
    let bodies = [first, second].map(|message| {
        let header = message.header().len();
        seal_in_order(message, &[&plaintext]).split_off(header)
    });
    assert_ne!(bodies[0], bodies[1]);
}

#[test]
fn a_key_seals_the_frames_of_its_own_message_alone() {
    let (first, second) = (message(1, 8), message(2, 8));
    let cipher = Cipher::new(first.content_key());
    let mut sequencer = second.sequencer();
    let frame = sequencer.next(8, FrameKind::Regular).expect("a frame");
    let mut content = [7; 8];
    assert_eq!(cipher.seal(frame, &mut content).map_err(|error| error.code()), Err(Code::Platform));
    assert_eq!(content, [7; 8], "it is not encrypted");
    let frame = first.sequencer().next(8, FrameKind::Regular).expect("a frame");
    assert!(cipher.seal(frame, &mut content).is_ok());
}

#[test]
fn a_message_id_is_shown_in_base64url() {
    let replayable = message(0xfb, 4096).replayable(1).expect("a file");
    assert_eq!(replayable.message_id(), &[0xfb; 32]);
    assert_eq!(message_id_text(replayable.message_id()), "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
}

#[test]
fn seeds_come_from_the_system() {
    let draw = || {
        let seed = DataKeySeed::generate(&mut SysRng, 1).expect("a seed");
        let (none, id) = (EncryptionContext::default(), MessageId::generate(&mut SysRng).expect("an id"));
        let id_bytes = *id.as_bytes();
        let materials = Materials::wrap(&[key()], &none, seed).expect("materials");
        let message = Message::new(&materials, id, &none, &none, 4096).expect("a message");
        (id_bytes, *message.content_key().as_bytes())
    };
    let ((first_id, first), (second_id, second)) = (draw(), draw());
    assert_ne!(first_id, second_id);
    assert_ne!(first, second);
    let blob = || key().encrypt(b"secret", OaepSeed::generate(&mut SysRng).expect("a seed")).expect("a blob");
    assert_ne!(blob(), blob());
}

/// A random source that fills with 1, then with 2 and so on, and fails after `last`.
struct Counting {
    calls: u8,
    last: u8,
}

impl TryRng for Counting {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.calls += 1;
        bytes.fill(self.calls);
        if self.calls > self.last { Err(std::fmt::Error) } else { Ok(()) }
    }
}

impl TryCryptoRng for Counting {}

#[test]
fn each_seed_is_drawn_by_itself() {
    let edks = |seed| {
        let materials = Materials::wrap(&[key(), key()], &EncryptionContext::default(), seed).expect("materials");
        let none = EncryptionContext::default();
        let id = MessageId::fixed([0; 32]);
        Message::new(&materials, id, &none, &none, 4096).expect("a message").header().to_vec()
    };
    let drawn = DataKeySeed::generate(&mut Counting { calls: 0, last: 3 }, 2).expect("a seed");
    assert_eq!(edks(drawn), edks(DataKeySeed::fixed([1; 32], &[[2; 32], [3; 32]])));
    let id = MessageId::generate(&mut Counting { calls: 0, last: 1 }).expect("an id");
    assert_eq!(id.as_bytes(), &[1; 32]);
}

#[test]
fn a_random_source_that_fails_gives_no_seed() {
    for last in 0..3 {
        assert!(DataKeySeed::generate(&mut Counting { calls: 0, last }, 2).is_err(), "after {last} calls");
    }
    assert!(MessageId::generate(&mut Counting { calls: 0, last: 0 }).is_err());
    assert!(OaepSeed::generate(&mut Counting { calls: 0, last: 0 }).is_err());
}

#[test]
fn frames_in_order_are_full_but_the_last() {
    let message = message(1, 8);
    let mut sequencer = message.sequencer();
    for len in [0, 7, 9] {
        assert!(sequencer.next(len, FrameKind::Regular).is_err(), "a regular frame of {len} bytes");
    }
    assert!(sequencer.next(9, FrameKind::Final).is_err(), "a final frame over the frame length");
    let first = sequencer.next(8, FrameKind::Regular).expect("a regular frame");
    assert_eq!((first.sequence_number(), first.len(), first.is_final()), (1, 8, false), "refusals use up no number");
    let last = sequencer.next(0, FrameKind::Final).expect("a final frame");
    assert_eq!((last.sequence_number(), last.len(), last.is_final()), (2, 0, true));
    for (len, kind) in [(8, FrameKind::Regular), (8, FrameKind::Final), (0, FrameKind::Final)] {
        assert!(sequencer.next(len, kind).is_err(), "a frame after the final one");
    }
}

#[test]
fn a_frame_sealed_again_must_be_the_same() {
    let message = message(1, 8);
    let cipher = Cipher::new(message.content_key());
    let plaintext = sample(20);
    let mut replayable = message.replayable(20).expect("a layout");
    let tag = |replayable: &Replayable, index: u32, changed: bool| {
        let span = replayable.layout().span(index).expect("a span");
        let mut content = plaintext[span.plaintext_start as usize..][..span.len as usize].to_vec();
        content[0] ^= u8::from(changed);
        let frame = replayable.frame(index).expect("a frame");
        seal_frame(&cipher, frame, &content).1
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
    // From now on nothing is accepted, not even the correct tags: forever.
    for (index, tag) in [(0, first), (1, second), (2, third), (2, changed)] {
        assert_eq!(code(replayable.accept(index, &tag)), Err(Code::SourceChanged), "tag {index}");
        assert_eq!(replayable.frame(index).map_err(|error| error.code()), Err(Code::SourceChanged), "frame {index}");
    }
}

#[test]
fn nothing_is_released_once_an_edge_saw_that_the_source_changed() {
    let mut replayable = message(1, 8).replayable(20).expect("a layout");
    let tag = [7; 16];
    replayable.accept(0, &tag).expect("a first tag");
    assert_eq!(replayable.check(), Ok(()));
    replayable.poison();
    assert_eq!(replayable.check().map_err(|error| error.code()), Err(Code::SourceChanged));
    for index in [0, 1] {
        assert_eq!(replayable.frame(index).map_err(|error| error.code()), Err(Code::SourceChanged), "frame {index}");
        assert_eq!(replayable.accept(index, &tag).map_err(|e| e.code()), Err(Code::SourceChanged), "tag {index}");
    }
}

#[test]
fn a_restored_message_knows_the_tags_of_its_former_life() {
    let message = message(1, 4096);
    let header = message.header().to_vec();
    let mut former = message.replayable(3 * 4096).expect("a layout");
    for index in [0, 2] {
        former.accept(index, &[index as u8 + 1; 16]).expect("a first tag");
    }
    let tags = former.tags();
    assert_eq!(tags, [[1; 16], [0; 16], [3; 16]].concat());

    let restored = || Replayable::restore(&header, 4096, 3 * 4096, &tags).expect("a whole state");
    let code = |result: kmseal::Result<()>| result.map_err(|error| error.code());
    let mut again = restored();
    assert_eq!(again.layout(), former.layout());
    for index in 0..3 {
        assert_eq!(again.frame(index), former.frame(index), "frame {index}");
    }
    for (index, tag) in [(0, [1; 16]), (2, [3; 16]), (1, [7; 16])] {
        assert_eq!(code(again.accept(index, &tag)), Ok(()), "frame {index}");
    }
    assert_eq!(again.tags(), [[1; 16], [7; 16], [3; 16]].concat());
    for index in [0, 2] {
        let mut changed = restored();
        assert_eq!(code(changed.accept(index, &[7; 16])), Err(Code::SourceChanged));
        assert_eq!(code(changed.accept(1, &[7; 16])), Err(Code::SourceChanged), "from now on, forever");
    }
}

#[test]
fn a_damaged_state_is_not_restored() {
    let header = message(1, 4096).header().to_vec();
    let tags = vec![0; 3 * 16];
    assert!(Replayable::restore(&header, 4096, 3 * 4096, &tags).is_some());
    let longer = [header.as_slice(), &[0]].concat();
    for (what, header, frame_length, plaintext_len, tags) in [
        ("no header", &[][..], 4096, 3 * 4096, &tags[..]),
        ("a header that is cut off", &header[..header.len() - 1], 4096, 3 * 4096, &tags),
        ("a header that begins later", &header[1..], 4096, 3 * 4096, &tags),
        ("a byte behind the header", &longer, 4096, 3 * 4096, &tags),
        ("another frame length", &header, 4097, 3 * 4096, &tags),
        ("frames without content", &header, 0, 3 * 4096, &tags),
        ("a file that is too short for its tags", &header, 4096, 2 * 4096, &tags),
        ("a file that is too long for them", &header, 4096, 3 * 4096 + 1, &tags),
        ("a file of all lengths", &header, 4096, u64::MAX, &tags),
        ("no tags", &header, 4096, 3 * 4096, &[]),
        ("half a tag", &header, 4096, 3 * 4096, &tags[..3 * 16 - 8]),
        ("half a tag more", &header, 4096, 2 * 4096, &tags[..3 * 16 - 8]),
    ] {
        assert!(Replayable::restore(header, frame_length, plaintext_len, tags).is_none(), "{what}");
    }
    for at in 0..header.len() {
        let mut damaged = header.clone();
        damaged[at] ^= 0x80;
        // It may read as another message, but never panics.
        let _ = Replayable::restore(&damaged, 4096, 3 * 4096, &tags);
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
fn places_that_do_not_exist_are_refused() {
    let mut replayable = message(1, 8).replayable(20).expect("a layout");
    assert_eq!(replayable.layout().frames(), 3);
    assert_eq!(replayable.frame(3).map_err(|error| error.code()), Err(Code::SourceChanged));
    assert!(replayable.frame(0).is_ok());
    // Only one tag in 2^128 is zero, and that case fails closed.
    assert_eq!(replayable.accept(0, &[0; 16]).map_err(|error| error.code()), Err(Code::SourceChanged));
    assert_eq!(replayable.frame(0).map_err(|error| error.code()), Err(Code::SourceChanged));
}

#[test]
fn lengths_that_messages_cannot_have_are_refused() {
    let new = |header, len, frame_length| Layout::new(header, len, frame_length).map_err(|error| error.code());
    let most = u64::from(u32::MAX);
    assert_eq!(new(0, most, 1).map(|layout| layout.frames()), Ok(u32::MAX));
    assert_eq!(new(0, most + 1, 1), Err(Code::TooLong));
    assert_eq!(new(0, u64::MAX, u32::MAX), Err(Code::TooLong));
    // As many of the longest frames as there can be: with their heads they are more than 2^64 bytes.
    assert_eq!(new(0, most * most, u32::MAX), Err(Code::TooLong));
    // The largest number that JavaScript holds exactly, with a header of 7 bytes and 2^22 frames.
    let safe = (1 << 53) - 1;
    let len = safe - 7 - 8 - 32 * (1 << 22);
    assert_eq!(new(7, len, 1 << 31).map(|layout| layout.sealed_len()), Ok(safe));
    assert_eq!(new(8, len, 1 << 31), Err(Code::TooLong));
    assert_eq!(new(7, len + 1, 1 << 31), Err(Code::TooLong));
    let none = EncryptionContext::default();
    let no_frames = Message::new(&materials(&none), MessageId::fixed([1; 32]), &none, &none, 0);
    assert_eq!(no_frames.err().map(|error| error.code()), Some(Code::TooLong), "frames of 0 bytes");
    assert_eq!(new(0, 0, 0), Err(Code::TooLong), "frames of 0 bytes");
    assert_eq!(message(1, 1).replayable(most + 1).err().map(|error| error.code()), Some(Code::TooLong));
}
