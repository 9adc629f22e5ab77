//! Frames that lie one behind another and are opened in one go, as edges open short ones.

use crate::common::edge::{LIMITS, unlock};
use crate::common::forge::Forge;
use crate::common::sample;
use kmseal::{Body, Cipher, Code, EncryptionContext, Frame, Header, HeaderRead, Locked};

const BEFORE: usize = 3;

/// The frames of an envelope behind a few other bytes, and their places.
struct Frames {
    cipher: Cipher,
    bytes: Vec<u8>,
    places: Vec<(Frame, usize)>,
    plaintext: Vec<u8>,
}

impl Frames {
    /// Three frames of 8, 8 and 5 bytes.
    fn new() -> Self {
        let plaintext = sample(21);
        let forge = Forge::new(&plaintext);
        let Ok(HeaderRead::Done(header)) = Header::read(&forge.header(), &LIMITS) else { panic!("no header") };
        let locked = Locked::new(header, &EncryptionContext::default()).expect("no context");
        let mut unlocked = unlock(&locked, &forge.answer()).expect("its data key");
        let bytes = [&[0xee; BEFORE], &forge.bytes()[forge.header().len()..]].concat();
        let mut places = Vec::new();
        let mut at = BEFORE;
        while !unlocked.body.is_done() {
            let frame = unlocked.body.read(&bytes[at..][..Body::HEAD_LEN]).expect("a frame");
            let len = usize::try_from(frame.sealed_len()).expect("a short frame");
            places.push((frame, at));
            at += len;
        }
        assert_eq!((at, places.len()), (bytes.len(), 3));
        Self { cipher: Cipher::new(&unlocked.content_key), bytes, places, plaintext }
    }

    /// What is released, and how it ended.
    fn open(&self, mut bytes: Vec<u8>) -> (Vec<u8>, Result<(), Code>) {
        let (released, end) = self.cipher.open_together(&mut bytes, &self.places);
        // Where nothing is released, its place may lie behind the end of what was cut.
        let released = if released.is_empty() { vec![] } else { bytes[released].to_vec() };
        (released, end.map_err(|error| error.code()))
    }

    /// The content of the frames before this one.
    fn before(&self, index: usize) -> Vec<u8> {
        self.plaintext[..8 * index].to_vec()
    }
}

#[test]
fn the_contents_of_frames_that_are_opened_together_have_no_gaps() {
    let frames = Frames::new();
    assert_eq!(frames.open(frames.bytes.clone()), (frames.plaintext.clone(), Ok(())));
    let mut bytes = frames.bytes.clone();
    let (released, end) = frames.cipher.open_together(&mut bytes, &[]);
    assert_eq!((released, end, bytes), (0..0, Ok(()), frames.bytes.clone()), "no frames");
    // The second one alone, where it stands.
    let mut bytes = frames.bytes.clone();
    let (released, end) = frames.cipher.open_together(&mut bytes, &frames.places[1..2]);
    assert_eq!((&bytes[released], end), (&frames.plaintext[8..16], Ok(())));
}

#[test]
fn frames_that_are_opened_together_must_lie_one_behind_another() {
    let mut frames = Frames::new();
    frames.places.swap(0, 1);
    assert_eq!(frames.open(frames.bytes.clone()), (frames.plaintext[8..16].to_vec(), Err(Code::Truncated)));
    frames.places.rotate_right(1);
    assert_eq!(frames.open(frames.bytes.clone()), (frames.plaintext[16..].to_vec(), Err(Code::Truncated)));
}

/// It would be another ciphertext under one nonce.
#[test]
fn the_key_that_opens_a_message_seals_none_of_its_frames_again() {
    let mut frames = Frames::new();
    let (frame, _) = frames.places.remove(0);
    let sealed = frames.cipher.seal(frame, &mut [0; 8]).map_err(|error| error.code());
    assert_eq!(sealed, Err(Code::Platform));
}

#[test]
fn frames_that_are_opened_together_are_released_up_to_the_first_altered_one() {
    let frames = Frames::new();
    for (index, (frame, at)) in frames.places.iter().enumerate() {
        let content = at + frame.head_len();
        for place in [content, content + frame.len() - 1, content + frame.len(), content + frame.len() + 15] {
            let mut bytes = frames.bytes.clone();
            bytes[place] ^= 1;
            assert_eq!(frames.open(bytes), (frames.before(index), Err(Code::Authentication)), "frame {index}");
        }
    }
    let mut swapped = frames.bytes.clone();
    let len = frames.places[1].1 - frames.places[0].1;
    swapped[BEFORE..][..2 * len].rotate_left(len);
    assert_eq!(frames.open(swapped), (vec![], Err(Code::Authentication)));
}

#[test]
fn a_frame_that_is_not_whole_is_an_error_among_those_that_are_opened_together() {
    let frames = Frames::new();
    for len in 0..frames.bytes.len() {
        let end_of = |index: usize| frames.places.get(index + 1).map_or(frames.bytes.len(), |(_, at)| *at);
        let whole = (0..3).take_while(|index| end_of(*index) <= len).count();
        assert_eq!(
            frames.open(frames.bytes[..len].to_vec()),
            (frames.before(whole), Err(Code::Truncated)),
            "{len} bytes"
        );
    }
}
