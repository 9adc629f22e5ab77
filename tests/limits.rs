//! Envelopes that ask for much: what they cost is bounded by the bytes that came, never by what these
//! claim.

mod common;

use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::edge::LIMITS;
use common::forge::{Edk, Forge, serialize};
use kmseal::{Code, Frames, Header, Limits, Progress};

/// Counts the bytes that are allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Memory) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Memory) {
        unsafe { System.dealloc(memory, layout) }
    }
}

const RAISED: Limits = Limits { max_encrypted_data_keys: u16::MAX, min_frame_length: 1, max_frame_length: u32::MAX };

/// What it comes to, and all that was allocated on the way.
fn read(bytes: &[u8], limits: &Limits) -> (Result<Progress, Code>, usize) {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let read = Header::read(bytes, limits).map_err(|error| error.code());
    (read, ALLOCATED.load(Ordering::Relaxed) - before)
}

/// One test, since what is counted is the whole program's.
#[test]
fn what_is_claimed_costs_nothing() {
    let mut forge = Forge::new(b"");
    forge.edk_count = Some(u16::MAX);
    forge.frame_length = u32::MAX;
    // What is wrong is told of 2,048 bytes.
    let followed = |forge: &Forge| [forge.bytes(), vec![0; 2048]].concat();
    let (refused, cost) = read(&followed(&forge), &LIMITS);
    assert_eq!(refused.err(), Some(Code::EnvelopeUnsupported));
    assert!(cost < 1000, "65,535 claimed keys: {cost}");
    // With the caller's own limits nothing is refused, and yet only what is there is kept.
    let (unfinished, cost) = read(&forge.bytes(), &RAISED);
    assert!(matches!(unfinished, Ok(Progress::Need(_))));
    assert!(cost < 10_000, "65,535 claimed keys of which few came: {cost}");

    forge.edk_count = None;
    let (refused, cost) = read(&followed(&forge), &LIMITS);
    assert_eq!(refused.err(), Some(Code::EnvelopeUnsupported));
    assert!(cost < 10_000, "a frame length of 2^32 - 1: {cost}");
    let (done, cost) = read(&forge.bytes(), &RAISED);
    let Ok(Progress::Done(header)) = done else { panic!("no header") };
    assert_eq!(header.frame_length(), u32::MAX);
    assert!(cost < 10_000, "a frame length of 2^32 - 1 that is allowed: {cost}");

    // A final frame that claims 4 GiB: its head is planned, and nothing is made for its content.
    let expected = kmseal::Expected::new(header, &kmseal::EncryptionContext::default()).expect("no context");
    let mut opened = expected.authenticate(&forge.answer()).expect("the right answer");
    let sequence = 1_u32.to_be_bytes();
    let head = [&[0xff; 4], sequence.as_slice(), &[0; 8], &sequence, &u32::MAX.to_be_bytes()].concat();
    assert_eq!(head.len(), Frames::HEAD);
    let before = ALLOCATED.load(Ordering::Relaxed);
    let frame = opened.frames.read(&head).expect("a frame");
    assert_eq!(frame.sealed_len(), u64::from(u32::MAX) + 40);
    assert!(ALLOCATED.load(Ordering::Relaxed) - before < 1000);

    // Fields as long as they can be: a few times their bytes.
    let field = vec![b'x'; u16::MAX.into()];
    let mut forge = Forge::new(b"");
    forge.edks = vec![Edk { provider_id: field.clone(), provider_info: field.clone(), ciphertext: field.clone() }; 8];
    let long = "v".repeat(65_535 - 7);
    forge.stored = serialize(&[(b"k", long.as_bytes())]);
    let bytes = forge.header();
    let (done, cost) = read(&bytes, &LIMITS);
    assert!(matches!(done, Ok(Progress::Done(_))));
    assert!(cost < 4 * bytes.len(), "{} bytes: {cost}", bytes.len());
    // While it is not whole, nothing of it is copied.
    let (unfinished, cost) = read(&bytes[..bytes.len() - 1], &LIMITS);
    assert!(matches!(unfinished, Ok(Progress::Need(_))));
    assert!(cost < 10_000, "all but one byte: {cost}");

    // As many pairs as fit, in the order that is worst for sorting, and as many keys.
    let keys: Vec<String> = (0..7000).rev().map(|n| format!("{n:05}")).collect();
    let pairs: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (key.as_bytes(), b"".as_slice())).collect();
    forge.stored = serialize(&pairs);
    forge.edks = vec![Edk::new("", "", b""); u16::MAX.into()];
    let bytes = forge.header();
    let (done, cost) = read(&bytes, &RAISED);
    let Ok(Progress::Done(header)) = done else { panic!("no header") };
    assert_eq!((header.context().pairs().count(), header.encrypted_data_keys().len()), (7000, 65_535));
    assert!(cost < 40 * bytes.len(), "{} bytes: {cost}", bytes.len());
}
