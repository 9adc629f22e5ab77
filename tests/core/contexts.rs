//! Encryption contexts: their one order, their bytes, and what is refused before sealing.

use crate::common::context;
use crate::common::forge::serialize;
use kmseal::{Code, EncryptionContext};
use proptest::prelude::*;

/// Pairs with distinct keys of any characters, in any order.
fn any_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = || prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter);
    prop::collection::btree_map(text(), text(), 0..20)
        .prop_map(|pairs| pairs.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_filter("reserved", |pairs| !pairs.iter().any(|(key, _)| key.starts_with("aws-crypto-")))
}

proptest! {
    #[test]
    fn the_order_is_that_of_the_key_bytes_whatever_was_first(pairs in any_pairs()) {
        let mut sorted: Vec<_> = pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        sorted.sort();
        let context = EncryptionContext::from_pairs(pairs.clone()).expect("a context");
        let given: Vec<_> = context.pairs().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        prop_assert_eq!(&given, &sorted);
        let expected = if sorted.is_empty() { Vec::new() } else { serialize(&sorted) };
        prop_assert_eq!(context.serialize(), Ok(expected));
        prop_assert_eq!(context.is_empty(), pairs.is_empty());
    }

    #[test]
    fn joining_is_the_same_from_either_side(pairs in any_pairs(), cut in any::<prop::sample::Index>()) {
        let (left, right) = pairs.split_at(cut.index(pairs.len() + 1));
        let [left, right, whole] = [left, right, &pairs[..]]
            .map(|pairs| EncryptionContext::from_pairs(pairs.to_vec()).expect("a context"));
        prop_assert_eq!(left.merged(&right), Ok(whole.clone()));
        prop_assert_eq!(right.merged(&left), Ok(whole.clone()));
        prop_assert_eq!(left.with_required(&right), Ok(whole.clone()));
        // What an opener expects, less what is stored, is what was required.
        prop_assert_eq!(whole.required_beside(&left), Ok(right.clone()));
        prop_assert_eq!(right.required_beside(&left), Ok(right));
    }
}

#[test]
fn astral_keys_come_after_all_others() {
    // UTF-16 units, as JavaScript's sort() compares them, would put the astral key first.
    let context = context(&[("\u{1f600}", "astral"), ("\u{ff5e}", "bmp")]);
    assert_eq!(context.pairs().map(|(key, _)| key).collect::<Vec<_>>(), ["\u{ff5e}", "\u{1f600}"]);
}

#[test]
fn contexts_that_break_a_rule_are_refused() {
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        EncryptionContext::from_pairs(pairs).map_err(|error| error.code())
    };
    // Count, two lengths, one byte of key.
    let fits = 65_535 - 2 - 2 - 1 - 2;
    let value = "v".repeat(fits + 1);
    let longest = pairs(&[("k", &value[..fits])]).expect("65,535 bytes");
    assert_eq!(longest.serialize().map(|bytes| bytes.len()), Ok(65_535));
    assert_eq!(pairs(&[("k", &value)]), Err(Code::Context), "65,536 bytes");
    assert_eq!(pairs(&[("k", &value[..30_000]), ("l", &value[..40_000])]), Err(Code::Context), "two pairs too long");
    assert_eq!(pairs(&[(&"k".repeat(70_000), "")]), Err(Code::Context), "a key too long");
    assert_eq!(pairs(&[("k", &"v".repeat(70_000))]), Err(Code::Context), "a value too long");
    let many = (0..70_000).map(|i| (i.to_string(), String::new()));
    let many = EncryptionContext::from_pairs(many).map_err(|error| error.code());
    assert_eq!(many, Err(Code::Context), "70,000 pairs");

    for reserved in ["aws-crypto-", "aws-crypto-public-key", "aws-crypto-anything"] {
        assert_eq!(pairs(&[(reserved, "")]), Err(Code::Context), "{reserved}");
    }
    assert!(pairs(&[("aws-crypt", ""), ("AWS-CRYPTO-", ""), ("x-aws-crypto-", "")]).is_ok());
    assert_eq!(pairs(&[("a", "1"), ("a", "2")]), Err(Code::Context), "a key twice");
    assert_eq!(pairs(&[("a", "1"), ("a", "1")]), Err(Code::Context), "a pair twice");
    // One letter in two normal forms is two keys.
    assert!(pairs(&[("\u{e9}", ""), ("e\u{301}", "")]).is_ok());
}

#[test]
fn contexts_that_disagree_are_not_joined() {
    let code = |result: kmseal::Result<EncryptionContext>| result.map_err(|error| error.code());
    let (one, two) = (context(&[("a", "1")]), context(&[("a", "2")]));
    let other = context(&[("b", "2")]);
    let both = context(&[("a", "1"), ("b", "2")]);
    assert_eq!(code(one.merged(&other)), Ok(both.clone()));
    assert_eq!(code(one.merged(&both)), Ok(both.clone()), "the same pair in both");
    assert_eq!(code(one.merged(&two)), Err(Code::Context), "two values");
    assert_eq!(code(one.with_required(&other)), Ok(both));
    assert_eq!(code(one.with_required(&one)), Err(Code::Context), "stored and required");
    assert_eq!(code(one.with_required(&two)), Err(Code::Context), "stored and required, two values");
    let (long, longer) = (context(&[("a", &"v".repeat(40_000))]), context(&[("b", &"v".repeat(40_000))]));
    assert_eq!(code(long.merged(&longer)), Err(Code::Context), "too long together");
    assert_eq!(code(long.with_required(&longer)), Err(Code::Context), "too long with the required pairs");
}
