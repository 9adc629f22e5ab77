//! Keys that are accepted: every form in which they arrive, their properties, and what they encrypt.

use crate::common::ARN;
use crate::common::json::decode_text;
use crate::common::key_texts::key_file;
use crate::common::kms::KmsKey;
use getrandom::SysRng;
use kmseal::{Code, EncryptionAlgorithm, GetPublicKeyOutput, ImportOptions, KmsPublicKey, OaepSeed};

const SHA_256: EncryptionAlgorithm = EncryptionAlgorithm::RsaesOaepSha256;
const SHA_1: EncryptionAlgorithm = EncryptionAlgorithm::RsaesOaepSha1;

/// Fingerprints by `openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64`.
const GOOD: [(&str, &str, &str); 3] = [
    ("rsa-2048.pem", "RSA_2048", "SHA256:YHK+KJku9jBZRf0Ibvo6ydj5DBOMYCZ/hPbbjPQMrmY="),
    ("rsa-3072.pem", "RSA_3072", "SHA256:kOBsa5R7RGHtKbVXc8W2iY8BJIkrskwzMH3CsnQn6PU="),
    ("rsa-4096.pem", "RSA_4096", "SHA256:DbLc7+lkIBGJyNBqyABdoST1rRKHPe6cLulPRvdCyC8="),
];

fn options(algorithm: EncryptionAlgorithm) -> ImportOptions {
    ImportOptions { key_ids: vec![ARN.into()], encryption_algorithm: algorithm, ..ImportOptions::default() }
}

fn import(file: &str, algorithm: EncryptionAlgorithm) -> KmsPublicKey {
    KmsPublicKey::from_der(&decode_text(&key_file(file)).expect(file), &options(algorithm)).expect(file)
}

/// The answer of GetPublicKey for the first key.
fn answer() -> GetPublicKeyOutput {
    GetPublicKeyOutput {
        key_id: Some(ARN.into()),
        public_key: decode_text(&key_file("rsa-2048.pem")).expect("PEM"),
        key_spec: Some("RSA_2048".into()),
        key_usage: Some("ENCRYPT_DECRYPT".into()),
        encryption_algorithms: Some(vec!["RSAES_OAEP_SHA_1".into(), "RSAES_OAEP_SHA_256".into()]),
        ..GetPublicKeyOutput::default()
    }
}

#[test]
fn keys_of_each_size_are_taken() {
    for ((file, spec, fingerprint), bytes) in GOOD.into_iter().zip([256, 384, 512]) {
        for (algorithm, name, hash) in [(SHA_256, "RSAES_OAEP_SHA_256", 32), (SHA_1, "RSAES_OAEP_SHA_1", 20)] {
            let key = import(file, algorithm);
            assert_eq!(key.key_id().as_str(), ARN);
            assert_eq!((key.key_spec(), key.fingerprint()), (spec, fingerprint));
            assert_eq!((key.encryption_algorithm(), algorithm.name()), (Some(algorithm), name));
            assert_eq!(EncryptionAlgorithm::from_name(name), Some(algorithm));
            // RFC 8017, 7.1.1: mLen <= k - 2 hLen - 2.
            assert_eq!((key.max_plaintext_len(), key.key_usage()), (Some(bytes - 2 * hash - 2), "ENCRYPT_DECRYPT"));
        }
    }
    assert_eq!(import("rsa-4096.pem", SHA_256).max_plaintext_len(), Some(446));
    assert_eq!(EncryptionAlgorithm::default(), SHA_256);
    for name in ["", "SYMMETRIC_DEFAULT", "SM2PKE", "rsaes_oaep_sha_256", "RSAES_OAEP_SHA_512"] {
        assert_eq!(EncryptionAlgorithm::from_name(name), None, "{name}");
    }
}

#[test]
fn text_of_every_form_is_read() {
    let pem = key_file("rsa-4096.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let wrapped = |width: usize| {
        let lines: Vec<&str> =
            body.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    };
    let der = decode_text(&pem).expect("PEM");
    assert_eq!(der.len(), 550);
    let forms = [
        ("line ends of Windows", pem.replace('\n', "\r\n")),
        ("no line end behind", pem.trim_end().to_owned()),
        ("a byte-order mark and blank lines around", format!("\u{feff}\n\n{pem}\n \t\n")),
        ("wrapped at 76, as MIME does", wrapped(76)),
        ("one long line", wrapped(body.len())),
        ("indented, as in source code", pem.replace('\n', "\n    ").replacen("----", "    ----", 1)),
        ("base64, as the CLI prints PublicKey", body.clone()),
        (
            "base64 in lines",
            body.as_bytes()
                .chunks(60)
                .map(|line| [line, b"\n"].concat())
                .map(|line| String::from_utf8(line).expect("ASCII"))
                .collect(),
        ),
    ];
    for (name, form) in forms {
        assert_eq!(decode_text(&form).as_ref(), Ok(&der), "{name}");
    }
}

#[test]
fn answers_of_get_public_key_are_taken() {
    let import = |answer: &GetPublicKeyOutput, options: &ImportOptions| {
        KmsPublicKey::from_get_public_key(answer, options).map(|key| key.key_id().as_str().to_owned())
    };
    let none = ImportOptions::default();
    let arn = || Ok(ARN.to_owned());
    assert_eq!(import(&answer(), &none), arn());
    assert_eq!(import(&answer(), &options(SHA_1)), arn(), "the same id twice");
    let bare = GetPublicKeyOutput { public_key: answer().public_key, ..GetPublicKeyOutput::default() };
    assert_eq!(import(&bare, &options(SHA_256)), arn(), "nothing but the key");
    assert_eq!(
        KmsPublicKey::from_get_public_key(&answer(), &none).map(|key| key.encryption_algorithm()),
        Ok(Some(SHA_256))
    );
}

#[test]
fn key_ids_that_are_missing_or_disagree_are_refused() {
    let code = |result: kmseal::Result<KmsPublicKey>| result.map(|_| ()).map_err(|error| error.code());
    let none = ImportOptions::default();
    let der = answer().public_key;
    assert_eq!(code(KmsPublicKey::from_der(&der, &none)), Err(Code::KeyId));
    let nameless = GetPublicKeyOutput { key_id: None, ..answer() };
    assert_eq!(code(KmsPublicKey::from_get_public_key(&nameless, &none)), Err(Code::KeyId));

    for id in ["alias/files", "1234abcd-12ab-34cd-56ef-1234567890ab", ""] {
        let given = ImportOptions { key_ids: vec![id.into()], ..none.clone() };
        assert_eq!(code(KmsPublicKey::from_der(&der, &given)), Err(Code::KeyId), "{id}");
        assert_eq!(code(KmsPublicKey::from_get_public_key(&nameless, &given)), Err(Code::KeyId), "{id}");
        let named = GetPublicKeyOutput { key_id: Some(id.into()), ..answer() };
        assert_eq!(code(KmsPublicKey::from_get_public_key(&named, &none)), Err(Code::KeyId), "{id} in the answer");
    }
    let other = ImportOptions { key_ids: vec![crate::common::OTHER_ARN.into()], ..none };
    assert_eq!(code(KmsPublicKey::from_get_public_key(&answer(), &other)), Err(Code::KeyId), "two ids");
}

#[test]
fn a_key_must_have_the_fingerprint_that_is_given() {
    let (_, _, right) = GOOD[0];
    let import = |fingerprint: &str| {
        let options = ImportOptions { fingerprints: vec![fingerprint.into()], ..options(SHA_256) };
        let from_der = KmsPublicKey::from_der(&answer().public_key, &options).map(|_| ());
        assert_eq!(from_der, KmsPublicKey::from_get_public_key(&answer(), &options).map(|_| ()));
        from_der.map_err(|error| error.code())
    };
    assert_eq!(import(right), Ok(()));
    let (_, _, of_another_key) = GOOD[1];
    let unprefixed = right.trim_start_matches("SHA256:");
    for wrong in ["", "SHA256:", of_another_key, &right.to_lowercase(), unprefixed, right.trim_end_matches('=')] {
        assert_eq!(import(wrong), Err(Code::KeyFingerprint), "{wrong}");
    }
}

#[test]
fn kms_opens_what_encrypt_makes() {
    let kms = KmsKey::create(ARN, 2048);
    for (algorithm, other) in [(SHA_256, SHA_1), (SHA_1, SHA_256)] {
        let key = kms.public_key(algorithm);
        let most = key.max_plaintext_len().expect("an RSA key");
        for len in [0, 1, 80, most] {
            let plaintext = crate::common::sample(len);
            let seed = OaepSeed::generate(&mut SysRng).expect("a seed");
            let blob = key.encrypt(&plaintext, seed).expect("a blob");
            assert_eq!(blob.len(), 2048 / 8);
            assert_eq!(kms.decrypt(algorithm, &blob), Some(plaintext), "{len} bytes");
            assert_eq!(kms.decrypt(other, &blob), None, "under the other hash");
        }
        let seed = OaepSeed::generate(&mut SysRng).expect("a seed");
        let error = key.encrypt(&crate::common::sample(most + 1), seed).expect_err("a byte too many");
        assert_eq!(error.code(), Code::TooLong);
        assert!(error.message().contains(&most.to_string()), "{error}");
    }
}

#[test]
fn a_blob_is_as_long_as_the_modulus_even_if_it_begins_with_zeros() {
    let key = import("rsa-2048.pem", SHA_256);
    let blobs = std::iter::repeat_with(|| {
        let seed = OaepSeed::generate(&mut SysRng).expect("a seed");
        key.encrypt(b"", seed).expect("a blob")
    });
    // One in 256 begins so; that none of 10,000 did will be seen once in 10^17 runs.
    let blob = blobs.take(10_000).find(|blob| blob[0] == 0).expect("a blob that begins with zero");
    assert_eq!(blob.len(), 256);
}
