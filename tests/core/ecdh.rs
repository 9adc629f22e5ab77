//! KMS ECC keys: which keys are taken, what an encrypted data key must be, and what KMS must answer. docs/format.md, 29 to 34.

use crate::common::edge::{LIMITS, Opener, Outcome, seal_in_order};
use crate::common::kinds::{Ecdh, Known, only, vectors};
use crate::common::known_answers::Vector;
use crate::common::{ARN, OTHER_ARN, arn, context};
use kmseal::{
    Code, DataKeySeed, EncryptionContext, GetPublicKeyOutput, Header, HeaderRead, ImportOptions, KmsPublicKey, Locked,
    Mixing, OpenerKey, Operation, Reason, Recipient, Recipients, Request, Wrapping,
};

type Alter = fn(&mut Vec<u8>);
/// KeyId, algorithm and secret of an answer.
type Case<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a [u8]);

/// Known recipients, one for each curve at least, each with its message.
pub fn known() -> Vec<(Vector<Known>, usize)> {
    let vectors = vectors().into_iter();
    let of = |vector: &Vector<Known>| (0..vector.recipients.len()).filter(|i| ecdh(vector, *i).is_some()).count();
    let known: Vec<_> = vectors.filter(|vector| of(vector) > 0).map(|vector| (vector, 0)).collect();
    assert_eq!(known.len(), 3);
    known
}

pub fn ecdh(vector: &Vector<Known>, index: usize) -> Option<&Ecdh> {
    match &vector.recipients[index] {
        Known::Ecdh(known) => Some(known),
        _ => None,
    }
}

pub fn each() -> Vec<Ecdh> {
    let all = vectors().into_iter().flat_map(|vector| vector.recipients);
    let all: Vec<_> = all.filter_map(|known| if let Known::Ecdh(known) = known { Some(known) } else { None }).collect();
    assert_eq!(all.len(), 5);
    all
}

fn answer(known: &Ecdh) -> GetPublicKeyOutput {
    GetPublicKeyOutput {
        key_id: Some(known.arn.clone()),
        public_key: known.public_key_spki.clone(),
        key_spec: Some(known.key_spec.clone()),
        key_usage: Some("KEY_AGREEMENT".into()),
        key_agreement_algorithms: Some(vec!["ECDH".into()]),
        ..GetPublicKeyOutput::default()
    }
}

#[test]
fn keys_of_each_curve_are_taken() {
    for known in each() {
        let key = KmsPublicKey::from_get_public_key(&answer(&known), &ImportOptions::default()).expect(&known.arn);
        assert_eq!((key.key_spec(), key.key_usage()), (known.key_spec.as_str(), "KEY_AGREEMENT"));
        assert_eq!((key.encryption_algorithm(), key.max_plaintext_len()), (None, None));
        let seed = kmseal::OaepSeed::generate(&mut getrandom::SysRng).expect("a seed");
        assert_eq!(key.encrypt(b"", seed).map_err(|error| error.code()), Err(Code::KeyUnsupported));
        // In DER and with its usage.
        assert_eq!(known.key().fingerprint(), key.fingerprint());
    }
}

#[test]
fn keys_that_do_not_agree_on_secrets_are_refused() {
    const CREATE: &str = "--key-spec ECC_NIST_P384 --key-usage KEY_AGREEMENT";
    type AlterAnswer = fn(&mut GetPublicKeyOutput);
    let cases: &[(&str, Code, &str, AlterAnswer)] = &[
        ("a key that signs", Code::KeyUnsupported, "SIGN_VERIFY", |a| a.key_usage = Some("SIGN_VERIFY".into())),
        ("a key that encrypts", Code::KeyUnsupported, "ECC_NIST", |a| a.key_usage = Some("ENCRYPT_DECRYPT".into())),
        ("secp256k1", Code::KeyUnsupported, CREATE, |a| a.key_spec = Some("ECC_SECG_P256K1".into())),
        ("Ed25519", Code::KeyUnsupported, CREATE, |a| a.key_spec = Some("ECC_NIST_EDWARDS25519".into())),
        ("SM2", Code::KeyUnsupported, CREATE, |a| a.key_spec = Some("SM2".into())),
        ("no ECDH", Code::KeyUnsupported, "ECDH", |a| a.key_agreement_algorithms = Some(vec![])),
        ("another curve", Code::KeyInvalid, "KeySpec", |a| {
            let other = if a.key_spec.as_deref() == Some("ECC_NIST_P256") { "ECC_NIST_P521" } else { "ECC_NIST_P256" };
            a.key_spec = Some(other.into());
        }),
        ("a point off the curve", Code::KeyInvalid, "not on its curve", |a| *a.public_key.last_mut().expect("y") ^= 1),
        ("a byte less", Code::KeyInvalid, "malformed", |a| a.public_key.truncate(90)),
        ("no usage", Code::KeyUnsupported, "KEY_AGREEMENT", |a| a.key_usage = None),
        ("an alias", Code::KeyId, "alias", |a| a.key_id = Some("alias/uploads".into())),
    ];
    for known in each() {
        for (name, code, says, alter) in cases {
            let mut answer = answer(&known);
            alter(&mut answer);
            let error =
                KmsPublicKey::from_get_public_key(&answer, &ImportOptions::default()).map(|_| ()).expect_err(name);
            assert_eq!(error.code(), *code, "{name}: {error}");
            assert!(error.message().contains(says), "{name}: {error}");
        }
        // Stated against what it is.
        for usage in ["SIGN_VERIFY", "ENCRYPT_DECRYPT"] {
            let options = ImportOptions { key_usage: Some(usage.into()), ..known.options() };
            let refused = KmsPublicKey::from_der(&known.public_key_spki, &options).map(|_| ()).map_err(|e| e.code());
            assert_eq!(refused, Err(Code::KeyUnsupported), "{usage}");
        }
        let bare = ImportOptions { key_usage: None, ..known.options() };
        let error = KmsPublicKey::from_der(&known.public_key_spki, &bare).map(|_| ()).expect_err("no usage");
        assert_eq!((error.code(), error.reason()), (Code::KeyUnsupported, Some(Reason::NoKeyUsage)));
        let nameless = ImportOptions { key_ids: vec![], ..known.options() };
        let error = KmsPublicKey::from_der(&known.public_key_spki, &nameless).map(|_| ()).expect_err("no ARN");
        assert_eq!((error.code(), error.reason()), (Code::KeyId, Some(Reason::NoKeyArn)));
    }
}

/// A header with these encrypted data keys: provider id, provider info, ciphertext.
pub fn header(vector: &Vector<Known>, edks: &[[&[u8]; 3]]) -> Header {
    let field = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let stored = vector.pairs(false).serialize().expect("a context");
    let mut bytes = [&[2, 4, 0x78], vector.message_id.as_slice(), &field(&stored)].concat();
    bytes.extend((edks.len() as u16).to_be_bytes());
    bytes.extend(edks.iter().flatten().flat_map(|bytes| field(bytes)));
    let end = [vector.header_body.split_last_chunk::<37>().expect("the end").1.as_slice(), &vector.header_tag].concat();
    match Header::read(&[bytes, end].concat(), &LIMITS) {
        Ok(HeaderRead::Done(header)) => header,
        other => panic!("{other:?}"),
    }
}

pub fn candidates(vector: &Vector<Known>, keys: &[OpenerKey], edks: &[[&[u8]; 3]]) -> Result<Vec<Request>, Code> {
    let locked = Locked::new(header(vector, edks), &vector.pairs(true)).expect("the context");
    let found = locked.candidates(keys).map_err(|error| error.code())?;
    Ok(found.into_iter().map(|candidate| candidate.request).collect())
}

#[test]
fn both_provider_ids_ask_for_the_same_secret() {
    for (vector, index) in known() {
        let known = ecdh(&vector, index).expect("ECDH");
        let key = OpenerKey::from(&known.key());
        for id in ["raw-ecdh", "aws-kms-ecdh"] {
            let edks = [[id.as_bytes(), &known.provider_info, &known.ciphertext]];
            let [request] = &candidates(&vector, std::slice::from_ref(&key), &edks).expect("a candidate")[..] else {
                panic!("{id}")
            };
            assert_eq!((request.operation, request.algorithm()), (Operation::DeriveSharedSecret, Some("ECDH")));
            assert_eq!(request.key_id.as_ref().map(|id| id.as_str()), Some(known.arn.as_str()));
            assert_eq!(hex::encode(&request.input), hex::encode(&known.ephemeral_public_spki));
            let named = header(&vector, &edks).encrypted_data_keys()[0].ecc_key().expect("a key");
            assert_eq!(
                (named.key_spec, named.fingerprint.as_str()),
                (known.key_spec.as_str(), known.key().fingerprint())
            );
        }
        // Neither the ARN alone nor another key of the opener's is one for it.
        for other in [OpenerKey::from(arn(&known.arn)), OpenerKey::raw("raw", "key").expect("a name")] {
            let edks = [[b"raw-ecdh".as_slice(), &known.provider_info, &known.ciphertext]];
            assert_eq!(candidates(&vector, &[other], &edks), Err(Code::NoMatchingKey));
        }
    }
}

/// The sender's length and point in a provider info.
fn sender(info: &mut [u8]) -> &mut [u8] {
    let point_len = (info.len() - 9) / 2;
    &mut info[5 + point_len..]
}

/// What keys like ours cannot have made: it is not asked about, and does not stand in the way of a good one.
#[test]
fn malformed_encrypted_data_keys_are_passed_over() {
    let cases: &[(&str, Code, Alter, Alter)] = &[
        ("no provider info", Code::NoMatchingKey, |info| info.clear(), |_| ()),
        ("version 0", Code::NoMatchingKey, |info| info[0] = 0, |_| ()),
        ("version 2", Code::NoMatchingKey, |info| info[0] = 2, |_| ()),
        ("recipient's length past the end", Code::NoMatchingKey, |info| info[1] = 0x7f, |_| ()),
        ("recipient's length of all bits", Code::NoMatchingKey, |info| info[1..5].fill(0xff), |_| ()),
        ("recipient's length one less", Code::NoMatchingKey, |info| info[4] -= 1, |_| ()),
        ("another recipient", Code::NoMatchingKey, |info| info[6] ^= 1, |_| ()),
        ("recipient's other half", Code::NoMatchingKey, |info| info[5] ^= 1, |_| ()),
        ("only the recipient", Code::EnvelopeInvalid, |info| info.truncate(5 + (info.len() - 9) / 2), |_| ()),
        ("sender's length altered", Code::EnvelopeInvalid, |info| sender(info)[0] ^= 1, |_| ()),
        ("sender's last byte missing", Code::EnvelopeInvalid, |info| info.truncate(info.len() - 1), |_| ()),
        ("a byte after the sender", Code::EnvelopeInvalid, |info| info.push(0), |_| ()),
        ("sender of prefix 00", Code::EnvelopeInvalid, |info| sender(info)[4] = 0, |_| ()),
        ("sender of prefix 04", Code::EnvelopeInvalid, |info| sender(info)[4] = 4, |_| ()),
        ("sender's x over the prime", Code::EnvelopeInvalid, |info| sender(info)[5..].fill(0xff), |_| ()),
        ("ciphertext of 111 bytes", Code::EnvelopeInvalid, |_| (), |ciphertext| ciphertext.truncate(111)),
        ("ciphertext of 113 bytes", Code::EnvelopeInvalid, |_| (), |ciphertext| ciphertext.push(0)),
        ("no ciphertext", Code::EnvelopeInvalid, |_| (), |ciphertext| ciphertext.clear()),
    ];
    for (vector, index) in known() {
        let known = ecdh(&vector, index).expect("ECDH");
        let keys = [OpenerKey::from(&known.key())];
        let good = [b"raw-ecdh".as_slice(), &known.provider_info, &known.ciphertext];
        for (name, code, alter_info, alter_ciphertext) in cases {
            let (mut info, mut ciphertext) = (known.provider_info.clone(), known.ciphertext.clone());
            alter_info(&mut info);
            alter_ciphertext(&mut ciphertext);
            for id in [b"raw-ecdh".as_slice(), b"aws-kms-ecdh"] {
                let bad = [id, &info, &ciphertext];
                assert_eq!(candidates(&vector, &keys, &[bad]), Err(*code), "{name}");
                for edks in [[bad, good], [good, bad]] {
                    assert_eq!(candidates(&vector, &keys, &edks).map(|asked| asked.len()), Ok(1), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_sender_off_the_curve_makes_no_call() {
    for known in each() {
        let at = known.provider_info.len() - known.shared_secret.len();
        let (vector, _) = self::known().remove(0);
        let keys = [OpenerKey::from(&known.key())];
        let mut off = 0;
        for last in 0..=255 {
            let mut info = known.provider_info.clone();
            *info.last_mut().expect("x") = last;
            match candidates(&vector, &keys, &[[b"raw-ecdh", &info, &known.ciphertext]]) {
                Ok(asked) => assert_eq!(
                    asked[0].input[asked[0].input.len() - 2 * (info.len() - at)..][..info.len() - at],
                    info[at..]
                ),
                Err(code) => {
                    assert_eq!(code, Code::EnvelopeInvalid);
                    off += 1;
                }
            }
        }
        // Half of all x belong to points.
        assert!((90..170).contains(&off), "{off} of 256 are off {}", known.key_spec);
    }
}

#[test]
fn what_kms_answers_must_fit() {
    for (vector, index) in known() {
        let known = ecdh(&vector, index).expect("ECDH");
        let locked = Locked::new(
            header(&vector, &[[b"raw-ecdh", &known.provider_info, &known.ciphertext]]),
            &vector.pairs(true),
        );
        let candidate = only(locked.expect("the context").candidates(&[OpenerKey::from(&known.key())]).expect("one"));
        let secret = known.shared_secret.as_slice();
        let longer = [secret, &[0]].concat();
        let cases: [Case<'_>; 8] = [
            ("another key", Some(OTHER_ARN), Some("ECDH"), secret),
            ("a bare key id", known.arn.rsplit('/').next(), Some("ECDH"), secret),
            ("no key", None, Some("ECDH"), secret),
            ("another algorithm", Some(&known.arn), Some("SM2DH"), secret),
            ("no algorithm", Some(&known.arn), None, secret),
            ("no secret", Some(&known.arn), Some("ECDH"), &[]),
            ("a byte less", Some(&known.arn), Some("ECDH"), &secret[1..]),
            ("a byte more", Some(&known.arn), Some("ECDH"), &longer),
        ];
        for (name, key_id, algorithm, bytes) in cases {
            let refused = candidate.request.accept(key_id, algorithm, bytes).map(|_| ()).map_err(|error| error.code());
            assert_eq!(refused, Err(Code::Kms), "{name}");
        }
        assert!(candidate.request.accept(Some(&known.arn), Some("ECDH"), secret).is_ok());
    }
}

#[test]
fn an_altered_encrypted_data_key_or_context_does_not_open_and_the_next_one_does() {
    for (vector, index) in known() {
        let known = ecdh(&vector, index).expect("ECDH");
        let key = OpenerKey::from(&known.key());
        let unlocked = |ciphertext: &[u8], secret: &[u8], expected: &EncryptionContext| {
            let header = header(&vector, &[[b"raw-ecdh", &known.provider_info, ciphertext]]);
            let locked = Locked::new(header, expected).expect("the stored context");
            let candidate = only(locked.candidates(std::slice::from_ref(&key)).expect("one"));
            assert!(!candidate.is_final());
            let answer = candidate.request.accept(Some(&known.arn), Some("ECDH"), secret).expect("an answer");
            locked.unlock(&candidate, &answer).map(|_| ()).map_err(|error| error.code())
        };
        let right = |ciphertext: &[u8]| unlocked(ciphertext, &known.shared_secret, &vector.pairs(true));
        for at in (0..112).step_by(5).chain([31, 32, 63, 64, 95, 96, 111]) {
            let mut ciphertext = known.ciphertext.clone();
            ciphertext[at] ^= 1;
            // Salt and commitment key, then the wrapped key and its tag.
            let code = if at < 64 { Code::Context } else { Code::Authentication };
            assert_eq!(right(&ciphertext), Err(code), "byte {at}");
        }
        let mut secret = known.shared_secret.clone();
        secret[1] ^= 1;
        assert_eq!(unlocked(&known.ciphertext, &secret, &vector.pairs(true)), Err(Code::Context));
        let other = vector.pairs(true).merged(&context(&[("another", "pair")])).expect("a context");
        assert_eq!(unlocked(&known.ciphertext, &known.shared_secret, &other), Err(Code::Context));

        // The whole message, with junk for the same key before the good one, which the header tag does not cover: it is another header.
        let junk = [b"raw-ecdh".as_slice(), &known.provider_info, &[7; 112]];
        let good = [b"raw-ecdh".as_slice(), &known.provider_info, &known.ciphertext];
        let locked = Locked::new(header(&vector, &[junk, good]), &vector.pairs(true)).expect("the stored context");
        let codes: Vec<_> = locked
            .candidates(std::slice::from_ref(&key))
            .expect("two")
            .iter()
            .map(|candidate| {
                let answer =
                    candidate.request.accept(Some(&known.arn), Some("ECDH"), &known.shared_secret).expect("an answer");
                let error = locked.unlock(candidate, &answer).map(|_| ()).expect_err("another header");
                (error.code(), error.message().contains("header"))
            })
            .collect();
        assert_eq!(codes, [(Code::Context, false), (Code::Authentication, true)], "{}", vector.name);
    }
}

fn recipients(keys: &[&Ecdh]) -> Recipients {
    Recipients::new(keys.iter().map(|known| Recipient::from(known.key())).collect(), Mixing::Refused)
        .expect("recipients")
}

fn seed(recipients: usize) -> DataKeySeed {
    DataKeySeed::generate(&mut getrandom::SysRng, recipients).expect("a seed")
}

#[test]
fn a_kept_sender_wraps_each_data_key_by_itself_and_has_one_request() {
    for known in &each() {
        let none = EncryptionContext::default();
        let mut requests = Vec::new();
        let mut ciphertexts = Vec::new();
        for whole in [none.clone(), context(&[("file", "1")]), context(&[("file", "2")])] {
            let recipients = recipients(&[known]);
            let mut wrapping = Wrapping::new(&recipients, &whole, seed(1)).expect("a wrapping");
            wrapping.accept(0, known.sender(), &known.shared_secret).expect("the same sender");
            let id = kmseal::MessageId::generate(&mut getrandom::SysRng).expect("an id");
            let materials = wrapping.finish().expect("materials");
            let message = kmseal::Message::new(&materials, id, &whole, &none, 4096).expect("a message");
            assert_eq!(message.header().len(), recipients.header_len(&whole).expect("a length"));
            let envelope = seal_in_order(message, &[b"a secret"]);
            let ask = |request: &Request| {
                assert_eq!(hex::encode(&request.input), hex::encode(&known.ephemeral_public_spki));
                Some(known.shared_secret.clone())
            };
            let keys = vec![OpenerKey::from(&known.key())];
            let outcome =
                Opener { keys: keys.clone(), expected: whole.clone(), limits: LIMITS, ask: &ask }.open(&[&envelope]);
            assert_eq!(outcome, Outcome { released: b"a secret".to_vec(), kms_calls: 1, end: Ok(whole.clone()) });
            let Ok(HeaderRead::Done(header)) = Header::read(&envelope, &LIMITS) else { panic!("no header") };
            ciphertexts.push(header.encrypted_data_keys()[0].ciphertext.clone());
            let locked = Locked::new(header, &whole).expect("the context");
            requests.push(only(locked.candidates(&keys).expect("one")).request);
        }
        assert!(requests.iter().all(|request| *request == requests[0]));
        assert!(ciphertexts[0][..32] != ciphertexts[1][..32] && ciphertexts[1][..32] != ciphertexts[2][..32], "salts");
    }
}

#[test]
fn what_the_platform_makes_must_be_a_point_and_a_secret() {
    for known in &each() {
        let (point, secret) = (known.sender(), known.shared_secret.as_slice());
        let mut off = point.to_vec();
        *off.last_mut().expect("y") ^= 1;
        let compressed = [&[2 + (point[point.len() - 1] & 1)], &point[1..=secret.len()]].concat();
        let long = [secret, &[0]].concat();
        let cases: [(&str, &[u8], &[u8]); 8] = [
            ("nothing", &[], &[]),
            ("no secret", point, &[]),
            ("a short secret", point, &secret[1..]),
            ("a long secret", point, &long),
            ("no point", &[], secret),
            ("a point off the curve", &off, secret),
            ("a compressed point", &compressed, secret),
            ("zeros", &vec![0; point.len()], secret),
        ];
        for (name, point, secret) in cases {
            let mut wrapping =
                Wrapping::new(&recipients(&[known]), &EncryptionContext::default(), seed(1)).expect("one");
            assert_eq!(wrapping.accept(0, point, secret).map_err(|error| error.code()), Err(Code::Platform), "{name}");
            // Its salt is used up.
            assert!(wrapping.task(0).is_none() && wrapping.finish().is_err(), "{name}");
        }
        let wrapping =
            || Wrapping::new(&recipients(&[known, known]), &EncryptionContext::default(), seed(2)).expect("one");
        assert_eq!(wrapping().finish().map(|_| ()).map_err(|error| error.code()), Err(Code::Platform), "not done");
        let mut half = wrapping();
        half.accept(1, point, secret).expect("the second");
        assert!(half.accept(1, point, secret).is_err() && half.accept(2, point, secret).is_err(), "twice, and none");
        assert_eq!(half.finish().map(|_| ()).map_err(|error| error.code()), Err(Code::Platform), "half done");
    }
    assert_eq!(arn(ARN).as_str(), ARN);
}
