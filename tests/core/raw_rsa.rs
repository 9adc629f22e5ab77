//! Raw RSA keys, the customer's own: what is taken, each hash, and how they open.

use crate::common::edge::{LIMITS, Opener, Outcome, seal_in_order};
use crate::common::json::Parsed;
use crate::common::key_texts::{answer, base64, key_file, pem, utf16};
use crate::common::kinds::{Known, vectors};
use crate::common::{ARN, arn, context};
use crate::ecdh::candidates;
use base64ct::{Base64, Encoding};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kmseal::{
    Code, DataKeySeed, EncryptionContext, Header, HeaderRead, Locked, Materials, Message, MessageId, OaepHash,
    OpenerKey, RawKeyOptions, RawPublicKey, Reason, Request, RsaPublicKey,
};
use rsa::pkcs8::EncodePublicKey;
use rsa::{Oaep, PrivateKey as RsaPrivateKey};
use serde_json::json;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

const HASHES: [OaepHash; 4] = [OaepHash::Sha1, OaepHash::Sha256, OaepHash::Sha384, OaepHash::Sha512];

fn options(key_namespace: &str, key_name: &str) -> RawKeyOptions {
    RawKeyOptions {
        key_namespace: Some(key_namespace.to_owned()),
        key_name: Some(key_name.to_owned()),
        ..RawKeyOptions::default()
    }
}

fn file(public_key: Vec<u8>) -> RawPublicKey {
    let mut file = RawPublicKey::default();
    file.public_key = public_key;
    file
}

fn read(text: &str) -> RawPublicKey {
    RawPublicKey::read::<Parsed>(text.as_bytes()).expect("a key's file")
}

#[test]
fn the_file_of_a_raw_key_tells_its_names_and_hash() {
    let bare = read(&key_file("rsa-2048.pem"));
    assert_eq!((bare.key_namespace.as_deref(), bare.key_name.as_deref(), bare.hash.as_deref()), (None, None, None));
    let key = RsaPublicKey::new(&bare, &options("example", "offline")).expect("a key");
    assert_eq!((key.hash(), key.key_size()), (OaepHash::Sha256, 2048));
    // By openssl, as in keys.rs.
    assert_eq!(key.fingerprint(), "SHA256:YHK+KJku9jBZRf0Ibvo6ydj5DBOMYCZ/hPbbjPQMrmY=");
    let text = format!(
        r#"{{ "keyNamespace": "example", "keyName": "schlüssel 1", "hash": "SHA-512", "PublicKey": "{}" }}"#,
        key.public_key_base64()
    );
    let whole = read(&text);
    assert_eq!(whole.public_key, bare.public_key);
    let key = RsaPublicKey::new(&whole, &RawKeyOptions::default()).expect("a key");
    assert_eq!((key.key_namespace(), key.key_name(), key.hash()), ("example", "schlüssel 1", OaepHash::Sha512));
    // The same said once more, and otherwise.
    assert!(RsaPublicKey::new(&whole, &options("example", "schlüssel 1")).is_ok());
    let code = |options: &RawKeyOptions| RsaPublicKey::new(&whole, options).map(|_| ()).map_err(|error| error.code());
    assert_eq!(code(&options("other", "schlüssel 1")), Err(Code::KeyId));
    assert_eq!(code(&options("example", "2")), Err(Code::KeyId));
    assert_eq!(code(&RawKeyOptions { hash: Some(OaepHash::Sha1), ..RawKeyOptions::default() }), Err(Code::KeyId));
    let fingerprints = vec![format!("SHA256:{}=", "A".repeat(43))];
    assert_eq!(code(&RawKeyOptions { fingerprints, ..RawKeyOptions::default() }), Err(Code::KeyFingerprint));
    let md5 = read(&text.replace("SHA-512", "MD5"));
    let refused = RsaPublicKey::new(&md5, &RawKeyOptions::default()).map(|_| ()).expect_err("MD5");
    assert!(refused.code() == Code::KeyUnsupported && refused.message().contains("MD5"), "{refused}");
    let number = text.replace("\"schlüssel 1\"", "7");
    assert_eq!(
        RawPublicKey::read::<Parsed>(number.as_bytes()).map(|_| ()).map_err(|e| e.code()),
        Err(Code::KeyInvalid)
    );
}

#[test]
fn names_that_belong_to_others_are_refused() {
    let key = read(&key_file("rsa-2048.pem"));
    let refused = |namespace: &str, name: &str| {
        let error = RsaPublicKey::new(&key, &options(namespace, name)).map(|_| ()).expect_err(namespace);
        assert_eq!(OpenerKey::raw(namespace, name).map(|_| ()), Err(error.clone()));
        (error.code(), error.reason())
    };
    for reserved in ["aws-kms", "aws-kms-rsa", "aws-kms-hierarchy", "raw-ecdh", "kmseal-ml-kem-draft-1"] {
        assert_eq!(refused(reserved, "name"), (Code::KeyId, None), "{reserved}");
    }
    assert_eq!(refused("", "name"), (Code::KeyId, Some(Reason::NoKeyName)));
    assert_eq!(refused("namespace", ""), (Code::KeyId, Some(Reason::NoKeyName)));
    let long = "x".repeat(65_536);
    assert_eq!((refused(&long, "name"), refused("namespace", &long)), ((Code::KeyId, None), (Code::KeyId, None)));
    let longest = &long[1..];
    assert!(RsaPublicKey::new(&key, &options(longest, longest)).is_ok() && OpenerKey::raw(longest, longest).is_ok());
    assert!(RsaPublicKey::new(&key, &options("aws", "kms")).is_ok());
}

#[test]
fn keys_that_are_too_weak_or_something_else_are_refused() {
    for (name, code, says) in [
        ("rsa-1024.pem", Code::KeyInvalid, "2048 to 4096"),
        ("rsa-8192.pem", Code::KeyInvalid, ""),
        ("rsa-2048-e3.pem", Code::KeyInvalid, "65537"),
        ("ec-p256.pem", Code::KeyUnsupported, "RSA"),
        ("ed25519.pem", Code::KeyUnsupported, "RSA"),
    ] {
        let error = RsaPublicKey::new(&read(&key_file(name)), &options("a", "b")).map(|_| ()).expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.message().contains(says), "{name}: {error}");
    }
    for (name, bits) in [("rsa-2056.pem", 2056), ("rsa-3072.pem", 3072), ("rsa-4096.pem", 4096)] {
        let key = RsaPublicKey::new(&read(&key_file(name)), &options("a", "b")).expect(name);
        assert_eq!(key.key_size(), bits, "{name}");
    }
    // The exponents beside 65537, which ends the DER.
    let der = read(&key_file("rsa-2048.pem")).public_key;
    let (front, exponent) = der.split_last_chunk::<3>().expect("DER");
    assert_eq!(exponent, &[1, 0, 1]);
    for (exponent, is_taken) in [([0, 0xff, 0xff], false), ([1, 0, 1], true), ([1, 0, 3], true)] {
        let key = RsaPublicKey::new(&file([front, &exponent].concat()), &options("a", "b"));
        let code = key.map(|_| ()).map_err(|error| error.code());
        assert_eq!(code.err(), (!is_taken).then_some(Code::KeyInvalid), "{exponent:x?}");
    }
}

fn unwrap(private: &RsaPrivateKey, hash: OaepHash, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let plaintext = match hash {
        OaepHash::Sha1 => private.decrypt(Oaep::<Sha1>::new(), ciphertext),
        OaepHash::Sha256 => private.decrypt(Oaep::<Sha256>::new(), ciphertext),
        OaepHash::Sha384 => private.decrypt(Oaep::<Sha384>::new(), ciphertext),
        OaepHash::Sha512 => private.decrypt(Oaep::<Sha512>::new(), ciphertext),
        other => panic!("{other:?}"),
    };
    plaintext.ok()
}

fn sealed(key: &RsaPublicKey, whole: &EncryptionContext, required: &EncryptionContext) -> Vec<u8> {
    let seed = DataKeySeed::generate(&mut SysRng, 2).expect("a seed");
    let both = whole.with_required(required).expect("a context");
    let materials = Materials::wrap(&[key.clone(), key.clone()], &both, seed).expect("materials");
    let id = MessageId::generate(&mut SysRng).expect("an id");
    seal_in_order(Message::new(&materials, id, whole, required, 4096).expect("a message"), &[b"a secret"])
}

#[test]
fn each_hash_opens_with_the_private_key_and_with_no_other_hash() {
    let private = RsaPrivateKey::new(&mut UnwrapErr(SysRng), 2048).expect("a new key");
    let der = private.to_public_key().to_public_key_der().expect("DER").into_vec();
    let (stored, hidden) = (context(&[("tenant", "acme")]), context(&[("hidden", "h")]));
    let whole = stored.with_required(&hidden).expect("a context");
    for hash in HASHES {
        assert_eq!(OaepHash::from_name(hash.name()), Some(hash));
        let options = RawKeyOptions { hash: Some(hash), ..options("example", "offline") };
        let envelope = sealed(&RsaPublicKey::new(&file(der.clone()), &options).expect("a key"), &stored, &hidden);
        let open = |names: &[(&str, &str)], hash: OaepHash, expected: &EncryptionContext| {
            let keys = names.iter().map(|(space, name)| OpenerKey::raw(space, name).expect("a name")).collect();
            let ask = |request: &Request| {
                assert_eq!(
                    (request.operation.name(), request.key_id.as_ref(), request.algorithm()),
                    ("unwrap", None, None)
                );
                // The second of two keys of one name has the private key.
                (request.key + 1 == names.len()).then(|| unwrap(&private, hash, &request.input)).flatten()
            };
            Opener { keys, expected: expected.clone(), limits: LIMITS, ask: &ask }.open(&[&envelope])
        };
        let ours = ("example", "offline");
        let opened = |kms_calls| Outcome { released: b"a secret".to_vec(), kms_calls, end: Ok(whole.clone()) };
        assert_eq!(open(&[ours], hash, &hidden), opened(1), "{}", hash.name());
        // Two entries for the first key, then the second key's.
        assert_eq!(open(&[ours, ours], hash, &hidden), opened(3), "{}", hash.name());
        assert_eq!(open(&[("example", "other")], hash, &hidden).end, Err(Code::NoMatchingKey));
        assert_eq!(open(&[("other", "offline")], hash, &hidden).end, Err(Code::NoMatchingKey));
        for other in HASHES.into_iter().filter(|other| *other != hash) {
            assert_eq!(open(&[ours], other, &hidden).end, Err(Code::Kms), "{} as {}", hash.name(), other.name());
        }
        // Nothing in the encrypted data key binds the context, so the header tag must.
        assert_eq!(open(&[ours], hash, &EncryptionContext::default()).end, Err(Code::Authentication));
        let ask = |_: &Request| -> Option<Vec<u8>> { panic!("asked") };
        let kms = Opener { keys: vec![arn(ARN).into()], expected: hidden.clone(), limits: LIMITS, ask: &ask };
        assert_eq!(kms.open(&[&envelope]).end, Err(Code::NoMatchingKey));
    }
}

#[test]
fn what_comes_out_of_the_raw_key_must_be_a_data_key() {
    let key = RsaPublicKey::new(&read(&key_file("rsa-2048.pem")), &options("example", "offline")).expect("a key");
    let none = EncryptionContext::default();
    let envelope = sealed(&key, &none, &none);
    let keys = || vec![OpenerKey::raw("example", "offline").expect("a name")];
    for (len, code) in [(0, Code::Kms), (31, Code::Kms), (33, Code::Kms), (80, Code::Kms), (32, Code::Authentication)] {
        let ask = |_: &Request| Some(vec![1; len]);
        let outcome = Opener { keys: keys(), expected: none.clone(), limits: LIMITS, ask: &ask }.open(&[&envelope]);
        assert_eq!(outcome.end, Err(code), "{len} bytes");
    }
    let Ok(HeaderRead::Done(header)) = Header::read(&envelope, &LIMITS) else { panic!("no header") };
    let locked = Locked::new(header, &none).expect("no context");
    let request = &locked.candidates(&keys()).expect("two entries")[0].request;
    let error = request.accept(None, None, &[1; 31]).map(|_| ()).expect_err("31 bytes");
    assert_eq!(error.message(), "what came out of the raw key is not a data key (it must be 32 bytes)");
}

#[test]
fn entries_that_the_raw_key_cannot_have_made_are_passed_over() {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector.name == "raw-rsa-2048-sha256").expect("a known answer");
    let [Known::Raw(known)] = &vector.recipients[..] else { panic!("one raw key") };
    let (namespace, name) = (known.key_namespace.as_bytes(), known.key_name.as_bytes());
    let keys = [OpenerKey::raw(&known.key_namespace, &known.key_name).expect("a name")];
    let good = [namespace, name, &known.ciphertext];
    assert_eq!(candidates(vector, &keys, &[good]).map(|asked| asked.len()), Ok(1));
    let (longer, upper) = ([name, b"0"].concat(), namespace.to_ascii_uppercase());
    let lengths = [0, 1, 32, 255, 513, 1024].map(|len| vec![7; len]);
    let mut cases: Vec<_> =
        lengths.iter().map(|bytes| ([namespace, name, bytes.as_slice()], Code::EnvelopeInvalid)).collect();
    cases.extend(
        [
            [namespace, &longer, &known.ciphertext],
            [namespace, &name[1..], &known.ciphertext],
            [namespace, &[], &known.ciphertext],
            [name, namespace, &known.ciphertext],
            [upper.as_slice(), name, &known.ciphertext],
            [b"aws-kms-rsa".as_slice(), ARN.as_bytes(), &known.ciphertext],
        ]
        .map(|edk| (edk, Code::NoMatchingKey)),
    );
    for (bad, code) in cases {
        let about = format!("{:?}, {} bytes", bad.map(String::from_utf8_lossy), bad[2].len());
        assert_eq!(candidates(vector, &keys, &[bad]), Err(code), "{about}");
        for edks in [[bad, good], [good, bad]] {
            assert_eq!(candidates(vector, &keys, &edks).map(|asked| asked.len()), Ok(1), "{about}");
        }
    }
}

#[test]
fn the_hash_of_a_raw_keys_file_is_never_lost() {
    let bare = RsaPublicKey::new(&read(&pem()), &options("example", "offline")).expect("a key");
    let file = json!({ "keyNamespace": "example", "keyName": "schlüssel 1", "hash": "SHA-512", "PublicKey": bare.public_key_base64() });
    let text = serde_json::to_string_pretty(&file).expect("JSON");
    let quoted = json!(text).to_string();
    let encoded = Base64::encode_string(text.as_bytes());
    for whole in
        [&format!("\u{feff}{text}"), &text.replace('\n', "\r\n"), &quoted, &encoded, &json!(encoded).to_string()]
    {
        let key = RsaPublicKey::new(&read(whole), &RawKeyOptions::default()).expect(whole);
        assert_eq!((key.key_name(), key.hash()), ("schlüssel 1", OaepHash::Sha512), "{whole}");
    }
    let yaml = format!("keyName: offline\nhash: SHA-512\nPublicKey: {}\n", bare.public_key_base64());
    for source in [
        utf16(&text, u16::to_le_bytes),
        utf16(&text, u16::to_be_bytes),
        utf16(&text, u16::to_le_bytes)[2..].to_vec(),
        format!("[{text}]").into_bytes(),
        format!("'{text}'").into_bytes(),
        Base64::encode_string(yaml.as_bytes()).into_bytes(),
        yaml.into_bytes(),
        json!([{ "pem": pem(), "algorithm": "RSA_DECRYPT_OAEP_2048_SHA512" }]).to_string().into_bytes(),
    ] {
        let error = RawPublicKey::read::<Parsed>(&source).map(|_| ()).expect_err("names that cannot be read");
        assert!(error.code() == Code::KeyInvalid && error.message().contains("JSON in UTF-8"), "{error}");
    }
}

#[test]
fn what_google_cloud_says_of_a_key_tells_its_hash() {
    let answer =
        |algorithm: &str| read(&json!({ "pem": pem(), "algorithm": algorithm, "name": "projects/p" }).to_string());
    let import = |algorithm: &str, hash: Option<OaepHash>| {
        let options = RawKeyOptions { hash, ..options("google-cloud-kms", "uploads") };
        RsaPublicKey::new(&answer(algorithm), &options).map(|key| key.hash()).map_err(|error| error.code())
    };
    for (algorithm, hash) in [
        ("RSA_DECRYPT_OAEP_2048_SHA256", OaepHash::Sha256),
        ("RSA_DECRYPT_OAEP_4096_SHA512", OaepHash::Sha512),
        ("RSA_DECRYPT_OAEP_4096_SHA1", OaepHash::Sha1),
    ] {
        assert_eq!(import(algorithm, None), Ok(hash));
        assert_eq!(import(algorithm, Some(OaepHash::Sha384)), Err(Code::KeyId));
    }
    for algorithm in ["RSA_SIGN_PKCS1_2048_SHA256", "RSA_SIGN_RAW_PKCS1_2048", "RSA_DECRYPT_OAEP_2048"] {
        assert_eq!(import(algorithm, None), Err(Code::KeyUnsupported), "{algorithm}");
    }
}

#[test]
fn a_raw_key_that_signs_is_refused() {
    let mut signs = answer(base64());
    signs["KeyUsage"] = "SIGN_VERIFY".into();
    for source in [signs.to_string(), format!("KeyUsage: SIGN_VERIFY\nPublicKey: {}\n", base64())] {
        let error = RawPublicKey::read::<Parsed>(source.as_bytes()).map(|_| ()).expect_err("a key that signs");
        assert!(error.code() == Code::KeyUnsupported && error.message().contains("SIGN_VERIFY"), "{error}");
    }
    // One whose private half was imported into KMS is the same key there.
    assert!(RsaPublicKey::new(&read(&answer(base64()).to_string()), &options("a", "b")).is_ok());
}

#[test]
fn errors_of_a_raw_key_send_nobody_to_kms() {
    let certificate = key_file("rsa-2048-certificate.pem");
    let in_der = |pem: &str| Base64::decode_vec(&pem.lines().filter(|line| !line.starts_with('-')).collect::<String>());
    for source in [
        certificate.clone().into_bytes(),
        in_der(&certificate).expect("base64"),
        key_file("rsa-2048-pkcs1.pem").into_bytes(),
        in_der(&key_file("rsa-2048-pkcs1.pem")).expect("base64"),
        key_file("ec-p256.pem").into_bytes(),
        br#"{ "kty": "RSA", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri", "e": "AQAB" }"#.to_vec(),
        b"not a key".to_vec(),
    ] {
        let key = RawPublicKey::read::<Parsed>(&source).and_then(|key| RsaPublicKey::new(&key, &options("a", "b")));
        let error = key.map(|_| ()).expect_err("not a key");
        let says = error.message();
        assert!(!says.contains("aws kms") && !says.contains("GetPublicKey"), "{error}");
        assert!(says.contains("openssl pkey -pubout") || says.contains("is not an RSA key"), "{error}");
    }
}
