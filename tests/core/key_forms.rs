//! Keys as tools write them: which forms are taken, and as what.

use base64ct::{Base64, Encoding};
use kmseal::{Code, GetPublicKeyOutput, ImportOptions, KmsPublicKey};

use crate::common::json::read;
use crate::common::key_texts::{answer, bare, base64, der, import, key_file, lines, pem, whole};
use crate::common::{ARN, MRK_ARN, OTHER_ARN};

#[test]
fn an_answer_in_every_form_is_taken_with_its_key_id() {
    for (name, source) in whole() {
        let key = import(&source, &[]).expect(name);
        assert_eq!((key.key_id().as_str(), key.key_spec()), (ARN, "RSA_2048"), "{name}");
        assert_eq!(read(&source).expect(name).public_key, der(), "{name}");
        let error = import(&source, &[OTHER_ARN]).expect_err(name);
        assert_eq!(error.code(), Code::KeyId, "{name}");
        assert!(error.message().contains(ARN) && error.message().contains(OTHER_ARN), "{name}: {error}");
    }
}

#[test]
fn a_bare_key_in_every_form_is_taken_with_the_key_id_that_is_given() {
    for (name, source) in bare() {
        assert_eq!(read(&source).map(|answer| answer.public_key), Ok(der()), "{name}");
        assert_eq!(import(&source, &[ARN]).expect(name).key_id().as_str(), ARN, "{name}");
        assert_eq!(import(&source, &[]).expect_err(name).code(), Code::KeyId, "{name}");
        let error = import(&source, &[ARN, OTHER_ARN]).expect_err(name);
        assert!(error.message().contains("does not say which"), "{name}: {error}");
    }
}

#[test]
fn a_key_that_signs_is_refused_in_every_form() {
    for (name, source) in whole() {
        let Ok(text) = String::from_utf8(source) else { continue };
        let signs = text.replace("ENCRYPT_DECRYPT", "SIGN_VERIFY");
        if signs == text {
            continue; // It says nothing about its usage, or in base64 or UTF-16.
        }
        let error = import(signs.as_bytes(), &[]).expect_err(name);
        assert_eq!(error.code(), Code::KeyUnsupported, "{name}");
        assert!(error.message().contains("SIGN_VERIFY"), "{name}: {error}");
    }
}

#[test]
fn the_bare_id_of_an_emulator_is_completed_by_the_arn_that_ends_in_it() {
    let emulated =
        |id: &str| GetPublicKeyOutput { key_id: Some(id.into()), public_key: der(), ..GetPublicKeyOutput::default() };
    let import = |id: &str, key_ids: &[&str]| {
        let key_ids = key_ids.iter().map(|id| (*id).to_owned()).collect();
        let options = ImportOptions { key_ids, ..ImportOptions::default() };
        KmsPublicKey::from_get_public_key(&emulated(id), &options).map(|key| key.key_id().as_str().to_owned())
    };
    let (_, id) = ARN.split_once('/').expect("an id");
    assert_eq!(import(id, &[ARN]), Ok(ARN.to_owned()));
    assert_eq!(import(id, &[OTHER_ARN, ARN]), Ok(ARN.to_owned()));
    assert_eq!(import(MRK_ARN.split_once('/').expect("an id").1, &[MRK_ARN]), Ok(MRK_ARN.to_owned()));
    let message = import(id, &[]).expect_err("no ARN").message().to_owned();
    assert!(message.contains("only a key id") && message.contains("arn:aws:kms:REGION:ACCOUNT:key/ID"), "{message}");
    for (id, given) in [(id, OTHER_ARN), (&id[1..], ARN), ("", ARN), ("alias/uploads", ARN)] {
        assert_eq!(import(id, &[given]).map_err(|error| error.code()), Err(Code::KeyId), "{id}");
    }
}

#[test]
fn several_arns_in_a_text_are_not_taken_before_the_caller_names_one() {
    let source =
        format!("old = \"{OTHER_ARN}\"\nnew = \"{ARN}\"\nold = \"{OTHER_ARN}\"\nkey = <<EOT\n{}\nEOT\n", pem());
    assert_eq!(import(source.as_bytes(), &[]).map(|_| ()).map_err(|error| error.code()), Err(Code::KeyId));
    assert_eq!(import(source.as_bytes(), &[ARN]).expect("a key").key_id().as_str(), ARN);
}

#[test]
fn the_key_takes_its_own_one_of_several_key_ids() {
    let source = answer(base64()).to_string();
    assert_eq!(import(source.as_bytes(), &[OTHER_ARN, ARN]).expect("a key").key_id().as_str(), ARN);
    let error = import(source.as_bytes(), &[OTHER_ARN, MRK_ARN]).expect_err("neither");
    for part in [ARN, OTHER_ARN, MRK_ARN] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn a_key_without_key_id_is_not_given_the_one_of_another_that_is_pinned_with_it() {
    let old = import(&der(), &[ARN]).expect("a key").fingerprint().to_owned();
    let next = format!("SHA256:{}", Base64::encode_string(&[7; 32]));
    let check = |source: &[u8], fingerprints: &[&String]| {
        let fingerprints = fingerprints.iter().copied().cloned().collect();
        let options = ImportOptions { key_ids: vec![ARN.into()], fingerprints, ..ImportOptions::default() };
        KmsPublicKey::from_get_public_key(&read(source)?, &options).map(|_| ()).map_err(|error| {
            assert!(error.message().contains("does not say which"), "{error}");
            error
        })
    };
    for (name, source) in bare() {
        assert_eq!(check(&source, &[&old, &next]).expect_err(name).code(), Code::KeyId, "{name}");
        assert_eq!(check(&source, &[&old]), Ok(()), "{name}");
    }
    assert_eq!(check(answer(base64()).to_string().as_bytes(), &[&old, &next]), Ok(()));
    let options =
        ImportOptions { key_ids: vec![ARN.into()], fingerprints: vec![old, next], ..ImportOptions::default() };
    assert_eq!(KmsPublicKey::from_der(&der(), &options).expect_err("DER").code(), Code::KeyId);
}

#[test]
fn another_key_is_seen_in_every_form_beside_pem() {
    let other: String = key_file("rsa-3072.pem").lines().filter(|line| !line.starts_with("-----")).collect();
    for pem in [pem(), pem().replace('\n', "\\n"), pem().replace('\n', " ")] {
        for other in [format!("new = \"{other}\""), lines(&other, 64, "  "), format!("key: {other}")] {
            for text in [format!("{pem}\n{other}"), format!("{other}\n{pem}")] {
                let error = read(&text).map(|_| ()).expect_err(&text);
                assert!(error.message().contains("more than one key"), "{text}: {error}");
            }
        }
        let same = format!("{pem}\npublic_key = \"{}\"\n", base64());
        assert_eq!(read(&same).expect("the same key").public_key, der(), "{same}");
    }
}

#[test]
fn every_line_of_pem_may_begin_as_a_key_does() {
    // In one line, each is a word of its own.
    let der: Vec<u8> = der().into_iter().chain([0x30; 192]).collect();
    let body = lines(&Base64::encode_string(&der), 64, "").replace('\n', " ");
    let pem = format!("-----BEGIN PUBLIC KEY----- {body} -----END PUBLIC KEY-----");
    assert_eq!(read(&pem).map(|answer| answer.public_key), Ok(der));
}

#[test]
fn text_in_text_is_read_a_few_times_and_no_more() {
    // Each level adds five bytes to a quote, so that a text of 1 MiB could have hundreds.
    let within = |text: &str| format!("\"{}\"", text.replace('\\', "\\u005c").replace('"', "\\u0022"));
    let mut text = base64();
    for times in 1..=8 {
        text = within(&text);
        assert_eq!(read(&text).map(|answer| answer.public_key), Ok(der()), "{times} times");
    }
    for times in 9..=10 {
        text = within(&text);
        let error = read(&text).expect_err("too deep");
        assert!(error.message().contains("nested too deeply"), "{times} times: {error}");
    }
}

#[test]
fn the_error_says_when_a_fingerprint_is_only_written_in_another_form() {
    let key = import(&der(), &[ARN]).expect("a key");
    let own = key.fingerprint().to_owned();
    let digest = own.trim_start_matches("SHA256:");
    let hex = hex::encode(Base64::decode_vec(digest).expect("base64"));
    let colons = lines(&hex, 2, "").replace('\n', ":").to_uppercase();
    let other = format!("SHA256:{}", Base64::encode_string(&[7; 32]));
    let check = |given: &[&str]| {
        let fingerprints = given.iter().map(|text| (*text).to_owned()).collect();
        let options = ImportOptions { fingerprints, ..ImportOptions::default() };
        KmsPublicKey::from_get_public_key(&read(answer(base64()).to_string())?, &options).map(|_| ())
    };
    assert_eq!(check(&[&own]), Ok(()));
    assert_eq!(check(&[&other, &own]), Ok(()));
    let wrapped = format!("{own}\n");
    let stdin = format!("SHA2-256(stdin)= {hex}");
    let cases: &[(&[&str], &str)] = &[
        (&[digest], "this key's in another form"),
        (&[&own[..own.len() - 1]], "this key's in another form"),
        (&[&wrapped], "this key's in another form"),
        (&[&hex], "is not one"),
        (&[&colons], "is not one"),
        (&[&stdin], "is not one"),
        (&[&other[7..]], "is not one"),
        (&[""], "is not one"),
        (&["SHA256:"], "is not one"),
        (&["SHA256:…"], "is not one"),
        (&["MD5:d41d8cd98f00b204e9800998ecf8427e"], "is not one"),
        // Reported at once, and not when the other key arrives.
        (&[&own, &hex], "is not one"),
        (&[&other], ", not SHA256:BwcHB"),
        (&[&other, &other], "SHA256:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc= or SHA256:BwcHB"),
    ];
    for (given, says) in cases {
        let error = check(given).expect_err(says);
        assert_eq!(error.code(), Code::KeyFingerprint, "{given:?}");
        let message = error.message();
        assert!(message.contains(says) && message.contains(&own), "{given:?}: {message}");
        assert!(message.contains("do not seal before"), "{given:?}: {message}");
        assert!(message.contains(given.last().expect("one")), "{given:?}: {message}");
    }
    // A text over twice as long as a fingerprint may be something secret.
    for (len, is_shown) in [(2 * own.len(), true), (2 * own.len() + 1, false), (200, false)] {
        let error = check(&[&"x".repeat(len)]).expect_err("no fingerprint");
        assert_eq!(error.message().contains("xxx"), is_shown, "{len} characters");
    }
}
