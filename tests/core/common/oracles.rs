//! What must hold for any bytes at all: the oracles of the fuzz targets (fuzz/), which
//! `tests/core/fuzzed.rs` runs, too.

use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use kmseal::{
    DataKeySeed, EncryptionContext, GetPublicKeyOutput, Header, HeaderRead, ImportOptions, KeyArn, KmsPublicKey,
    Locked, Materials, Message, MessageId, Request,
};
use regex_lite::Regex;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey as RsaPublicKey};
use sha2::{Digest, Sha256};

pub use crate::common::edk_oracle::edk;

use crate::common::edge::{LIMITS, Opener, Outcome, seal_in_order, seal_replayably};
use crate::common::forge::{DATA_KEY, Edk, Forge, ForgedFrame};
use crate::common::json::{self, decode_text};
use crate::common::key_oracle;
use crate::common::known_answers::Vector;
use crate::common::{self, ARN, sample, split};

pub type Oracle = fn(&[u8]);

/// Every target with its oracle.
pub const TARGETS: [(&str, Oracle); 7] = [
    ("arn", arn),
    ("context", context),
    ("edk", edk),
    ("frames", frames),
    ("header", header),
    ("key", key),
    ("seal", seal),
];

const PEMS: [&str; 3] = [
    include_str!("../../keys/rsa-2048.pem"),
    include_str!("../../keys/rsa-3072.pem"),
    include_str!("../../keys/rsa-4096.pem"),
];

/// What a target begins with: the known answers, and whatever else parses.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/known-answers.json")).expect("vectors");
    match target {
        "arn" => {
            let arns = vectors.iter().flat_map(|vector| &vector.recipients).map(|recipient| recipient.arn.as_str());
            arns.chain([ARN, common::MRK_ARN]).map(|arn| arn.as_bytes().to_vec()).collect()
        }
        "context" => vectors.iter().map(|vector| vector.pairs(false).serialize().expect("a context")).collect(),
        "edk" => crate::common::edk_oracle::seeds(),
        "frames" => [0, 1, 8, 9, 16, 21]
            .into_iter()
            .map(|len| [&[3, 50, 1, 7], body(&sample(len)).as_slice()].concat())
            .collect(),
        "header" => vectors.iter().map(|vector| [vector.header_body.as_slice(), &vector.header_tag].concat()).collect(),
        "key" => {
            let texts = vectors.iter().flat_map(|vector| &vector.recipients).map(|recipient| recipient.pem.as_str());
            let texts = texts.chain(PEMS).map(|text| text.as_bytes().to_vec());
            let ders = PEMS.iter().map(|text| decode_text(text).expect("PEM"));
            texts.chain(ders).chain(key_oracle::seeds()).collect()
        }
        "seal" => {
            [0, 1, 7, 8, 9, 40].into_iter().map(|len| [&[7, 3, 1, 0, 5], sample(len).as_slice()].concat()).collect()
        }
        other => panic!("no target {other}"),
    }
}

static ARN_PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    let id = "(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
    let pattern = format!("^(arn:aws(?:-[a-z0-9-]+)?:kms):([a-z0-9-]+)(:[0-9]{{12}}:key/{id})$");
    Regex::new(&pattern).expect("a pattern")
});

/// An ARN is what one pattern says, and stays as it was.
pub fn arn(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let parsed = text.parse::<KeyArn>();
    let Some(parts) = ARN_PATTERN.captures(text) else {
        return assert!(parsed.is_err(), "no ARN: {text:?}");
    };
    let parsed = parsed.expect("an ARN");
    assert_eq!((parsed.as_str(), parsed.region()), (text, &parts[2]));
    // The same key elsewhere, and the same text with another account.
    let moved = format!("{}:xx-1{}", &parts[1], &parts[3]).parse::<KeyArn>().expect("an ARN");
    assert_eq!(
        (parsed.matches(&moved), moved.matches(&parsed)),
        [text.contains("key/mrk-") || text == moved.as_str(); 2].into()
    );
    let other = if parts[3].starts_with(":0") { ":1" } else { ":0" };
    let other = format!("{}:{}{other}{}", &parts[1], &parts[2], &parts[3][2..]).parse::<KeyArn>().expect("an ARN");
    assert!(parsed.matches(&parsed) && !parsed.matches(&other) && !other.matches(&parsed));
}

fn read(bytes: &[u8]) -> Option<Header> {
    match Header::read(bytes, &LIMITS) {
        Ok(HeaderRead::Done(header)) => Some(header),
        _ => None,
    }
}

/// A header field by field as docs/format.md has them, with `stored` as the context.
fn rewritten(header: &Header, stored: &[u8], rest: &[u8]) -> Vec<u8> {
    let field = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let edks = header.encrypted_data_keys();
    let mut out = [&[2, 4, 0x78], header.message_id().as_slice(), &field(stored)].concat();
    out.extend((edks.len() as u16).to_be_bytes());
    for edk in edks {
        out.extend([field(&edk.provider_id), field(&edk.provider_info), field(&edk.ciphertext)].concat());
    }
    [out.as_slice(), &[2], &header.frame_length().to_be_bytes(), rest].concat()
}

/// What parses serializes back to the same bytes; reading asks for more than it has and no more than
/// it needs; errors are final.
pub fn header(input: &[u8]) {
    let header = match Header::read(input, &LIMITS) {
        Ok(HeaderRead::Need(len)) => return assert!(len > input.len()),
        Err(error) => {
            let longer = [input, &[0; 100]].concat();
            return assert_eq!(Header::read(&longer, &LIMITS).err(), Some(error));
        }
        Ok(HeaderRead::Done(header)) => header,
    };
    let len = header.len();
    let bytes = &input[..len];
    assert!(header.encrypted_data_keys().len() <= LIMITS.max_encrypted_data_keys.into());
    assert!((1..=LIMITS.max_frame_length).contains(&header.frame_length()));
    let stored_len = usize::from(u16::from_be_bytes([bytes[35], bytes[36]]));
    let (stored, rest) = (&bytes[37..37 + stored_len], &bytes[len - 48..]);
    assert_eq!(rewritten(&header, stored, rest), bytes);
    // Pairs may stand in any order; ours is the sorted one.
    let sorted = header.context().serialize().expect("a context");
    assert_eq!(sorted.len(), stored_len);
    let again = read(&rewritten(&header, &sorted, rest)).expect("a header");
    assert_eq!((again.context(), again.len()), (header.context(), len));
    for cut in (0..len).step_by(1 + len / 64) {
        match Header::read(&bytes[..cut], &LIMITS) {
            Ok(HeaderRead::Need(need)) => assert!((cut + 1..=len).contains(&need)),
            other => panic!("{cut} of {len} bytes: {other:?}"),
        }
    }
}

/// A stored context is read, told, compared and written without losing or adding anything.
pub fn context(input: &[u8]) {
    let input = &input[..input.len().min(u16::MAX.into())];
    let stored = |stored: &[u8]| {
        let mut forge = Forge::new(b"");
        forge.stored = stored.to_vec();
        read(&forge.header())
    };
    let Some(header) = stored(input) else { return };
    let context = header.context().clone();
    let serialized = context.serialize().expect("a context");
    assert_eq!(serialized.len(), input.len());
    assert_eq!(stored(&serialized).expect("the same context").context(), &context);
    let pairs: Vec<_> = context.pairs().collect();
    assert!(pairs.is_sorted_by(|a, b| a.0.as_bytes() < b.0.as_bytes()));
    assert_eq!(context.is_empty(), input.is_empty());

    let none = EncryptionContext::default();
    assert_eq!(context.merged(&context).as_ref(), Ok(&context));
    assert_eq!(context.with_required(&none).as_ref(), Ok(&context));
    assert_eq!(context.required_beside(&context), Ok(none.clone()));
    assert_eq!(context.required_beside(&none).as_ref(), Ok(&context));
    assert_eq!(none.required_beside(&context), Ok(none.clone()));
    let owned = || pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    if pairs.iter().all(|(key, _)| !key.starts_with("aws-crypto-")) {
        assert_eq!(EncryptionContext::from_pairs(owned().rev()).as_ref(), Ok(&context));
    }
    if let Some((key, value)) =
        pairs.first().filter(|(key, value)| !key.starts_with("aws-crypto-") && !value.is_empty())
    {
        let other = EncryptionContext::from_pairs([((*key).to_owned(), value[..0].to_owned())]).expect("a pair");
        assert!(context.merged(&other).is_err() && context.with_required(&other).is_err());
        assert!(Locked::new(header, &other).is_err());
    }
}

fn body(plaintext: &[u8]) -> Vec<u8> {
    let forge = Forge::new(plaintext);
    forge.frames.iter().flat_map(|frame| forge.frame(frame)).collect()
}

/// Whatever stands behind a header: what comes out does not depend on how the bytes come, it is the
/// beginning of what was sealed, and what opens to the end is what sealing writes.
///
/// Bytes: four lengths of pieces, then the frames.
pub fn frames(input: &[u8]) {
    let Some((lengths, frames)) = input.split_first_chunk::<4>() else { return };
    let forge = Forge::new(b"");
    let envelope = [forge.header(), frames.to_vec()].concat();
    let open = |pieces: &[&[u8]]| {
        let ask = |request: &Request| forge.decrypt(request);
        let expected = EncryptionContext::default();
        Opener { keys: vec![common::arn(ARN).into()], expected, limits: LIMITS, ask: &ask }.open(pieces)
    };
    let outcome = open(&[&envelope]);
    let lengths: Vec<usize> = lengths.iter().cycle().take(envelope.len() / 8).map(|len| usize::from(*len)).collect();
    assert_eq!(open(&split(&envelope, &lengths)), outcome);
    assert_eq!(open(&split(&envelope, &vec![1; envelope.len()])), outcome);

    let Outcome { released, end, .. } = outcome;
    assert!(sample(64).starts_with(&released), "released {released:?}");
    if end.is_ok() {
        let mut empty_final = Forge::new(&released);
        if let Some(last) = empty_final.frames.last_mut().filter(|last| last.content.len() == 8) {
            last.last = false;
            let sequence = last.sequence + 1;
            empty_final.frames.push(ForgedFrame::new(sequence, true, b""));
        }
        assert!([Forge::new(&released).bytes(), empty_final.bytes()].contains(&envelope));
    }
}

/// The RSA keys of KMS that are taken are those of its sizes and exponent that another reader takes, of bytes that it writes again; text is
/// read as its bytes are.
pub fn key(input: &[u8]) {
    let options = ImportOptions { key_ids: vec![ARN.into()], ..ImportOptions::default() };
    let der = json::read(input).map_or_else(|_| input.to_vec(), |answer| answer.public_key);
    if der.first() == Some(&0x30) {
        assert_eq!(decode_text(&Base64::encode_string(&der)).as_ref(), Ok(&der));
    }
    if input.is_ascii() && !input.is_empty() {
        // UTF-16 with its mark, in both orders.
        for (mark, first) in [([0xff, 0xfe], 0), ([0xfe, 0xff], 1)] {
            let units = input.iter().flat_map(|byte| if first == 0 { [*byte, 0] } else { [0, *byte] });
            let wide: Vec<u8> = mark.into_iter().chain(units).collect();
            assert_eq!(json::read(wide), json::read(input));
        }
    }
    key_oracle::other_kinds(input, &der);
    let key = KmsPublicKey::from_der(&der, &options);
    let answer = GetPublicKeyOutput { public_key: der.clone(), ..GetPublicKeyOutput::default() };
    let answered = KmsPublicKey::from_get_public_key(&answer, &options);
    assert_eq!(key.as_ref().map(KmsPublicKey::fingerprint), answered.as_ref().map(KmsPublicKey::fingerprint));
    let other = RsaPublicKey::from_public_key_der(&der);
    let other = other.ok().filter(|other| other.to_public_key_der().expect("DER").as_bytes() == der);
    let other = other.filter(|other| matches!(other.n().bit_width(), 2048 | 3072 | 4096));
    let other = other.filter(|other| *other.e() == BoxedUint::from(65537_u32));
    assert_eq!(key.is_ok(), other.is_some());
    let (Ok(key), Some(other)) = (key, other) else { return };
    let pem = other.to_public_key_pem(LineEnding::CRLF).expect("PEM");
    assert_eq!(decode_text(&pem).as_ref(), Ok(&der));
    assert_eq!(key.fingerprint(), format!("SHA256:{}", Base64::encode_string(&Sha256::digest(&der))));
    assert_eq!(key.key_spec(), format!("RSA_{}", 8 * other.size()));
    assert_eq!(key.max_plaintext_len(), Some(other.size() - 66));
}

static MATERIALS: LazyLock<Materials> = LazyLock::new(|| {
    let options = ImportOptions { key_ids: vec![ARN.into()], ..ImportOptions::default() };
    let key = KmsPublicKey::from_der(&decode_text(PEMS[0]).expect("PEM"), &options).expect("a key");
    let seed = DataKeySeed::fixed(DATA_KEY, &[[1; 32]]);
    Materials::wrap(&[key], &EncryptionContext::default(), seed).expect("materials")
});

/// What is sealed, in whatever pieces or order, is what another writer writes, and opens.
///
/// Bytes: a frame length, four lengths of pieces, then the plaintext.
pub fn seal(input: &[u8]) {
    let Some(([frame_length, lengths @ ..], plaintext)) = input.split_first_chunk::<5>() else { return };
    let frame_length = u32::from(*frame_length).max(1);
    let none = EncryptionContext::default();
    let mut forge = Forge::new(b"");
    let message = || {
        let id = MessageId::fixed(forge.message_id);
        Message::new(&MATERIALS, id, &none, &none, frame_length).expect("a message")
    };
    let lengths: Vec<usize> = lengths.iter().map(|len| usize::from(*len)).collect();
    let envelope = seal_in_order(message(), &split(plaintext, &lengths));
    assert_eq!(seal_replayably(message(), plaintext, |frames| (0..frames).rev()), envelope);

    let edks = read(&envelope).expect("a header").encrypted_data_keys().to_vec();
    forge.edks = edks
        .iter()
        .map(|edk| Edk { ciphertext: edk.ciphertext.clone(), ..Edk::new("aws-kms-rsa", ARN, &[]) })
        .collect();
    forge.frame_length = frame_length;
    let contents: Vec<&[u8]> = plaintext.chunks(frame_length as usize).collect();
    let contents = if contents.is_empty() { vec![[].as_slice()] } else { contents };
    let number = |index: usize| u32::try_from(index + 1).expect("few frames");
    let frames = contents.iter().enumerate();
    forge.frames = frames.map(|(i, content)| ForgedFrame::new(number(i), i + 1 == contents.len(), content)).collect();
    assert_eq!(forge.bytes(), envelope);

    let ask = |_: &Request| Some(forge.answer());
    let opener = Opener { keys: vec![common::arn(ARN).into()], expected: none.clone(), limits: LIMITS, ask: &ask };
    assert_eq!(opener.open(&[&envelope]), Outcome { released: plaintext.to_vec(), kms_calls: 1, end: Ok(none) });
}
