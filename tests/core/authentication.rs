//! From header to content key: which keys are asked, what KMS must answer, which context must be
//! expected.

use crate::common::edge::{LIMITS, Outcome, unlock};
use crate::common::forge::{Edk, Forge, WRAPPED, serialize};
use crate::common::{ARN, MRK_ARN, MRK_REPLICA_ARN, OTHER_ARN, arn, context};
use kmseal::{Code, EncryptionContext, Header, HeaderRead, Limits, Locked, OpenerKey, Request};

type Pairs<'a> = &'a [(&'a str, &'a str)];

const PLAINTEXT: &[u8] = b"three frames of eight..";
/// As long as what a key made.
const JUNK: &[u8] = &[1; 256];

fn header(forge: &Forge) -> Header {
    match Header::read(&forge.header(), &LIMITS) {
        Ok(HeaderRead::Done(header)) => header,
        other => panic!("{other:?}"),
    }
}

fn named(request: &Request) -> String {
    request.key_id.as_ref().expect("a key of KMS").as_str().to_owned()
}

fn candidates(edk_arn: &str, key_ids: &[&str]) -> Result<Vec<String>, Code> {
    let mut forge = Forge::new(b"");
    forge.edks = vec![Edk::new("aws-kms-rsa", edk_arn, WRAPPED)];
    let locked = Locked::new(header(&forge), &EncryptionContext::default()).expect("an empty context");
    let keys: Vec<OpenerKey> = key_ids.iter().map(|id| arn(id).into()).collect();
    let found = locked.candidates(&keys).map_err(|error| error.code())?;
    Ok(found.into_iter().map(|candidate| named(&candidate.request)).collect())
}

#[test]
fn encrypted_data_keys_of_others_are_passed_over() {
    let ours = || Edk::new("aws-kms-rsa", ARN, WRAPPED);
    let others: &[Edk] = &[
        Edk::new("aws-kms-rsa", OTHER_ARN, b"junk"),
        Edk::new("aws-kms", ARN, b"junk"),
        Edk::new("raw-rsa", "wrapping key", b"junk"),
        Edk::new("aws-kms-rsa", "arn:aws:kms:eu-central-1:111122223333:alias/files", b"junk"),
        Edk::new("aws-kms-rsa", "alias/files", b"junk"),
        Edk::new("aws-kms-rsa", "1234abcd-12ab-34cd-56ef-1234567890ab", b"junk"),
        Edk::new("aws-kms-rsa", "", b""),
        Edk { provider_info: vec![0xff, 0xfe], ..ours() },
        Edk { provider_id: vec![0xff], ..ours() },
    ];
    for other in others {
        let mut forge = Forge::new(PLAINTEXT);
        forge.edks = vec![other.clone()];
        let outcome = forge.open(&[]);
        assert_eq!(outcome, Outcome { released: vec![], kms_calls: 0, end: Err(Code::NoMatchingKey) });
        for edks in [vec![other.clone(), ours()], vec![ours(), other.clone()]] {
            forge.edks = edks;
            assert_eq!(forge.opens(&[]).kms_calls, 1);
        }
    }
}

#[test]
fn the_same_key_twice_is_tried_twice() {
    let mut forge = Forge::new(PLAINTEXT);
    forge.edks.insert(0, Edk::new("aws-kms-rsa", ARN, JUNK));
    let outcome = forge.opens(&[]);
    assert_eq!((outcome.kms_calls, outcome.released.as_slice()), (2, PLAINTEXT));
}

/// Which of the opener's keys are asked, and about which of the encrypted data keys, by their first byte.
fn questions(edks: &[Edk], key_ids: &[&str]) -> Result<Vec<(String, u8)>, Code> {
    let mut forge = Forge::new(b"");
    forge.edks = edks.to_vec();
    let limits = Limits { max_encrypted_data_keys: u16::MAX, ..LIMITS };
    let Ok(HeaderRead::Done(header)) = Header::read(&forge.header(), &limits) else { panic!("no header") };
    let locked = Locked::new(header, &EncryptionContext::default()).expect("an empty context");
    let keys: Vec<OpenerKey> = key_ids.iter().map(|id| arn(id).into()).collect();
    let found = locked.candidates(&keys).map_err(|error| error.code())?;
    Ok(found.into_iter().map(|found| (named(&found.request), found.request.input[0])).collect())
}

#[test]
fn keys_are_asked_in_the_order_of_the_openers() {
    let edks = [
        Edk::new("aws-kms-rsa", OTHER_ARN, &[1; 256]),
        Edk::new("aws-kms-rsa", ARN, &[2; 256]),
        Edk::new("aws-kms-rsa", MRK_ARN, &[3; 256]),
        Edk::new("aws-kms-rsa", ARN, &[4; 256]),
    ];
    let asked = |key_ids: &[&str]| questions(&edks, key_ids).expect("matching keys");
    let pair = |arn: &str, first| (arn.to_owned(), first);
    assert_eq!(asked(&[ARN, OTHER_ARN]), [pair(ARN, 2), pair(ARN, 4), pair(OTHER_ARN, 1)]);
    assert_eq!(asked(&[OTHER_ARN, ARN]), [pair(OTHER_ARN, 1), pair(ARN, 2), pair(ARN, 4)]);
    let (near, far) = (MRK_REPLICA_ARN, MRK_ARN);
    assert_eq!(asked(&[near, OTHER_ARN, far]), [pair(near, 3), pair(OTHER_ARN, 1), pair(far, 3)]);
}

#[test]
fn the_same_encrypted_data_key_is_asked_about_once() {
    let edk = |arn, first: u8| Edk::new("aws-kms-rsa", arn, &[first; 256]);
    let many = vec![edk(ARN, 1); 8];
    assert_eq!(questions(&many, &[ARN]).map(|asked| asked.len()), Ok(1));
    let mixed = [edk(ARN, 9), edk(ARN, 1), edk(ARN, 9), edk(ARN, 1), edk(OTHER_ARN, 9), edk(ARN, 5)];
    let pair = |arn: &str, first| (arn.to_owned(), first);
    assert_eq!(questions(&mixed, &[ARN]), Ok(vec![pair(ARN, 9), pair(ARN, 1), pair(ARN, 5)]));
    // One by one key, though the envelope names it in two regions; an opener's key that is given twice.
    let regions = [edk(MRK_ARN, 1), edk(MRK_REPLICA_ARN, 1)];
    assert_eq!(questions(&regions, &[MRK_ARN]), Ok(vec![pair(MRK_ARN, 1)]));
    assert_eq!(questions(&many, &[ARN, ARN]).map(|asked| asked.len()), Ok(1));
}

#[test]
fn what_no_key_made_is_not_asked_about() {
    for len in [0, 1, 128, 255, 257, 383, 385, 511, 513, 1024, 65_535] {
        let impossible = Edk::new("aws-kms-rsa", ARN, &vec![1; len]);
        assert_eq!(questions(&vec![impossible.clone(); 8], &[ARN]), Err(Code::EnvelopeInvalid), "{len} bytes");
        for possible in [256, 384, 512] {
            let edks = [impossible.clone(), Edk::new("aws-kms-rsa", ARN, &vec![2; possible])];
            assert_eq!(questions(&edks, &[ARN]), Ok(vec![(ARN.to_owned(), 2)]), "{len} and {possible} bytes");
        }
    }
}

#[test]
fn multi_region_keys_match_in_any_region() {
    assert_eq!(candidates(MRK_ARN, &[MRK_REPLICA_ARN]), Ok(vec![MRK_REPLICA_ARN.to_owned()]));
    // The nearest first, whatever region the envelope names; and the others, for when that one is down.
    for key_ids in [[MRK_REPLICA_ARN, MRK_ARN], [MRK_ARN, MRK_REPLICA_ARN]] {
        assert_eq!(candidates(MRK_ARN, &key_ids), Ok(key_ids.map(str::to_owned).to_vec()));
    }

    let moved = |from: &str, to: &str| candidates(ARN, &[&ARN.replace(from, to)]);
    assert_eq!(moved("eu-central-1", "us-west-2"), Err(Code::NoMatchingKey), "a single-Region key");
    let moved = |from: &str, to: &str| candidates(MRK_ARN, &[&MRK_REPLICA_ARN.replace(from, to)]);
    assert_eq!(moved("111122223333", "444455556666"), Err(Code::NoMatchingKey), "another account");
    assert_eq!(moved("arn:aws:", "arn:aws-cn:"), Err(Code::NoMatchingKey), "another partition");
    assert_eq!(moved("mrk-1234", "mrk-4321"), Err(Code::NoMatchingKey), "another key");
    assert_eq!(candidates(ARN, &[]), Err(Code::NoMatchingKey), "no keys");
}

#[test]
fn what_kms_answers_must_fit() {
    let forge = Forge::new(PLAINTEXT).store(&[(b"a", b"1")]);
    let right = forge.answer();
    let flipped = |at: usize| {
        let mut answer = right.clone();
        answer[at] ^= 1;
        answer
    };
    let longer = [right.as_slice(), &[0]].concat();
    let swapped = [&right[48..], &right[..48]].concat();
    let cases: &[(&str, Code, &[u8])] = &[
        ("nothing", Code::Kms, b""),
        ("the data key alone", Code::Kms, &right[48..]),
        ("79 bytes", Code::Kms, &right[..79]),
        ("81 bytes", Code::Kms, &longer),
        ("the digest's first bit", Code::Context, &flipped(0)),
        ("the digest's last byte", Code::Context, &flipped(47)),
        ("data key before digest", Code::Context, &swapped),
        ("the data key's first bit", Code::Authentication, &flipped(48)),
        ("the data key's last byte", Code::Authentication, &flipped(79)),
    ];
    for (name, code, answer) in cases {
        let locked = Locked::new(header(&forge), &context(&[("a", "1")])).expect("the stored context");
        let error = unlock(&locked, answer).map(|_| ()).expect_err(name);
        assert_eq!(error.code(), *code, "{name}");
        let says = "a plaintext that is not a data key of this format (it must be 80 bytes)";
        assert_eq!(error.message().contains(says), *code == Code::Kms, "{name}: {error}");
    }
    let locked = Locked::new(header(&forge), &EncryptionContext::default()).expect("nothing expected");
    assert_eq!(unlock(&locked, &right).expect("the right answer").context, context(&[("a", "1")]));
}

#[test]
fn a_header_under_another_tag_does_not_authenticate() {
    let forge = Forge::new(PLAINTEXT);
    let mut envelope = forge.bytes();
    let tag_at = forge.header().len() - 16;
    envelope[tag_at] ^= 1;
    let outcome = forge.open_bytes(&envelope, &[]);
    assert_eq!(outcome, Outcome { released: vec![], kms_calls: 1, end: Err(Code::Authentication) });
}

#[test]
fn a_header_that_commits_to_another_key_does_not_open() {
    // Anyone who knows two data keys can make a message that authenticates under both: the commit key
    // is what it cannot have twice.
    let mut forge = Forge::new(PLAINTEXT);
    forge.commit_key = Some([1; 32]);
    assert_eq!(forge.open(&[]), Outcome { released: vec![], kms_calls: 1, end: Err(Code::Authentication) });
}

#[test]
fn a_context_opens_only_where_every_expected_pair_matches() {
    let mut forge = Forge::new(PLAINTEXT).store(&[(b"s", b"stored")]);
    forge.required = serialize(&[(b"h", b"hidden"), (b"t", b"too")]);
    forge.whole = serialize(&[(b"h", b"hidden"), (b"s", b"stored"), (b"t", b"too")]);
    let (hidden, too) = (("h", "hidden"), ("t", "too"));
    let whole = context(&[hidden, ("s", "stored"), too]);
    assert_eq!(forge.opens(&[hidden, too]).end, Ok(whole.clone()));
    assert_eq!(forge.opens(&[hidden, too, ("s", "stored")]).end, Ok(whole));

    // A stored pair is compared before KMS is asked, a required one by the digest that KMS answers.
    let cases: &[(&str, usize, Pairs)] = &[
        ("a stored pair with another value", 0, &[hidden, too, ("s", "other")]),
        ("a stored pair with an empty value", 0, &[hidden, too, ("s", "")]),
        ("no required pair", 1, &[]),
        ("a required pair missing", 1, &[hidden]),
        ("a required pair with another value", 1, &[hidden, ("t", "two")]),
        ("values exchanged", 1, &[("h", "too"), ("t", "hidden")]),
        ("a pair more", 1, &[hidden, too, ("x", "")]),
        ("another case of a stored key", 1, &[hidden, too, ("S", "stored")]),
    ];
    for (name, kms_calls, expected) in cases {
        let outcome = forge.open(expected);
        assert_eq!(outcome, Outcome { released: vec![], kms_calls: *kms_calls, end: Err(Code::Context) }, "{name}");
    }
}

#[test]
fn required_pairs_are_under_the_header_tag() {
    // The digest agrees, but the tag was made over no required pairs.
    let mut forge = Forge::new(PLAINTEXT);
    forge.whole = serialize(&[(b"h", b"hidden")]);
    assert_eq!(forge.open(&[("h", "hidden")]).end, Err(Code::Authentication));
    forge.required = forge.whole.clone();
    forge.opens(&[("h", "hidden")]);
}

#[test]
fn expected_and_stored_pairs_that_are_too_long_together_are_refused_before_kms_is_asked() {
    let long = "v".repeat(40_000);
    let forge = Forge::new(PLAINTEXT).store(&[(b"s", long.as_bytes())]);
    let outcome = forge.open(&[("h", &long)]);
    assert_eq!(outcome, Outcome { released: vec![], kms_calls: 0, end: Err(Code::Context) });
}
