//! Envelopes that ask for much: what they cost is bounded by the bytes that came, never by what these
//! claim.

use crate::allocator::allocated;
use crate::common::edge::{LIMITS, unlock};
use crate::common::forge::{Edk, Forge, serialize};
use kmseal::{Body, Code, Error, Header, HeaderRead, Limits, Reason};

const RAISED: Limits = Limits { max_encrypted_data_keys: u16::MAX, min_frame_length: 1, max_frame_length: u32::MAX };

/// What it comes to, and all that was allocated on the way.
fn read(bytes: &[u8], limits: &Limits) -> (Result<HeaderRead, Code>, usize) {
    let before = allocated();
    let read = Header::read(bytes, limits).map_err(|error| error.code());
    (read, allocated() - before)
}

#[test]
fn the_default_limits_are_eight_keys_and_frames_of_16_mib() {
    let Limits { max_encrypted_data_keys, min_frame_length, max_frame_length } = Limits::default();
    assert_eq!((max_encrypted_data_keys, min_frame_length, max_frame_length), (8, 1, 16_777_216));
}

#[test]
fn what_is_claimed_costs_nothing() {
    let mut forge = Forge::new(b"");
    forge.edk_count = Some(u16::MAX);
    forge.frame_length = u32::MAX;
    // A fault is reported once 2,048 bytes are there.
    let followed = |forge: &Forge| [forge.bytes(), vec![0; 2048]].concat();
    let (refused, cost) = read(&followed(&forge), &LIMITS);
    assert_eq!(refused.err(), Some(Code::EnvelopeUnsupported));
    assert!(cost < 1000, "65,535 claimed keys: {cost}");
    // With the caller's own limits nothing is refused, and yet only what is there is kept.
    let (unfinished, cost) = read(&forge.bytes(), &RAISED);
    assert!(matches!(unfinished, Ok(HeaderRead::Need(_))));
    assert!(cost < 10_000, "65,535 claimed keys of which few came: {cost}");

    forge.edk_count = None;
    let (refused, cost) = read(&followed(&forge), &LIMITS);
    assert_eq!(refused.err(), Some(Code::EnvelopeUnsupported));
    assert!(cost < 10_000, "a frame length of 2^32 - 1: {cost}");
    let (done, cost) = read(&forge.bytes(), &RAISED);
    let Ok(HeaderRead::Done(header)) = done else { panic!("no header") };
    assert_eq!(header.frame_length(), u32::MAX);
    assert!(cost < 10_000, "a frame length of 2^32 - 1 that is allowed: {cost}");

    // A final frame that claims 4 GiB: its head is planned, and nothing is made for its content.
    let locked = kmseal::Locked::new(header, &kmseal::EncryptionContext::default()).expect("no context");
    let mut unlocked = unlock(&locked, &forge.answer()).expect("the right answer");
    let sequence = 1_u32.to_be_bytes();
    let head = [&[0xff; 4], sequence.as_slice(), &[0; 8], &sequence, &u32::MAX.to_be_bytes()].concat();
    assert_eq!(head.len(), Body::HEAD_LEN);
    let before = allocated();
    let frame = unlocked.body.read(&head).expect("a frame");
    assert_eq!(frame.sealed_len(), u64::from(u32::MAX) + 40);
    assert!(allocated() - before < 1000);

    // Fields as long as they can be: a few times their bytes.
    let field = vec![b'x'; u16::MAX.into()];
    let mut forge = Forge::new(b"");
    forge.edks = vec![Edk { provider_id: field.clone(), provider_info: field.clone(), ciphertext: field.clone() }; 8];
    let long = "v".repeat(65_535 - 7);
    forge.stored = serialize(&[(b"k", long.as_bytes())]);
    let bytes = forge.header();
    let (done, cost) = read(&bytes, &LIMITS);
    assert!(matches!(done, Ok(HeaderRead::Done(_))));
    assert!(cost < 4 * bytes.len(), "{} bytes: {cost}", bytes.len());
    // While it is not whole, no part of it is copied.
    let (unfinished, cost) = read(&bytes[..bytes.len() - 1], &LIMITS);
    assert!(matches!(unfinished, Ok(HeaderRead::Need(_))));
    assert!(cost < 10_000, "all but one byte: {cost}");

    // As many pairs as fit, in the order that is worst for sorting, and as many keys.
    let keys: Vec<String> = (0..7000).rev().map(|n| format!("{n:05}")).collect();
    let pairs: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (key.as_bytes(), b"".as_slice())).collect();
    forge.stored = serialize(&pairs);
    forge.edks = vec![Edk::new("", "", b""); u16::MAX.into()];
    let bytes = forge.header();
    let (done, cost) = read(&bytes, &RAISED);
    let Ok(HeaderRead::Done(header)) = done else { panic!("no header") };
    assert_eq!((header.context().pairs().count(), header.encrypted_data_keys().len()), (7000, 65_535));
    assert!(cost < 40 * bytes.len(), "{} bytes: {cost}", bytes.len());
}

#[test]
fn more_data_keys_than_the_limit_are_refused_once_it_is_seen_what_stands_there() {
    let long = vec![b'v'; 3000];
    let mut forge = Forge::new(b"").store(&[(b"k", &long)]);
    forge.edk_count = Some(9);
    let header = forge.header();
    let behind_count = 3 + 32 + 2 + forge.stored.len() + 2;
    let told = |error: Error| (error.code(), error.reason());
    let over = (Code::EnvelopeUnsupported, Some(Reason::TooManyDataKeys));
    let provider_end = behind_count + 2 + "aws-kms-rsa".len();
    for (len, need) in [(behind_count, behind_count + 2), (behind_count + 2, provider_end)] {
        let read = Header::read(&header[..len], &LIMITS);
        assert!(matches!(read, Ok(HeaderRead::Need(found)) if found == need), "{len} bytes: {read:?}");
        assert_eq!(told(Header::truncated(&header[..len], &LIMITS)), over, "{len} bytes, and no more");
    }
    assert_eq!(told(Header::read(&header[..provider_end], &LIMITS).expect_err("nine")), over);
    // A provider's name is no longer than 128 bytes; where anything else stands, the count is damaged and no limit helps.
    for (len, reason) in [(128, Some(Reason::TooManyDataKeys)), (129, None), (65_535, None)] {
        forge.edks = vec![Edk::new(&"n".repeat(len), "", b"")];
        let error = Header::read(&forge.header(), &LIMITS).expect_err("nine");
        assert_eq!(told(error), (Code::EnvelopeUnsupported, reason), "{len} bytes");
    }
}

#[test]
fn a_header_that_ends_too_early_tells_how_many_bytes_it_takes() {
    let header = Forge::new(b"").header();
    assert_eq!(Header::truncated(&[], &LIMITS), Error::truncated());
    for (len, says) in [(1, "takes 3 bytes or more"), (3, "takes 35 bytes or more"), (34, "takes 35 bytes or more")] {
        let error = Header::truncated(&header[..len], &LIMITS);
        assert_eq!(error.code(), Code::Truncated);
        assert!(error.message().contains(says), "{len} bytes: {error}");
    }
}
