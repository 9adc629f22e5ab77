//! What happened to an envelope that something took for text, or stored in another form: reported where it
//! is certain, so that nobody fetches the same damage again or loosens a limit for it.

use crate::context::EncryptionContext;
use crate::error::{Code, Error, Result, decimal};
use crate::key_text::find;
use crate::suite::{MESSAGE_ID_LEN, SUITE_ID, VERSION};
use crate::wire::Reader;

/// The number of bytes to examine. Eight line feeds are expected in this many.
pub const LOOK_LEN: usize = 2048;

const START: [u8; 3] = {
    let [high, low] = SUITE_ID.to_be_bytes();
    [VERSION, high, low]
};
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
/// For random bytes, the chance that this many line feeds all follow a carriage return is one in 16 million.
const SURE_OF_LINES: usize = 3;
/// The same for a frame, whose bytes are more.
const SURE_OF_LINES_IN_FRAME: usize = 8;
/// Different values in 32 bytes of a message id, which are random: there are never fewer.
const SURE_OF_RANDOM: u32 = 8;

const REPLACED: &str =
    "was decoded as UTF-8 text on its way, which replaced bytes and cannot be undone; send it again as binary data";
const SPREAD: &str = "was taken for text: each byte above 7F became several; send it again as binary data";
const STRIPPED: &str = "was taken for text and lost every byte above 7F; send it again as binary data";
const WIDENED: &str = "was written as UTF-16 or UTF-32 text; send it again as binary data";
const LINES: &str = "was taken for text, and its line endings were converted; send it again as binary data";
const MARKED: &str = "has a byte order mark before it, as text has; store it without one, as binary data";
const BASE64: &str = "was re-encoded as text, in base64; decode it before opening it";
const HEXADECIMAL: &str = "was re-encoded as text, in hexadecimal; decode it before opening it";
const NUMBERS: &str = "is written as a list of numbers; store the bytes themselves";
const ESCAPED: &str = "is written as an escaped string; store the bytes themselves";
const DATA_URL: &str = "is still a data: URL; decode it before opening it";
const COMPRESSED: &str = "is still compressed; decompress it before opening it";
const CHUNKED: &str = "is still in HTTP chunks (aws-chunked); store the body that they make up";
const MULTIPART: &str = "is still inside a multipart form; store the part that holds it";

const NAME: &str = "the name of a JavaScript object; store the bytes themselves";
const MARKUP: &str =
    "an XML or HTML page, such as an error that a server answered; read it, then fetch the envelope again";
const JSON: &str = "JSON, such as an error that a server answered; read it, then fetch the envelope again";
const RESPONSE: &str = "an HTTP response with its head; store the body alone";
const POINTER: &str = "a pointer of Git LFS; fetch the file that it stands for";
const TEXT: &str = "text; fetch the envelope again, as binary data";

/// The first characters of an envelope in other forms.
const FORMS: &[(&[u8], &str)] = &[
    (b"\x02\0\x04\0\x78\0", WIDENED),
    (b"\xff\xfe\x02\0\x04\0", WIDENED),
    (b"\0\x02\0\x04\0\x78", WIDENED),
    (b"\xfe\xff\0\x02\0\x04", WIDENED),
    (b"\x02\0\0\0\x04\0\0\0", WIDENED),
    (b"\0\0\0\x02\0\0\0\x04", WIDENED),
    (b"\x1f\x8b\x08", COMPRESSED),
    (b"\x28\xb5\x2f\xfd", COMPRESSED),
    (b"\x78\x01", COMPRESSED),
    (b"\x78\x5e", COMPRESSED),
    (b"\x78\x9c", COMPRESSED),
    (b"\x78\xda", COMPRESSED),
];

/// The same in text, behind quotes and brackets.
const SPELLINGS: &[(&str, &str)] = &[
    ("AgR4", BASE64),
    ("QWdSN", BASE64),
    ("data:", DATA_URL),
    ("020478", HEXADECIMAL),
    ("02 04 78", HEXADECIMAL),
    ("02:04:78", HEXADECIMAL),
    ("0x02", HEXADECIMAL),
    ("\\x020478", HEXADECIMAL),
    ("2,4,120,", NUMBERS),
    ("2, 4, 120,", NUMBERS),
    ("2 4 120 ", NUMBERS),
    ("0\":2,\"1\":4,", NUMBERS),
    ("type\":\"Buffer\"", NUMBERS),
    ("\\u0002\\u0004x", ESCAPED),
    ("\\x02\\x04x", ESCAPED),
    ("\\002\\004x", ESCAPED),
    ("%02%04x", ESCAPED),
    ("=02=04x", ESCAPED),
    ("&#2;&#4;x", ESCAPED),
];

/// Other kinds of data, by their first characters.
const OTHERS: &[(&str, &str)] = &[
    ("[object ", NAME),
    ("<", MARKUP),
    ("{", JSON),
    ("[", JSON),
    ("\"", JSON),
    ("HTTP/", RESPONSE),
    ("version https://git-lfs", POINTER),
];

const ENVELOPE: &str = "the envelope ";

/// The error of these first bytes of an envelope: `error`, or what happened to them.
#[cold]
pub fn explained(bytes: &[u8], error: Error) -> Error {
    match look(first(bytes)) {
        None => error,
        Some((before, what)) => Error::new(Code::EnvelopeInvalid, &[before, what]),
    }
}

/// Refuses a header that can be read and yet was taken for text, before anybody is asked about
/// the rest of its data key.
pub fn check(header: &[u8]) -> Result<()> {
    match header.strip_prefix(&START).and_then(|rest| as_text(first(rest))) {
        None => Ok(()),
        Some(what) => Err(Error::new(Code::EnvelopeInvalid, &[ENVELOPE, what])),
    }
}

fn first(bytes: &[u8]) -> &[u8] {
    bytes.get(..LOOK_LEN).unwrap_or(bytes)
}

/// The error of a frame with a wrong tag, from its content in the envelope.
#[cold]
pub fn altered_frame(sequence_number: u32, content: &[u8]) -> Error {
    if !lines_converted([content, &[]], SURE_OF_LINES_IN_FRAME) {
        return Error::altered_frame(sequence_number);
    }
    let sequence = decimal(sequence_number.into());
    Error::new(Code::Authentication, &["frame ", &sequence, " does not authenticate: the envelope ", LINES])
}

fn look(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if let Some(rest) = bytes.strip_prefix(&START) {
        let what = as_text(rest).or_else(|| lines_converted(without_context(rest), SURE_OF_LINES).then_some(LINES));
        return what.map(|what| (ENVELOPE, what));
    }
    if let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK).and_then(|rest| rest.strip_prefix(&START)) {
        return Some((ENVELOPE, as_text(rest).unwrap_or(MARKED)));
    }
    let form = FORMS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what);
    if let Some(what) = form.or_else(|| is_chunked(bytes).then_some(CHUNKED)).or_else(|| spelled(bytes)) {
        return Some((ENVELOPE, what));
    }
    other(bytes).map(|what| ("this is not an envelope but ", what))
}

/// What happened to an envelope that begins correctly: it was taken for text.
fn as_text(rest: &[u8]) -> Option<&'static str> {
    let id = rest.get(..MESSAGE_ID_LEN)?;
    // A message id is random, and random bytes are not UTF-8.
    if is_utf8(rest) {
        if contains(rest, REPLACEMENT) {
            return Some(REPLACED);
        }
        let values = id.iter().fold(0_u128, |seen, byte| seen | 1 << (byte & 0x7f)).count_ones();
        let what = if rest.is_ascii() { STRIPPED } else { SPREAD };
        return (values >= SURE_OF_RANDOM).then_some(what);
    }
    // Decoded as UTF-8, and then written as one byte for each character. One random byte in 128 is this one.
    let high = rest.iter().filter(|byte| !byte.is_ascii());
    let replaced = high.clone().filter(|byte| **byte == 0xfd).count();
    (replaced >= MESSAGE_ID_LEN / 4 && replaced >= high.count() / 2).then_some(REPLACED)
}

/// The bytes except an unchanged context, whose text may have its own lines.
fn without_context(rest: &[u8]) -> [&[u8]; 2] {
    let mut reader = Reader::new(rest);
    let fields = reader.take(MESSAGE_ID_LEN).and_then(|id| Ok((id, reader.field()?)));
    match fields {
        Ok((id, context)) if EncryptionContext::parse(context).is_ok() => {
            [id, rest.get(reader.position()..).unwrap_or_default()]
        }
        _ => [rest, &[]],
    }
}

/// Whether every line feed follows a carriage return, and there are enough of them to be sure.
fn lines_converted(parts: [&[u8]; 2], sure: usize) -> bool {
    let mut before = 0;
    let mut lines = 0_usize;
    for &byte in parts.into_iter().flatten() {
        if byte == b'\n' {
            if before != b'\r' {
                return false;
            }
            lines = lines.saturating_add(1);
        }
        before = byte;
    }
    lines >= sure
}

/// A size in hexadecimal, perhaps a signature, a line's end, and then the envelope.
fn is_chunked(bytes: &[u8]) -> bool {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(line), Some(rest)) = (lines.next(), lines.next()) else { return false };
    line.first().is_some_and(u8::is_ascii_hexdigit) && line.ends_with(b"\r") && rest.starts_with(&START)
}

fn spelled(bytes: &[u8]) -> Option<&'static str> {
    let text = trimmed(bytes);
    if text.starts_with(b"--") && contains(&text.to_ascii_lowercase(), b"\ncontent-") {
        return Some(MULTIPART);
    }
    // Quotes, brackets, and the letter that Python writes before them.
    let at = text.iter().position(|byte| !b" \t\r\n\"'[({b".contains(byte))?;
    let text = text.get(at..)?;
    SPELLINGS.iter().find(|(start, _)| text.starts_with(start.as_bytes())).map(|(_, what)| *what)
}

fn other(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() || !is_utf8(bytes) {
        return None;
    }
    let text = trimmed(bytes);
    let known = OTHERS.iter().find(|(start, _)| text.starts_with(start.as_bytes())).map(|(_, what)| *what);
    let printed = |byte: &u8| *byte >= b' ' && *byte != 0x7f || byte.is_ascii_whitespace();
    known.or_else(|| text.iter().all(printed).then_some(TEXT))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).trim_ascii()
}

/// Whether it is, except for a character at the end that is cut.
fn is_utf8(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    find(bytes, part).is_some()
}
