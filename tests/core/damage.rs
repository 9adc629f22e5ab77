//! What happened to an envelope on its way: reported by kind, whatever its size and key, without advice to
//! loosen a limit or to fetch the same damage again.

use crate::common::edge::{LIMITS, unlock};
use crate::common::forge::{Edk, Forge};
use crate::common::{ARN, arn};
use base64ct::{Base64, Encoding};
use getrandom::SysRng;
use getrandom::rand_core::{TryRng, UnwrapErr};
use kmseal::{Cipher, Code, EncryptionContext, Error, Header, HeaderRead, Locked, Reason};

type Damage = fn(&[u8]) -> Vec<u8>;

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let Ok(()) = UnwrapErr(SysRng).try_fill_bytes(&mut bytes);
    bytes
}

/// An envelope whose bytes are as random as those of a real one, of keys of these lengths.
fn envelope(plaintext_len: usize, ciphertexts: &[usize], pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut forge = Forge::new(b"");
    if !pairs.is_empty() {
        forge = forge.store(pairs);
    }
    forge.message_id.copy_from_slice(&random(32));
    forge.edks = ciphertexts.iter().map(|len| Edk::new("aws-kms-rsa", ARN, &random(*len))).collect();
    forge.frame_length = 256 * 1024;
    [forge.header(), random(plaintext_len)].concat()
}

/// What an edge says of these bytes, which come at once.
fn refused(bytes: &[u8]) -> Error {
    match Header::read(bytes, &LIMITS) {
        Err(error) => error,
        Ok(HeaderRead::Need(_)) => Header::truncated(bytes, &LIMITS),
        Ok(HeaderRead::Done(_)) => panic!("a header"),
    }
}

/// The same, read as the command reads: no byte more than was asked for.
fn refused_in_steps(bytes: &[u8]) -> Error {
    let mut at = 0;
    loop {
        match Header::read(&bytes[..at], &LIMITS) {
            Err(error) => return error,
            Ok(HeaderRead::Need(need)) if need > bytes.len() => return Header::truncated(bytes, &LIMITS),
            Ok(HeaderRead::Need(need)) => at = need,
            Ok(HeaderRead::Done(_)) => panic!("a header"),
        }
    }
}

fn says(bytes: &[u8], what: &str) {
    for error in [refused(bytes), refused_in_steps(bytes)] {
        assert_eq!(error.code(), Code::EnvelopeInvalid, "{error}");
        assert!(error.message().contains(what), "{error}\ninstead of {what}");
        assert_eq!(error.reason(), None, "{error}");
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn utf16(text: &str, mark: bool, big: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn hex(bytes: &[u8], before: &str, between: &str) -> Vec<u8> {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{before}{}", digits.join(between)).into_bytes()
}

fn listed(bytes: &[u8], before: &str, between: &str) -> Vec<u8> {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    format!("{before}{}", numbers.join(between)).into_bytes()
}

fn escaped(bytes: &[u8], before: &str, escape: fn(u8) -> String) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let text: String =
        bytes.iter().map(|byte| if plain(byte) { char::from(*byte).to_string() } else { escape(*byte) }).collect();
    [before.as_bytes(), text.as_bytes()].concat()
}

fn in_part(bytes: &[u8]) -> Vec<u8> {
    let head = "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    [head.as_bytes(), bytes, b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n"].concat()
}

fn in_chunks(bytes: &[u8], extension: &str) -> Vec<u8> {
    [format!("{:x}{extension}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n0\r\n\r\n"].concat()
}

const KINDS: &[(&str, Damage)] = &[
    ("replaced bytes", |bytes| lossy(bytes).into_bytes()),
    // Node's Buffer.from(text, 'latin1'), of text that was decoded as UTF-8.
    ("replaced bytes", |bytes| lossy(bytes).chars().map(|c| u32::from(c) as u8).collect()),
    ("each byte above 7F became several", |bytes| latin1(bytes).into_bytes()),
    ("each byte above 7F became several", |bytes| latin1(latin1(bytes).as_bytes()).into_bytes()),
    ("lost every byte above 7F", |bytes| bytes.iter().map(|byte| byte & 0x7f).collect()),
    ("lost every byte above 7F", |bytes| bytes.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect()),
    ("lost every byte above 7F", |bytes| bytes.iter().copied().filter(u8::is_ascii).collect()),
    ("UTF-16", |bytes| utf16(&latin1(bytes), false, false)),
    ("UTF-16", |bytes| utf16(&latin1(bytes), true, false)),
    ("UTF-16", |bytes| utf16(&lossy(bytes), false, true)),
    ("UTF-16", |bytes| utf16(&lossy(bytes), true, true)),
    ("UTF-32", |bytes| latin1(bytes).chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()),
    ("a byte order mark", |bytes| [b"\xef\xbb\xbf", bytes].concat()),
    ("replaced bytes", |bytes| [b"\xef\xbb\xbf", lossy(bytes).as_bytes()].concat()),
    ("base64", |bytes| Base64::encode_string(bytes).into_bytes()),
    ("base64", |bytes| format!("\"{}\"", Base64::encode_string(bytes)).into_bytes()),
    ("base64", |bytes| format!("\n  {}\r\n", Base64::encode_string(bytes)).into_bytes()),
    ("base64", |bytes| Base64::encode_string(Base64::encode_string(bytes).as_bytes()).into_bytes()),
    ("a data: URL", |bytes| {
        format!("data:application/octet-stream;base64,{}", Base64::encode_string(bytes)).into_bytes()
    }),
    ("hexadecimal", |bytes| hex(bytes, "", "")),
    ("hexadecimal", |bytes| hex(bytes, "\\x", "")),
    ("hexadecimal", |bytes| hex(bytes, "0x", "")),
    ("hexadecimal", |bytes| hex(bytes, "", " ")),
    ("hexadecimal", |bytes| hex(bytes, "[0x", ", 0x")),
    ("a list of numbers", |bytes| listed(bytes, "", ",")),
    ("a list of numbers", |bytes| listed(bytes, "[", ",")),
    ("a list of numbers", |bytes| listed(bytes, "[", ", ")),
    ("a list of numbers", |bytes| listed(bytes, "{\"type\":\"Buffer\",\"data\":[", ",")),
    ("a list of numbers", |bytes| listed(bytes, "{\"0\":2,\"1\":4,\"2\":", ",\"3\":")),
    ("an escaped string", |bytes| escaped(bytes, "\"", |byte| format!("\\u{byte:04x}"))),
    ("an escaped string", |bytes| escaped(bytes, "b'", |byte| format!("\\x{byte:02x}"))),
    ("an escaped string", |bytes| escaped(bytes, "", |byte| format!("%{byte:02X}"))),
    ("an escaped string", |bytes| escaped(bytes, "", |byte| format!("={byte:02X}"))),
    ("compressed", |bytes| [b"\x1f\x8b\x08\0\0\0\0\0\0\x03", bytes].concat()),
    ("compressed", |bytes| [b"\x78\x9c", bytes].concat()),
    ("compressed", |bytes| [b"\x28\xb5\x2f\xfd", bytes].concat()),
    ("a multipart form", in_part),
    ("HTTP chunks", |bytes| in_chunks(bytes, "")),
    ("HTTP chunks", |bytes| in_chunks(bytes, &format!(";chunk-signature={}", "0a".repeat(32)))),
];

#[test]
fn the_error_says_what_became_of_a_damaged_envelope() {
    for (what, damage) in KINDS {
        for (len, ciphertexts) in [(40, [512].as_slice()), (140, &[256]), (5000, &[512, 256]), (20_000, &[384])] {
            for pairs in [[].as_slice(), &[(b"user".as_slice(), "4711 ü 😀".as_bytes())]] {
                says(&damage(&envelope(len, ciphertexts, pairs)), what);
            }
        }
    }
}

#[test]
fn converted_line_endings_are_found_in_a_header() {
    for _ in 0..20 {
        let bytes = envelope(20_000, &[512, 512, 512], &[]);
        let converted: Vec<u8> =
            bytes.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect();
        // With so few line feeds nothing is certain.
        if converted[..2048].iter().filter(|byte| **byte == b'\n').count() < 3 {
            continue;
        }
        match Header::read(&converted, &LIMITS) {
            Ok(HeaderRead::Done(header)) => assert!(header.encrypted_data_keys().len() == 3),
            _ => says(&converted, "line endings were converted"),
        }
    }
}

#[test]
fn converted_line_endings_are_found_in_a_frame() {
    let forge = Forge::new(b"");
    let Ok(HeaderRead::Done(header)) = Header::read(&forge.header(), &LIMITS) else { panic!("no header") };
    let locked = Locked::new(header, &EncryptionContext::default()).expect("nothing expected");
    let mut unlocked = unlock(&locked, &forge.answer()).expect("the right answer");
    let frame = unlocked.body.read(&forge.frame(&forge.frames[0])).expect("a frame");
    let cipher = Cipher::new(&unlocked.content_key);
    let says = |content: &[u8]| {
        let error = cipher.open(&frame, &mut content.to_vec(), &[0; 16]).expect_err("another tag");
        assert_eq!(error.code(), Code::Authentication);
        error.message().contains("line endings")
    };
    assert!(says(&b"\x80\x01\r\n".repeat(8)));
    assert!(!says(&b"\x80\x01\r\n".repeat(7)), "by chance");
    assert!(!says(&[b"\r\n".repeat(100).as_slice(), b"\n"].concat()), "not all of them");
    assert!(!says(b""));
}

#[test]
fn the_error_says_what_is_there_instead_of_an_envelope() {
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code></Error>";
    for (bytes, what) in [
        (xml, "an XML or HTML page"),
        ("\u{feff}\n<!DOCTYPE html><title>502 Bad Gateway</title>", "an XML or HTML page"),
        ("<html>\u{fc}</html>", "an XML or HTML page"),
        ("{\"message\":\"Internal server error\"}", "JSON"),
        ("[object Blob]", "the name of a JavaScript object"),
        ("[object ReadableStream]", "the name of a JavaScript object"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "an HTTP response"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS"),
        ("undefined", "not an envelope but text"),
        ("Bad Gateway\r\n", "not an envelope but text"),
    ] {
        says(bytes.as_bytes(), what);
    }
    for (bytes, what) in [(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), "first byte"), (&[0; 5000], "first byte")] {
        says(bytes, what);
    }
}

#[test]
fn converted_line_endings_are_found_where_all_of_them_are_in_the_context() {
    let mut forge = Forge::new(b"").store(&[(b"a", b"one\ntwo\nthree\nfour\n"), (b"b", b"2")]);
    forge.edks = vec![Edk::new("aws-kms-rsa", ARN, &[7; 256])];
    let converted = |byte: u8| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] };
    let bytes: Vec<u8> = forge.header().into_iter().flat_map(converted).collect();
    says(&bytes, "its line endings were converted");
}

/// A message id is random, so text is recognized by it where it has eight values or more, however often each stands there.
#[test]
fn an_id_of_few_different_characters_is_not_called_text() {
    for (values, is_text) in [(1, false), (7, false), (8, true), (9, true), (16, true), (32, true)] {
        let id: Vec<u8> = (0..32).map(|at| b'@' + at % values).collect();
        let error = refused(&[&[2, 4, 0x78][..], &id, b"and so on"].concat());
        assert_eq!(error.message().contains("lost every byte above 7F"), is_text, "{values} values: {error}");
    }
}

/// What decoding replaces is FD where each character became one byte.
#[test]
fn bytes_were_replaced_where_fd_stands_eight_times_and_is_half_of_the_high_bytes() {
    for (replaced, others, is_told) in [(7, 0, false), (8, 0, true), (8, 8, true), (8, 10, false), (16, 16, true)] {
        let mut id = [b'a'; 32];
        id[..replaced].fill(0xfd);
        id[replaced..][..others].fill(0xee);
        let error = refused(&[&[2, 4, 0x78][..], &id, b"and so on"].concat());
        assert_eq!(error.message().contains("replaced bytes"), is_told, "{replaced} and {others}: {error}");
    }
}

/// A count caused by damage is not reported as a reason to raise a limit.
#[test]
fn limits_are_for_envelopes_only() {
    let advised = |bytes: &[u8]| {
        let error = refused(bytes);
        assert_eq!(refused_in_steps(bytes), error);
        error.reason() == Some(Reason::TooManyDataKeys)
    };
    for _ in 0..100 {
        let mut bytes = envelope(5000, &[256], &[]);
        bytes.splice(37..39, [0x12, 0x34]);
        assert!(advised(&bytes), "one that anyone may have sealed");
        // Whatever else moves what follows: here a byte that went missing.
        bytes.remove(20);
        bytes[36] = 0;
        bytes[35] = 0;
        assert!(!advised(&bytes));
        assert!(refused(&bytes).message().contains("it is damaged"));
    }
}

#[test]
fn envelopes_that_are_whole_are_never_called_damaged() {
    for round in 0..2000 {
        let text = "\u{fffd}ü\r\n\r\n\r\n\r\n".repeat(round % 3);
        let bytes = envelope(100, &[256; 2][..1 + round % 2], &[(b"k", text.as_bytes())]);
        let Ok(HeaderRead::Done(header)) = Header::read(&bytes, &LIMITS) else { panic!("no header") };
        // The faults of these are reported as they are.
        let locked = Locked::new(header.clone(), &EncryptionContext::default()).expect("nothing expected");
        let other = ARN.replace("1234abcd", "00000000");
        assert_eq!(locked.candidates(&[arn(&other).into()]).map_err(|error| error.code()), Err(Code::NoMatchingKey));
        let mut wrong = bytes;
        let content_type = header.len() - 16 - 32 - 4 - 1;
        wrong[content_type] = 1;
        assert_eq!(refused(&wrong).code(), Code::EnvelopeUnsupported);
    }
}
