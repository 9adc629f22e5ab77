//! Elements of DER, as deep as a public key's go (X.690, 8.1 and 10.1: lengths are definite and in the fewest bytes).
//!
//! Read here and not by the `der` crate, which is 3 KB of the 80 KiB of the page's package. tests/core/common/oracles.rs compares what is
//! taken with what that crate takes.

use alloc::vec::Vec;

use crate::wire::Reader;

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;

/// Tag and content.
pub type Element<'a> = (u8, &'a [u8]);

/// All elements that follow each other in `bytes`; none if there is anything else.
pub fn elements(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut reader = Reader::new(bytes);
    let mut elements = Vec::new();
    while !reader.is_empty() {
        elements.push(element(&mut reader)?);
    }
    Some(elements)
}

/// The elements in a SEQUENCE that is all of `bytes`.
pub fn sequence(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    match elements(bytes)?.as_slice() {
        [(SEQUENCE, content)] => elements(content),
        _ => None,
    }
}

/// The bytes of an INTEGER over 0, without the zero before a first bit that is set (X.690, 8.3).
pub fn positive(content: &[u8]) -> Option<&[u8]> {
    match content {
        [0, number @ ..] if number.first().is_some_and(|first| *first >= 0x80) => Some(number),
        [1..=0x7f, ..] => Some(content),
        _ => None,
    }
}

/// Up to 65,535 bytes, far more than any key has.
fn element<'a>(reader: &mut Reader<'a>) -> Option<Element<'a>> {
    let tag = reader.u8().ok()?;
    let len = match reader.u8().ok()? {
        len @ ..=0x7f => len.into(),
        0x81 => reader.u8().ok().filter(|len| *len >= 0x80)?.into(),
        0x82 => reader.u16().ok().filter(|len| *len > 0xff)?.into(),
        _ => return None,
    };
    Some((tag, reader.take(len).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_taken_in_its_fewest_bytes_and_in_no_others() {
        for (len, shortest) in [(0, 1), (1, 1), (0x7f, 1), (0x80, 2), (0xff, 2), (0x100, 3), (0xffff, 3)] {
            let content = alloc::vec![7; len];
            let [_, .., b, a] = (len as u32).to_be_bytes();
            for (bytes, head) in [(1, &[a][..]), (2, &[0x81, a]), (3, &[0x82, b, a]), (4, &[0x83, 0, b, a])] {
                if bytes < shortest {
                    continue;
                }
                let der = [&[OCTET_STRING], head, &content].concat();
                let expected = (bytes == shortest).then(|| alloc::vec![(OCTET_STRING, content.as_slice())]);
                assert_eq!(elements(&der), expected, "{len} in {bytes} bytes");
                assert_eq!(elements(&der[..der.len() - 1]), None, "{len} in {bytes} bytes, and cut");
            }
        }
        assert_eq!(elements(&[OCTET_STRING, 0x80, 0, 0]), None, "an indefinite length");
    }

    #[test]
    fn an_integer_is_positive_in_its_fewest_bytes() {
        for number in [&[1][..], &[0x7f], &[1, 0], &[0x7f, 0xff]] {
            assert_eq!(positive(number), Some(number));
        }
        for number in [&[0x80][..], &[0xff], &[0x80, 0]] {
            assert_eq!(positive(number), None, "{number:x?} is negative");
            assert_eq!(positive(&[&[0], number].concat()), Some(number));
        }
        for number in [&[][..], &[0], &[0, 0], &[0, 0x7f], &[0, 0, 0x80]] {
            assert_eq!(positive(number), None, "{number:x?}");
        }
    }
}
