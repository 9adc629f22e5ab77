//! A header that another opener has unlocked: its hash and content key unlock it again, and no other header.

use crate::common::context;
use crate::common::edge::{LIMITS, unlock};
use crate::common::forge::{Forge, serialize};
use kmseal::{Cipher, Code, EncryptionContext, Error, Header, HeaderRead, Locked, Unlocked};

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// With one stored and one required pair.
fn forge() -> Forge {
    let mut forge = Forge::new(b"eight by").store(&[(b"user", b"4711")]);
    forge.required = serialize(&[(b"case", b"12")]);
    forge.whole = serialize(&[(b"case", b"12"), (b"user", b"4711")]);
    forge
}
const WHOLE: Pairs = &[("case", "12"), ("user", "4711")];

fn header(bytes: &[u8]) -> Header {
    match Header::read(bytes, &LIMITS) {
        Ok(HeaderRead::Done(header)) => header,
        other => panic!("{other:?}"),
    }
}

/// What an opener with the data key learns.
fn unlocked(forge: &Forge, expected: Pairs) -> Unlocked {
    let locked = Locked::new(header(&forge.header()), &context(expected)).expect("the stored context");
    unlock(&locked, &forge.answer()).expect("its own data key")
}

fn again(bytes: &[u8], known: &Unlocked, expected: &EncryptionContext) -> Result<Unlocked, Code> {
    let key = known.content_key.as_bytes();
    Unlocked::again(header(bytes), &known.header_hash, key, expected).map_err(|error: Error| error.code())
}

#[test]
fn a_header_is_unlocked_again_without_its_data_key() {
    let forge = forge();
    let known = unlocked(&forge, WHOLE);
    let mut again = again(&forge.bytes(), &known, &known.context).expect("the same header");
    assert_eq!((&again.context, &again.required), (&context(WHOLE), &context(&[("case", "12")])));
    assert_eq!(again.header_hash, known.header_hash);
    let frames = forge.bytes().split_off(forge.header().len());
    let frame = again.body.read(&frames[..kmseal::Body::HEAD_LEN]).expect("a frame");
    let (content, tag) = frames[frame.head_len()..].split_at(frame.len());
    let mut content = content.to_vec();
    let cipher = Cipher::new(&again.content_key);
    cipher.open(&frame, &mut content, tag.try_into().expect("a tag")).expect("its content");
    assert_eq!((content.as_slice(), again.body.is_done()), (b"eight by".as_slice(), true));
}

#[test]
fn every_other_header_is_refused_with_the_same_data_key_and_message_id_too() {
    let known = unlocked(&forge(), WHOLE);
    let refused = |what: &str, forge: &Forge| {
        let found = again(&forge.bytes(), &known, &known.context).map(|_| ());
        assert_eq!(found, Err(Code::Authentication), "{what}");
    };
    let mut other = forge();
    other.message_id = [8; 32];
    refused("another message", &other);
    let mut other = forge();
    other.edks.push(other.edks[0].clone());
    refused("one more encrypted data key", &other);
    let mut other = forge();
    other.frame_length = 9;
    refused("another frame length", &other);
    // Their tags are right: the sender, who knows the data key, can write them.
    let mut other = forge();
    other.stored = serialize(&[(b"user", b"1")]);
    refused("another stored context", &other);
}

#[test]
fn every_flipped_bit_of_a_header_is_refused() {
    let (forge, known) = (forge(), unlocked(&forge(), WHOLE));
    let bytes = forge.header();
    for at in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[at / 8] ^= 1 << (at % 8);
        let Ok(HeaderRead::Done(header)) = Header::read(&altered, &LIMITS) else { continue };
        let found = Unlocked::again(header, &known.header_hash, known.content_key.as_bytes(), &known.context);
        assert_eq!(found.map(|_| ()).map_err(|error| error.code()), Err(Code::Authentication), "bit {at}");
    }
}

#[test]
fn another_context_or_content_key_is_refused() {
    let (forge, known) = (forge(), unlocked(&forge(), WHOLE));
    let code = |pairs: Pairs| again(&forge.bytes(), &known, &context(pairs)).map(|_| ());
    assert_eq!(code(&[("case", "12"), ("user", "1")]), Err(Code::Context), "a stored pair");
    for (what, pairs) in [
        ("a required pair", &[("case", "13"), ("user", "4711")] as Pairs),
        ("without the required pair", &[("user", "4711")]),
        ("one pair more", &[("a", "1"), ("case", "12"), ("user", "4711")]),
    ] {
        assert_eq!(code(pairs), Err(Code::Authentication), "{what}");
    }
    let mut key = *known.content_key.as_bytes();
    key[31] ^= 1;
    let found = Unlocked::again(header(&forge.bytes()), &known.header_hash, &key, &known.context);
    assert_eq!(found.map(|_| ()).map_err(|error| error.code()), Err(Code::Authentication));
}
