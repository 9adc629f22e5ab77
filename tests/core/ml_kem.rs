//! KMS ML-KEM keys, experimental: which are taken, beside which others, and what opens. The bytes are compared in src/kms_ml_kem.rs.

use crate::common::edge::{LIMITS, Opener, seal_in_order};
use crate::common::example;
use crate::common::kinds::only;
use crate::common::{OTHER_ARN, arn, context};
use getrandom::SysRng;
use kmseal::{
    Code, DataKeySeed, EncryptionContext, GetPublicKeyOutput, Header, HeaderRead, ImportOptions, KmsPublicKey, Locked,
    Message, MessageId, Mixing, OpenerKey, Operation, RawKeyOptions, RawPublicKey, Reason, Recipient, Recipients,
    Request, RsaPublicKey, TaskKind, Wrapping,
};
use serde_json::Value;

fn known(field: &str) -> Vec<u8> {
    hex::decode(text(field)).expect("hexadecimal")
}

fn text(field: &str) -> String {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/kinds/ml-kem.json")).expect("JSON");
    vectors[0][field].as_str().expect("a text").to_owned()
}

fn options() -> ImportOptions {
    ImportOptions { key_ids: vec![text("arn")], experimental: true, ..ImportOptions::default() }
}

fn key() -> KmsPublicKey {
    KmsPublicKey::from_der(&known("public_key_spki"), &options()).expect("a key")
}

#[test]
fn keys_need_leave_and_are_named_by_their_size() {
    assert_eq!((key().key_spec(), key().key_usage()), ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"));
    let refused = |der: &[u8], options: &ImportOptions| {
        let error = KmsPublicKey::from_der(der, options).map(|_| ()).expect_err("no key");
        (error.code(), error.reason())
    };
    let der = known("public_key_spki");
    let stable = ImportOptions { experimental: false, ..options() };
    assert_eq!(refused(&der, &stable), (Code::KeyUnsupported, Some(Reason::Experimental)));
    let signs = ImportOptions { key_usage: Some("SIGN_VERIFY".into()), ..options() };
    assert_eq!(refused(&der, &signs), (Code::KeyUnsupported, None));
    // 3329 is q itself, in the first coefficient.
    let mut off = der.clone();
    (off[22], off[23]) = (0x01, off[23] & 0xf0 | 0x0d);
    assert_eq!(refused(&off, &options()), (Code::KeyInvalid, None));
    assert_eq!(refused(&der[..der.len() - 1], &options()), (Code::KeyInvalid, None));

    // ML-KEM-1024: of the same coefficients, and longer.
    let prefix = [&[0x30, 0x82, 6, 0x32], &der[4..16], &[3, 3, 0x82, 6, 0x21, 0]].concat();
    let larger = [prefix, vec![0; 1568]].concat();
    assert_eq!(KmsPublicKey::from_der(&larger, &options()).map(|key| key.key_spec()), Ok("ML_KEM_1024"));
    // ML-KEM-512.
    let prefix = [&[0x30, 0x82, 3, 0x32], &der[4..16], &[1, 3, 0x82, 3, 0x21, 0]].concat();
    assert_eq!(refused(&[prefix, vec![0; 800]].concat(), &options()), (Code::KeyUnsupported, None));

    let mut answer = GetPublicKeyOutput {
        key_id: Some(text("arn")),
        public_key: der,
        key_spec: Some("ML_KEM_768".into()),
        key_usage: Some("ENCAPSULATE_DECAPSULATE".into()),
        encapsulation_algorithms: Some(vec!["ML_KEM".into()]),
        ..GetPublicKeyOutput::default()
    };
    let import = |answer: &GetPublicKeyOutput| {
        KmsPublicKey::from_get_public_key(answer, &options()).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(import(&answer), Ok(()));
    answer.key_spec = Some("ML_KEM_1024".into());
    assert_eq!(import(&answer), Err(Code::KeyInvalid));
    answer.key_spec = Some("ML_KEM_512".into());
    assert_eq!(import(&answer), Err(Code::KeyUnsupported));
}

/// A public key with another coefficient: three bytes hold two (FIPS 203, 4.2.1, "ByteEncode").
fn with_coefficient(der: &[u8], index: usize, value: u16) -> Vec<u8> {
    let mut der = der.to_vec();
    let three = &mut der[22 + index / 2 * 3..][..3];
    let both = u32::from_le_bytes([three[0], three[1], three[2], 0]);
    let at = 12 * (index % 2);
    let both = both & !(0xfff << at) | u32::from(value) << at;
    three.copy_from_slice(&both.to_le_bytes()[..3]);
    der
}

#[test]
fn a_key_with_a_coefficient_of_q_or_more_is_refused_wherever_it_stands() {
    let der = known("public_key_spki");
    for index in [0, 1, 2, 3, 766, 767] {
        for (value, code) in [
            (0, Ok(())),
            (3328, Ok(())),
            (3329, Err(Code::KeyInvalid)),
            (3330, Err(Code::KeyInvalid)),
            (3584, Err(Code::KeyInvalid)),
            (4095, Err(Code::KeyInvalid)),
        ] {
            let key = KmsPublicKey::from_der(&with_coefficient(&der, index, value), &options());
            assert_eq!(key.map(|_| ()).map_err(|error| error.code()), code, "{value} as coefficient {index}");
        }
    }
}

fn raw_key() -> RsaPublicKey {
    let mut file = RawPublicKey::default();
    file.public_key = example::der();
    let names = RawKeyOptions {
        key_namespace: Some("example".to_owned()),
        key_name: Some("offline".to_owned()),
        ..RawKeyOptions::default()
    };
    RsaPublicKey::new(&file, &names).expect("a key")
}

#[test]
fn an_envelope_is_not_mixed_unless_it_may_be() {
    let both: Vec<Recipient> = vec![key().into(), example::key().into()];
    let error = Recipients::new(both.clone(), Mixing::Refused).map(|_| ()).expect_err("mixed");
    assert_eq!((error.code(), error.reason()), (Code::KeyUnsupported, Some(Reason::MixedKinds)));
    assert!(Recipients::new(both, Mixing::Allowed).is_ok());
    assert!(Recipients::new(vec![key().into(), key().into()], Mixing::Refused).is_ok());
    assert!(Recipients::new(vec![example::key().into(), example::ecc_key().into()], Mixing::Refused).is_ok());
    // A raw RSA key is as weak as one of KMS.
    let raw = || Recipient::from(raw_key());
    assert!(Recipients::new(vec![raw(), example::key().into()], Mixing::Refused).is_ok());
    for mixed in [vec![raw(), key().into()], vec![key().into(), raw()]] {
        let error = Recipients::new(mixed, Mixing::Refused).map(|_| ()).expect_err("mixed");
        assert_eq!(error.reason(), Some(Reason::MixedKinds));
    }
    assert_eq!(
        Recipients::new(vec![], Mixing::Allowed).map(|_| ()).map_err(|error| error.code()),
        Err(Code::KeyInvalid)
    );
}

fn sealed(whole: &EncryptionContext) -> Vec<u8> {
    let recipients = Recipients::new(vec![key().into()], Mixing::Refused).expect("recipients");
    let seed = DataKeySeed::generate(&mut SysRng, 1).expect("a seed");
    let mut wrapping = Wrapping::new(&recipients, whole, seed).expect("a wrapping");
    let task = wrapping.task(0).expect("a task");
    assert_eq!((task.kind, task.key_spec, task.raw.len()), (TaskKind::Encapsulate, "ML_KEM_768", 1184));
    wrapping.accept(0, &known("kem_ciphertext"), &known("shared_secret")).expect("what was encapsulated");
    let id = MessageId::generate(&mut SysRng).expect("an id");
    let none = EncryptionContext::default();
    let message = Message::new(&wrapping.finish().expect("materials"), id, whole, &none, 4096).expect("a message");
    assert_eq!(message.header().len(), recipients.header_len(whole).expect("a length"));
    seal_in_order(message, &[b"a secret"])
}

#[test]
fn what_is_sealed_opens_through_decapsulate() {
    let whole = context(&[("tenant", "acme")]);
    let envelope = sealed(&whole);
    let open = |keys: Vec<OpenerKey>, secret: Vec<u8>| {
        let ask = |request: &Request| {
            assert_eq!((request.operation, request.algorithm()), (Operation::Decapsulate, Some("ML_KEM")));
            assert_eq!(request.input, known("kem_ciphertext"));
            Some(secret.clone())
        };
        Opener { keys, expected: whole.clone(), limits: LIMITS, ask: &ask }.open(&[&envelope])
    };
    for opener in [OpenerKey::from(arn(&text("arn"))), OpenerKey::from(&key())] {
        let outcome = open(vec![opener], known("shared_secret"));
        assert_eq!((outcome.released.as_slice(), outcome.end), (b"a secret".as_slice(), Ok(whole.clone())));
    }
    // KMS returns another secret for another key's ciphertext, and no error.
    let outcome = open(vec![(&key()).into()], vec![7; 32]);
    assert_eq!((outcome.kms_calls, outcome.end), (1, Err(Code::Authentication)));
    assert_eq!(open(vec![arn(OTHER_ARN).into()], vec![7; 32]).end, Err(Code::NoMatchingKey));
}

#[test]
fn the_encrypted_data_key_is_checked_before_and_the_answer_after() {
    let envelope = sealed(&EncryptionContext::default());
    let Ok(HeaderRead::Done(header)) = Header::read(&envelope, &LIMITS) else { panic!("no header") };
    let edk = &header.encrypted_data_keys()[0];
    assert_eq!(edk.provider_id, b"kmseal-ml-kem-draft-1");
    assert_eq!(edk.key_arn(), Some(arn(&text("arn"))));
    assert!(edk.ecc_key().is_none());
    let altered = |alter: fn(&mut Vec<u8>)| {
        let mut other = edk.clone();
        alter(&mut other.provider_info);
        other.key_arn()
    };
    assert_eq!(altered(|_| ()), edk.key_arn());
    assert_eq!(altered(|info| info[0] = 0), None, "version 0");
    assert_eq!(altered(|info| info[0] = 2), None, "version 2");
    assert_eq!(altered(|info| info.push(b'0')), None, "a byte behind the ARN");
    assert_eq!(altered(|info| info.truncate(info.len() - 1)), None, "a byte less");
    let locked = Locked::new(header, &EncryptionContext::default()).expect("no context");
    let candidate = only(locked.candidates(&[(&key()).into()]).expect("one"));
    let accept = |algorithm, bytes: &[u8]| {
        candidate.request.accept(Some(&text("arn")), algorithm, bytes).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!((accept(Some("ML_KEM"), &[7; 32]), accept(None, &[7; 32])), (Ok(()), Ok(())));
    assert_eq!((accept(Some("ECDH"), &[7; 32]), accept(None, &[7; 31])), (Err(Code::Kms), Err(Code::Kms)));

    // Where the ciphertext has another length, none of our sizes made it.
    let at = envelope.windows(21).position(|window| window == b"kmseal-ml-kem-draft-1").expect("the provider id");
    let length_at = at + 21 + 2 + 3 + text("arn").len();
    assert_eq!(envelope[length_at..length_at + 2], 1168_u16.to_be_bytes());
    let mut shorter = envelope.clone();
    shorter[length_at..length_at + 2].copy_from_slice(&1167_u16.to_be_bytes());
    shorter.remove(length_at + 2);
    let Ok(HeaderRead::Done(header)) = Header::read(&shorter, &LIMITS) else { panic!("no header") };
    let locked = Locked::new(header, &EncryptionContext::default()).expect("no context");
    let refused = locked.candidates(&[(&key()).into()]).map(|_| ()).map_err(|error| error.code());
    assert_eq!(refused, Err(Code::EnvelopeInvalid));
}

#[test]
fn what_was_encapsulated_has_one_length() {
    for (ciphertext, secret) in [(1087, 32), (1089, 32), (1088, 31), (1088, 33), (0, 0), (1568, 32)] {
        let recipients = Recipients::new(vec![key().into()], Mixing::Refused).expect("recipients");
        let seed = DataKeySeed::generate(&mut SysRng, 1).expect("a seed");
        let mut wrapping = Wrapping::new(&recipients, &EncryptionContext::default(), seed).expect("a wrapping");
        let refused = wrapping.accept(0, &vec![1; ciphertext], &vec![1; secret]).map_err(|error| error.code());
        assert_eq!(refused, Err(Code::Platform), "{ciphertext} and {secret}");
    }
}
