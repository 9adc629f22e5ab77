//! One small envelope, cut at every byte, with every bit flipped, with its frames in every wrong
//! order: each fails with a code, and nothing comes out but whole frames before the damage.

use std::ops::Range;

use crate::common::edge::Outcome;
use crate::common::forge::{Forge, ForgedFrame, WRAPPED};
use crate::common::{ARN, context, sample};
use kmseal::{Body, Code, Header, HeaderRead, Layout, Limits};
use proptest::prelude::*;

const REGULAR: usize = 4 + 12 + 8 + 16;

struct Envelope {
    forge: Forge,
    bytes: Vec<u8>,
    header: usize,
    plaintext: Vec<u8>,
}

impl Envelope {
    /// Three frames of 8, 8 and 5 bytes.
    fn new() -> Self {
        let plaintext = sample(21);
        let forge = Forge::new(&plaintext).store(&[(b"a", b"1"), (b"b", b"2")]);
        let (bytes, header) = (forge.bytes(), forge.header().len());
        assert_eq!(bytes.len(), header + 2 * REGULAR + 4 + 4 + 12 + 4 + 5 + 16);
        Self { forge, bytes, header, plaintext }
    }

    fn open(&self, bytes: &[u8]) -> Outcome {
        self.forge.open_bytes(bytes, &[("a", "1"), ("b", "2")])
    }

    /// The content of the first `count` frames.
    fn frames(&self, count: usize) -> &[u8] {
        &self.plaintext[..(8 * count).min(21)]
    }

    fn frame(&self, index: usize) -> Range<usize> {
        let start = self.header + index * REGULAR;
        start..if index == 2 { self.bytes.len() } else { start + REGULAR }
    }

    /// The place of a field that occurs once.
    fn place(&self, field: &[u8]) -> Range<usize> {
        let at = self.bytes.windows(field.len()).position(|window| window == field).expect("the field");
        at..at + field.len()
    }
}

#[test]
fn the_envelope_itself_opens() {
    let envelope = Envelope::new();
    let outcome = envelope.open(&envelope.bytes);
    assert_eq!(outcome.released, envelope.plaintext);
    assert_eq!(outcome.end, Ok(context(&[("a", "1"), ("b", "2")])));
}

#[test]
fn an_envelope_that_is_cut_at_any_byte_is_truncated() {
    let envelope = Envelope::new();
    for cut in 0..envelope.bytes.len() {
        let whole = (0..3).filter(|index| envelope.frame(*index).end <= cut).count();
        let expected = Outcome {
            released: envelope.frames(whole).to_vec(),
            kms_calls: usize::from(cut >= envelope.header),
            end: Err(Code::Truncated),
        };
        assert_eq!(envelope.open(&envelope.bytes[..cut]), expected, "cut at {cut}");
    }
}

#[test]
fn an_envelope_with_any_bit_flipped_is_refused() {
    use Code::{
        Authentication, Context, EnvelopeInvalid as Invalid, EnvelopeUnsupported as Unsupported, Kms, NoMatchingKey,
        Truncated,
    };
    let envelope = Envelope::new();
    let body = envelope.header - 16;
    let context = envelope.place(&envelope.forge.stored);
    let (key_arn, ciphertext) = (envelope.place(ARN.as_bytes()), envelope.place(WRAPPED));
    let codes_at = |at: usize| -> &[Code] {
        match at {
            0 => &[Invalid, Unsupported],
            1..3 => &[Unsupported],
            3..35 => &[Authentication],
            // Changed lengths move every later field, whatever is read there.
            35..37 => &[Invalid, Unsupported, Truncated],
            _ if context.contains(&at) => &[Invalid, Context],
            _ if at < key_arn.start => &[Invalid, Unsupported, Truncated, NoMatchingKey],
            _ if key_arn.contains(&at) => &[NoMatchingKey],
            _ if at < ciphertext.start => &[Invalid, Unsupported, Truncated],
            _ if ciphertext.contains(&at) => &[Kms],
            _ if at == ciphertext.end => &[Invalid, Unsupported],
            // The frame length, of 8: a longer one is read first, then the header tag.
            _ if at < body - 32 => &[Authentication, Unsupported, Invalid],
            _ if at < envelope.header => &[Authentication],
            _ => {
                let index = (0..3).find(|index| envelope.frame(*index).contains(&at)).expect("a frame");
                let (within, len) = (at - envelope.frame(index).start, envelope.frame(index).len());
                match (index, within) {
                    (0 | 1, 0..16) | (2, 0..20) => &[Invalid],
                    // The length of the final frame's content, of 5.
                    (2, 20..24) => &[Invalid, Authentication, Truncated],
                    (_, _) => {
                        assert!(within < len);
                        &[Authentication]
                    }
                }
            }
        }
    };
    for at in 0..envelope.bytes.len() {
        for bit in 0..8 {
            let mut bytes = envelope.bytes.clone();
            bytes[at] ^= 1 << bit;
            let outcome = envelope.open(&bytes);
            let code = outcome.end.expect_err("an altered envelope opened");
            assert!(codes_at(at).contains(&code), "bit {bit} of byte {at}: {code:?}");
            let whole = (0..3).filter(|index| envelope.frame(*index).end <= at).count();
            assert_eq!(outcome.released, envelope.frames(whole), "bit {bit} of byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn an_envelope_with_bytes_appended_is_refused(more in prop::collection::vec(any::<u8>(), 1..60)) {
        let envelope = Envelope::new();
        let outcome = envelope.open(&[envelope.bytes.as_slice(), &more].concat());
        prop_assert_eq!(outcome.end, Err(Code::EnvelopeInvalid));
        prop_assert_eq!(&outcome.released, &envelope.plaintext);
    }

    /// Frames swapped, left out, given twice, in any number and order.
    #[test]
    fn an_envelope_with_frames_in_another_order_is_refused(order in prop::collection::vec(0..3_usize, 0..6)) {
        prop_assume!(order != [0, 1, 2]);
        let envelope = Envelope::new();
        let frames: Vec<&[u8]> = order.iter().map(|index| &envelope.bytes[envelope.frame(*index)]).collect();
        let outcome = envelope.open(&[&envelope.bytes[..envelope.header], &frames.concat()].concat());
        let right = order.iter().zip(0..3).take_while(|(index, place)| *index == place).count();
        let cut_short = right == order.len() || order.is_empty();
        prop_assert_eq!(outcome.end, Err(if cut_short { Code::Truncated } else { Code::EnvelopeInvalid }));
        prop_assert_eq!(&outcome.released, envelope.frames(right));
    }

    /// Any damage at all: it fails, and what comes out is the beginning of the plaintext.
    #[test]
    fn an_envelope_with_any_bytes_replaced_is_refused(at in any::<prop::sample::Index>(), len in 0..40_usize, with in prop::collection::vec(any::<u8>(), 0..40)) {
        let envelope = Envelope::new();
        let at = at.index(envelope.bytes.len());
        let mut bytes = envelope.bytes.clone();
        let end = (at + len).min(bytes.len());
        bytes.splice(at..end, with);
        prop_assume!(bytes != envelope.bytes);
        let outcome = envelope.open(&bytes);
        prop_assert!(outcome.end.is_err());
        let whole = (0..3).filter(|index| envelope.frame(*index).end <= at).count();
        prop_assert!(envelope.plaintext.starts_with(&outcome.released));
        prop_assert!(outcome.released.starts_with(envelope.frames(whole)));
    }
}

/// What `inspect` says of a length: the code, or how many frames there are.
fn end_of(bytes: &[u8]) -> Result<u32, Code> {
    let Ok(HeaderRead::Done(header)) = Header::read(bytes, &Limits::default()) else { panic!("no header") };
    let layout = Layout::of_envelope(header.len(), bytes.len() as u64, header.frame_length()).ok_or(Code::Truncated)?;
    let start = layout.final_span().expect("a final frame").sealed_start as usize;
    let head = &bytes[start..start + Body::HEAD_LEN];
    header.check_end(&layout, head).map_err(|error| error.code())?;
    Ok(layout.frames())
}

#[test]
fn an_end_that_is_not_where_the_length_says_is_noticed_without_a_key() {
    let envelope = Envelope::new();
    assert_eq!(end_of(&envelope.bytes), Ok(3));
    for end in envelope.header..envelope.bytes.len() {
        assert_eq!(end_of(&envelope.bytes[..end]), Err(Code::Truncated), "cut to {end}");
        let longer = [&envelope.bytes[..], &envelope.bytes[end..]].concat();
        assert_eq!(end_of(&longer), Err(Code::Truncated), "twice from {end}");
    }
    // A frame is lost, and what is left has a possible length.
    let lost = [&envelope.bytes[..envelope.header], &envelope.bytes[envelope.header + REGULAR..]].concat();
    assert_eq!(end_of(&lost), Err(Code::Truncated));
    // Others end with an empty frame behind full ones.
    let mut forge = Forge::new(&sample(16));
    forge.frames[1].last = false;
    forge.frames.push(ForgedFrame::new(3, true, &[]));
    assert_eq!(end_of(&forge.bytes()), Ok(3));
    assert_eq!(end_of(&Forge::new(b"").bytes()), Ok(1));
}
