//! What the tests share: an edge that seals, an edge that opens, a KMS, and a writer of messages that
//! shares no code with the crate. The fuzz targets (fuzz/) use it, too.

pub mod edge;
pub mod edk_oracle;
pub mod example;
pub mod forge;
pub mod key_oracle;
pub mod key_texts;
pub mod kinds;
pub mod kms;
pub mod known_answers;
pub mod oracles;

use kmseal::{EncryptionContext, KeyArn};
pub use known_answers::json;

pub const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const OTHER_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
pub const MRK_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
pub const MRK_REPLICA_ARN: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

pub fn arn(text: &str) -> KeyArn {
    text.parse::<KeyArn>().expect("a key ARN")
}

pub fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    let owned = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    EncryptionContext::from_pairs(owned).expect("an encryption context")
}

/// Bytes that differ from place to place, so that no frame equals another.
pub fn sample(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(31) >> 3) as u8 ^ i as u8).collect()
}

/// `bytes` in pieces of the given lengths, the rest at the end; empty pieces are kept.
pub fn split<'a>(bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for len in lengths {
        let (piece, after) = rest.split_at((*len).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}
