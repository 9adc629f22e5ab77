//! Hostile and odd messages, each wrong in one thing and right in all others, with the code it must
//! give: docs/format.md, "What kmseal refuses".

use crate::common::edge::{LIMITS, Outcome};
use crate::common::forge::{Edk, Forge, ForgedFrame, WRAPPED, serialize};
use crate::common::{ARN, context, sample};
use kmseal::{Code, Header, HeaderRead, Limits};

type Alter = fn(&mut Forge);

const PLAINTEXT: &[u8] = b"three frames of eight..";

#[test]
fn what_readers_must_open_opens() {
    for len in [0, 1, 7, 8, 9, 16, 24, 25] {
        let plaintext = sample(len);
        assert_eq!(Forge::new(&plaintext).opens(&[]).released, plaintext, "{len} bytes");
    }
    let mut one = Forge::new(b"");
    one.frame_length = 1;
    one.frames = (1..=3).map(|n| ForgedFrame::new(n, n == 3, &[n as u8])).collect();
    assert_eq!(one.opens(&[]).released, [1, 2, 3], "frame length 1");

    let mut empty_final = Forge::new(&PLAINTEXT[..16]);
    empty_final.frames[1].last = false;
    empty_final.frames.push(ForgedFrame::new(3, true, &[]));
    assert_eq!(empty_final.opens(&[]).released, &PLAINTEXT[..16], "empty final frame");
}

#[test]
fn contexts_of_every_shape_open() {
    let astral: &[(&[u8], &[u8])] = &[("\u{ff5e}".as_bytes(), b"bmp"), ("\u{1f600}".as_bytes(), b"astral")];
    let many: Vec<_> = (0..100).map(|i| (format!("key {i:03}"), format!("value {i}"))).collect();
    let many: Vec<_> = many.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
    // Count, two lengths, one byte of key: 65,535 in all.
    let long = vec![b'v'; 65_535 - 2 - 2 - 1 - 2];
    let longest: &[(&[u8], &[u8])] = &[(b"k", &long)];
    for pairs in [astral, &many, longest] {
        let outcome = Forge::new(PLAINTEXT).store(pairs).opens(&[]);
        let read = outcome.end.expect("a context");
        let read: Vec<_> = read.pairs().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        assert_eq!(read, pairs);
        assert_eq!(outcome.released, PLAINTEXT);
    }
}

#[test]
fn an_unsorted_context_opens_with_the_digest_of_the_sorted_one() {
    let forge = Forge::new(PLAINTEXT).store(&[(b"b", b"2"), (b"a", b"1")]);
    assert_eq!(forge.stored, serialize(&[(b"b", b"2"), (b"a", b"1")]));
    assert_eq!(forge.opens(&[("b", "2")]).end, Ok(context(&[("a", "1"), ("b", "2")])));

    let mut unsorted_digest = forge;
    unsorted_digest.whole = unsorted_digest.stored.clone();
    assert_eq!(unsorted_digest.open(&[]).end, Err(Code::Context));
}

/// What a header must not be, refused before any key is asked for.
#[test]
fn a_header_that_breaks_a_rule_is_refused() {
    let cases: &[(&str, Code, Alter)] = &[
        ("version 1", Code::EnvelopeUnsupported, |f| f.version = 1),
        ("version 0", Code::EnvelopeInvalid, |f| f.version = 0),
        ("version 3", Code::EnvelopeInvalid, |f| f.version = 3),
        ("another first byte", Code::EnvelopeInvalid, |f| f.version = b'A'),
        ("suite 0x0578, which signs", Code::EnvelopeUnsupported, |f| f.suite = 0x0578),
        ("suite 0x0178, without commitment", Code::EnvelopeUnsupported, |f| f.suite = 0x0178),
        ("suite 0", Code::EnvelopeUnsupported, |f| f.suite = 0),
        ("no encrypted data key", Code::EnvelopeInvalid, |f| f.edks.clear()),
        ("nine encrypted data keys", Code::EnvelopeUnsupported, |f| f.edks = vec![f.edks[0].clone(); 9]),
        ("unframed content", Code::EnvelopeUnsupported, |f| f.content_type = 1),
        ("content type 0", Code::EnvelopeInvalid, |f| f.content_type = 0),
        ("content type 3", Code::EnvelopeInvalid, |f| f.content_type = 3),
        ("frame length 0", Code::EnvelopeInvalid, |f| f.frame_length = 0),
        ("frame length over the limit", Code::EnvelopeUnsupported, |f| f.frame_length = LIMITS.max_frame_length + 1),
        ("largest frame length", Code::EnvelopeUnsupported, |f| f.frame_length = u32::MAX),
        ("context key twice", Code::EnvelopeInvalid, |f| f.stored = serialize(&[(b"a", b"1"), (b"a", b"2")])),
        ("context pair twice", Code::EnvelopeInvalid, |f| f.stored = serialize(&[(b"a", b"1"), (b"a", b"1")])),
        ("context key not UTF-8", Code::EnvelopeInvalid, |f| f.stored = serialize(&[(b"\xff", b"1")])),
        ("context value not UTF-8", Code::EnvelopeInvalid, |f| f.stored = serialize(&[(b"a", b"\xc3")])),
        ("surrogate in a context", Code::EnvelopeInvalid, |f| f.stored = serialize(&[(b"a", b"\xed\xa0\x80")])),
        ("overlong UTF-8 in a context", Code::EnvelopeInvalid, |f| f.stored = serialize(&[(b"a", b"\xc1\x81")])),
        ("context count 0", Code::EnvelopeInvalid, |f| f.stored = vec![0, 0]),
        ("context of one byte", Code::EnvelopeInvalid, |f| f.stored = vec![0]),
        ("context count over its pairs", Code::EnvelopeInvalid, |f| {
            f.stored = serialize(&[(b"a", b"1")]);
            f.stored[1] = 2;
        }),
        ("context count under its pairs", Code::EnvelopeInvalid, |f| {
            f.stored = serialize(&[(b"a", b"1"), (b"b", b"2")]);
            f.stored[1] = 1;
        }),
        ("context value overruns its field", Code::EnvelopeInvalid, |f| {
            f.stored = serialize(&[(b"a", b"1")]);
            f.stored[6] = 2;
        }),
        ("bytes after the context's pairs", Code::EnvelopeInvalid, |f| {
            f.stored = serialize(&[(b"a", b"1")]);
            f.stored.push(0);
        }),
        ("aws-crypto-public-key", Code::EnvelopeInvalid, |f| {
            f.stored = serialize(&[(b"aws-crypto-public-key", b"x")]);
        }),
    ];
    for (name, code, alter) in cases {
        let mut forge = Forge::new(PLAINTEXT);
        alter(&mut forge);
        forge.whole = forge.stored.clone();
        let outcome = forge.open(&[]);
        assert_eq!(outcome, Outcome { released: vec![], kms_calls: 0, end: Err(*code) }, "{name}");
    }
}

#[test]
fn limits_hold_before_what_they_limit_arrives() {
    let mut forge = Forge::new(PLAINTEXT).store(&[(b"a", b"1")]);
    forge.edk_count = Some(u16::MAX);
    let count_at = 1 + 2 + 32 + 2 + forge.stored.len();
    // If nothing follows. Otherwise a few more bytes are read, which may show how it arose: 2,048 in all.
    let refused = |bytes: &[u8]| match Header::read(bytes, &LIMITS) {
        Ok(HeaderRead::Need(len)) if len <= 2048 => Header::truncated(bytes, &LIMITS).code(),
        other => panic!("{other:?}"),
    };
    let bytes = forge.bytes();
    assert_eq!(refused(&bytes[..=count_at]), Code::Truncated);
    assert_eq!(refused(&bytes[..count_at + 2]), Code::EnvelopeUnsupported);
    let longer = [&bytes[..count_at + 2], &Edk::new("aws-kms-rsa", ARN, WRAPPED).fields(), &[0; 2048]].concat();
    assert_eq!(Header::read(&longer, &LIMITS).err().map(|error| error.code()), Some(Code::EnvelopeUnsupported));

    forge.edk_count = None;
    forge.frame_length = LIMITS.max_frame_length + 1;
    let length_end = forge.header_body().len() - 32;
    assert_eq!(refused(&forge.bytes()[..length_end - 1]), Code::Truncated);
    assert_eq!(refused(&forge.bytes()[..length_end]), Code::EnvelopeUnsupported);

    forge.frame_length = LIMITS.max_frame_length;
    forge.edks = vec![forge.edks[0].clone(); 8];
    assert!(matches!(Header::read(&forge.bytes(), &LIMITS), Ok(HeaderRead::Done(_))), "both at the limit");
    // Each limit is the caller's.
    forge.frame_length = u32::MAX;
    let raised = Limits { max_encrypted_data_keys: 9, min_frame_length: 1, max_frame_length: u32::MAX };
    forge.edks = vec![forge.edks[0].clone(); 9];
    assert!(matches!(Header::read(&forge.bytes(), &raised), Ok(HeaderRead::Done(_))));
    // Frames of any length above 0 are taken by default.
    forge.frame_length = 1;
    assert!(matches!(Header::read(&forge.bytes(), &raised), Ok(HeaderRead::Done(_))));
    for (limit, code) in [(2, Some(Code::EnvelopeUnsupported)), (1, None)] {
        let limits = Limits { min_frame_length: limit, ..raised };
        let whole = [forge.bytes(), vec![0; 2048]].concat();
        assert_eq!(Header::read(&whole, &limits).err().map(|error| error.code()), code, "at least {limit}");
    }
}

/// What a body must not be. All tags are right for what is written; `released` frames come out.
#[test]
fn a_body_that_breaks_a_rule_is_refused() {
    let cases: &[(&str, Code, usize, Alter)] = &[
        ("sequence from 0", Code::EnvelopeInvalid, 0, |f| {
            f.frames = (0..3).map(|n| ForgedFrame::new(n, n == 2, &[1; 8])).collect();
        }),
        ("sequence from 2", Code::EnvelopeInvalid, 0, |f| drop(f.frames.remove(0))),
        ("a gap", Code::EnvelopeInvalid, 1, |f| drop(f.frames.remove(1))),
        ("two frames swapped", Code::EnvelopeInvalid, 0, |f| f.frames.swap(0, 1)),
        ("a frame twice", Code::EnvelopeInvalid, 1, |f| f.frames.insert(1, f.frames[0].clone())),
        ("a final frame out of order", Code::EnvelopeInvalid, 2, |f| f.frames[2] = ForgedFrame::new(4, true, b"end")),
        ("another IV", Code::EnvelopeInvalid, 1, |f| f.frames[1].iv = [0x55; 12]),
        ("another IV of a final frame", Code::EnvelopeInvalid, 2, |f| f.frames[2].iv[0] = 1),
        ("an IV of 0, the header's", Code::EnvelopeInvalid, 0, |f| f.frames[0].iv = [0; 12]),
        ("final frame longer than the frame length", Code::EnvelopeInvalid, 2, |f| {
            f.frames[2] = ForgedFrame::new(3, true, b"nine long");
        }),
        ("no final frame", Code::Truncated, 2, |f| drop(f.frames.pop())),
        ("no frame", Code::Truncated, 0, |f| f.frames.clear()),
        ("a short regular frame", Code::Authentication, 1, |f| f.frames[1] = ForgedFrame::new(2, false, b"seven b")),
        ("a byte after the end", Code::EnvelopeInvalid, 3, |f| f.after = vec![0]),
        ("another envelope after the end", Code::EnvelopeInvalid, 3, |f| f.after = f.bytes()),
        ("a second final frame", Code::EnvelopeInvalid, 3, |f| f.frames.push(ForgedFrame::new(4, true, b"more"))),
        ("a frame after the end", Code::EnvelopeInvalid, 3, |f| f.frames.push(ForgedFrame::new(4, false, &[1; 8]))),
    ];
    for (name, code, released, alter) in cases {
        let mut forge = Forge::new(PLAINTEXT);
        assert_eq!(forge.frames.len(), 3);
        alter(&mut forge);
        let released = PLAINTEXT.chunks(8).take(*released).collect::<Vec<_>>().concat();
        let outcome = forge.open(&[]);
        assert_eq!(outcome, Outcome { released, kms_calls: 1, end: Err(*code) }, "{name}");
    }
}

#[test]
fn a_frame_of_another_message_does_not_open() {
    let mut other = Forge::new(PLAINTEXT);
    other.message_id = [10; 32];
    let forge = Forge::new(PLAINTEXT);
    let envelope = [forge.header(), other.frames.iter().flat_map(|frame| other.frame(frame)).collect()].concat();
    let outcome = forge.open_bytes(&envelope, &[]);
    assert_eq!(outcome, Outcome { released: vec![], kms_calls: 1, end: Err(Code::Authentication) });
}

#[test]
fn a_regular_frame_cannot_become_the_final_one() {
    let mut forge = Forge::new(&PLAINTEXT[..16]);
    let regular = forge.frame(&forge.frames[0]);
    forge.frames.clear();
    let head = [&[0xff; 4], &regular[..16], &8_u32.to_be_bytes()].concat();
    let envelope = [forge.header(), head, regular[16..].to_vec()].concat();
    assert_eq!(forge.open_bytes(&envelope, &[]).end, Err(Code::Authentication));
}
