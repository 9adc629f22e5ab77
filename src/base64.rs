//! Base64 of public keys and fingerprints, which are not secret: its time depends on them. (`base64ct` is 0.7 KB more of the .wasm.)
//!
//! Source: RFC 4648, 3.2 (padding), 3.5 (canonical encoding) and 4.

use alloc::string::String;
use alloc::vec::Vec;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| three.get(at).map_or(0, |byte| u32::from(*byte)));
        let number = a << 16 | b << 8 | c;
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS.get((number >> shift & 63) as usize).filter(|_| at <= three.len());
            text.push(char::from(*digit.unwrap_or(&b'=')));
        }
    }
    text
}

/// The bytes of a padded text; none for one that is not the encoding of any bytes.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::new();
    let mut number = 0_u32;
    for (at, digit) in digits.iter().enumerate() {
        let value = DIGITS.iter().position(|own| own == digit)?;
        number = number << 6 | value as u32;
        // The first digit of four ends no byte, and the others leave 4, 2 and 0 bits to the next one.
        let left = [6, 4, 2, 0].get(at % 4)?;
        if at % 4 != 0 {
            bytes.push((number >> left) as u8);
            number &= !(u32::MAX << left);
        }
    }
    (text.len().is_multiple_of(4) && number == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_are_encoded_as_by_another_library(bytes: Vec<u8>) {
            prop_assert_eq!(encode(&bytes), Base64::encode_string(&bytes));
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn texts_are_decoded_or_refused_as_by_another_library(text in "[A-Da-d0-9+/=-]{0,12}|[AQgw]{2,3}={0,3}|[A-Z]{4}[AQgwEI]{1,3}={0,2}") {
            prop_assert_eq!(decode(text.as_bytes()), Base64::decode_vec(&text).ok());
        }
    }
}
