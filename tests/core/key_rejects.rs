//! Keys that are refused: each with its code, and a sentence that names what it seems to be.

use crate::common::ARN;
use crate::common::json::decode_text;
use crate::common::key_texts::key_file;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kmseal::{Code, GetPublicKeyOutput, ImportOptions, KmsPublicKey};
use rsa::PrivateKey as RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

fn good() -> Vec<u8> {
    decode_text(&key_file("rsa-2048.pem")).expect("PEM")
}

fn options() -> ImportOptions {
    ImportOptions { key_ids: vec![ARN.into()], ..ImportOptions::default() }
}

fn refused(der: &[u8], code: Code, name: &str, says: &str) {
    let error = KmsPublicKey::from_der(der, &options()).map(|_| ()).expect_err(name);
    assert_eq!(error.code(), code, "{name}");
    assert!(error.message().contains(says), "{name}: {error}");
    // The same inside GetPublicKey's answer.
    let answer =
        GetPublicKeyOutput { key_id: Some(ARN.into()), public_key: der.to_vec(), ..GetPublicKeyOutput::default() };
    let answered = KmsPublicKey::from_get_public_key(&answer, &ImportOptions::default()).map(|_| ());
    assert_eq!(answered, Err(error), "{name}");
}

fn refused_text(text: &str, name: &str, says: &str) {
    let error = decode_text(text).and_then(|der| KmsPublicKey::from_der(&der, &options())).map(|_| ()).expect_err(name);
    assert_eq!(error.code(), Code::KeyInvalid, "{name}");
    assert!(error.message().contains(says), "{name}: {error}");
}

#[test]
fn keys_of_other_kinds_are_refused() {
    const CREATE: &str = "aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT";
    const SIZES: &str = "2048, 3072 or 4096 bits";
    let cases = [
        ("ec-p256.pem", Code::KeyUnsupported, "state the usage KEY_AGREEMENT"),
        ("ed25519.pem", Code::KeyUnsupported, CREATE),
        ("rsa-pss-2048.pem", Code::KeyUnsupported, CREATE),
        ("rsa-1024.pem", Code::KeyInvalid, SIZES),
        ("rsa-2056.pem", Code::KeyInvalid, SIZES),
        ("rsa-8192.pem", Code::KeyInvalid, SIZES),
        ("rsa-2048-e3.pem", Code::KeyInvalid, "65537"),
    ];
    for (file, code, says) in cases {
        refused(&decode_text(&key_file(file)).expect(file), code, file, says);
    }
}

#[test]
fn certificates_and_pkcs1_are_refused() {
    for (file, says) in [("rsa-2048-certificate.pem", "certificate"), ("rsa-2048-pkcs1.pem", "PKCS#1")] {
        let pem = key_file(file);
        refused_text(&pem, file, says);
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        refused(&decode_text(&body).expect(file), Code::KeyInvalid, file, says);
    }
    // As `openssl x509 -text` and `-trustout` write them.
    let pem = key_file("rsa-2048-certificate.pem");
    refused_text(&format!("Certificate:\n    Version: 3 (0x2)\n{pem}"), "behind text", "certificate");
    refused_text(&pem.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"), "trusted", "certificate");
}

#[test]
fn private_keys_are_refused() {
    const SAYS: &str = "private key: never ship one";
    let key = RsaPrivateKey::new(&mut UnwrapErr(SysRng), 2048).expect("a new key");
    let pkcs8 = key.to_pkcs8_pem(LineEnding::LF).expect("PEM");
    let pkcs1 = key.to_pkcs1_pem(LineEnding::CRLF).expect("PEM");
    refused_text(&pkcs8, "PKCS#8", SAYS);
    refused_text(&pkcs1, "PKCS#1", SAYS);
    refused(key.to_pkcs8_der().expect("DER").as_bytes(), Code::KeyInvalid, "PKCS#8 DER", SAYS);
    refused(key.to_pkcs1_der().expect("DER").as_bytes(), Code::KeyInvalid, "PKCS#1 DER", SAYS);

    let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n";
    let encrypted = pkcs1.replace("-----BEGIN RSA PRIVATE KEY-----\r\n", encrypted);
    assert!(encrypted.contains("Proc-Type"));
    refused_text(&encrypted, "encrypted as OpenSSL once did", SAYS);
    for label in ["ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        // OpenSSH wraps at 70.
        let line = "b3Blb".repeat(14);
        let pem = format!("-----BEGIN {label}-----\n{line}\n{line}\nAAAA\n-----END {label}-----\n");
        refused_text(&pem, label, SAYS);
    }
    // EncryptedPrivateKeyInfo: SEQUENCE { SEQUENCE, OCTET STRING }.
    let encrypted = tlv(0x30, &[tlv(0x30, &tlv(0x06, &[0x2a, 3])), tlv(0x04, &[0; 16])].concat());
    refused(&encrypted, Code::KeyInvalid, "EncryptedPrivateKeyInfo", SAYS);
}

#[test]
fn text_without_a_key_is_refused() {
    let pem = key_file("rsa-2048.pem");
    let lines: Vec<&str> = pem.lines().collect();
    let cases = [
        ("words", "not a key".to_owned()),
        ("JSON", "{\"PublicKey\": \"MIIB\"}".into()),
        ("base64 for URLs", "MII-_w==".into()),
        ("base64 without padding", "MIIBIj".into()),
        ("no end", pem.replace("-----END PUBLIC KEY-----", "")),
        ("an end of another kind", pem.replace("END PUBLIC KEY", "END CERTIFICATE")),
        ("another label", pem.replace("PUBLIC KEY", "PGP PUBLIC KEY BLOCK")),
        ("no label", pem.replace("BEGIN PUBLIC KEY", "BEGIN ")),
        ("a line cut short", pem.replace(lines[1], &lines[1][1..])),
        ("an invalid letter", pem.replace(lines[1], &lines[1].replace('M', "*"))),
        ("two keys", format!("{pem}{}", key_file("rsa-3072.pem"))),
    ];
    for (name, text) in cases {
        refused_text(&text, name, "not a usable public key");
    }
    refused_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\nmDME\n-----END PGP PUBLIC KEY BLOCK-----", "PGP", "label");
    // Nothing at all is base64 of nothing.
    for text in ["", " \n", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"] {
        let code = decode_text(text).and_then(|der| KmsPublicKey::from_der(&der, &options())).map(|_| ());
        assert_eq!(code.map_err(|error| error.code()), Err(Code::KeyInvalid), "{text:?}");
    }
}

#[test]
fn der_must_be_exact() {
    let good = good();
    assert!(KmsPublicKey::from_der(&good, &options()).is_ok());
    let inner_len = good.len() - 4;
    let long_form = [&[0x30, 0x83, 0, (inner_len >> 8) as u8, inner_len as u8], &good[4..]].concat();
    let indefinite = [&[0x30, 0x80], &good[4..], &[0, 0]].concat();
    let flipped = |at: usize, bit: u8| {
        let mut der = good.clone();
        der[at] ^= bit;
        der
    };
    let cases = [
        ("nothing", Vec::new()),
        ("one byte", vec![0x30]),
        ("an empty SEQUENCE", vec![0x30, 0]),
        ("a byte behind", [good.as_slice(), &[0]].concat()),
        ("the key twice", [good.as_slice(), &good].concat()),
        ("a byte before", [&[0], good.as_slice()].concat()),
        ("BER: a long length", long_form),
        ("BER: an indefinite length", indefinite),
        ("a claimed length over the bytes", flipped(3, 1)),
        ("a SET for the SEQUENCE", flipped(0, 1)),
        ("text", b"-----BEGIN PUBLIC KEY-----".to_vec()),
    ];
    for (name, der) in cases {
        refused(&der, Code::KeyInvalid, name, "malformed");
    }
    for cut in 0..good.len() {
        refused(&good[..cut], Code::KeyInvalid, &format!("cut at {cut}"), "malformed");
    }
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).expect("a short value").to_be_bytes();
    let head: &[u8] = match value.len() {
        0..0x80 => &[tag, len[1]],
        0x80..0x100 => &[tag, 0x81, len[1]],
        _ => &[tag, 0x82, len[0], len[1]],
    };
    [head, value].concat()
}

const RSA_ENCRYPTION: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const NULL: &[u8] = &[5, 0];

fn spki(algorithm: &[u8], bits: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x30, algorithm), tlv(0x03, bits)].concat())
}

/// A SubjectPublicKeyInfo of these two INTEGERs' contents.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = tlv(0x30, &[tlv(0x02, modulus), tlv(0x02, exponent)].concat());
    spki(&[RSA_ENCRYPTION, NULL].concat(), &[&[0], key.as_slice()].concat())
}

#[test]
fn numbers_that_are_not_an_rsa_key_are_refused() {
    const E: &[u8] = &[1, 0, 1];
    let good = good();
    // 0, then 256 bytes; before the exponent's INTEGER of 3 bytes.
    let modulus = &good[good.len() - 5 - 257..good.len() - 5];
    assert_eq!(rsa(modulus, E), good);

    let even = [&modulus[..256], &[modulus[256] & 0xfe]].concat();
    let with_top = |top: u8| [&[top], &modulus[2..]].concat();
    let inner = tlv(0x30, &[tlv(0x02, modulus), tlv(0x02, E)].concat());
    let algorithm = [RSA_ENCRYPTION, NULL].concat();
    let third = tlv(0x30, &[tlv(0x02, modulus), tlv(0x02, E), tlv(0x02, &[1])].concat());
    let outer =
        tlv(0x30, &[tlv(0x30, &algorithm), tlv(0x03, &[&[0], inner.as_slice()].concat()), NULL.to_vec()].concat());
    let cases = [
        ("an even modulus", rsa(&even, E)),
        ("a modulus of 2047 bits", rsa(&with_top(0x7f), E)),
        ("a modulus of 2041 bits", rsa(&with_top(0x01), E)),
        ("a negative modulus", rsa(&modulus[1..], E)),
        ("a modulus with a zero more", rsa(&[&[0], modulus].concat(), E)),
        ("a modulus of 2049 bits", rsa(&[&[1], &modulus[1..]].concat(), E)),
        ("a modulus of 0", rsa(&[0], E)),
        ("a modulus of 1", rsa(&[1], E)),
        ("no modulus", rsa(&[], E)),
        ("exponent 1", rsa(modulus, &[1])),
        ("exponent 65536", rsa(modulus, &[1, 0, 0])),
        ("exponent 65539", rsa(modulus, &[1, 0, 3])),
        ("exponent 0", rsa(modulus, &[0])),
        ("a negative exponent", rsa(modulus, &[0xff])),
        ("an exponent with a zero more", rsa(modulus, &[0, 1, 0, 1])),
        ("an exponent as long as the modulus", rsa(modulus, modulus)),
        ("exponent 2^64 + 65537", rsa(modulus, &[1, 0, 0, 0, 0, 0, 1, 0, 1])),
        ("no parameters", spki(RSA_ENCRYPTION, &[&[0], inner.as_slice()].concat())),
        ("parameters that are not NULL", spki(&[RSA_ENCRYPTION, &[4, 0]].concat(), &[&[0], inner.as_slice()].concat())),
        ("unused bits", spki(&algorithm, &[&[1], inner.as_slice()].concat())),
        ("a byte after the key", spki(&algorithm, &[&[0], inner.as_slice(), &[0]].concat())),
        ("a third INTEGER", spki(&algorithm, &[&[0], third.as_slice()].concat())),
        ("a third element", outer),
        ("no key", spki(&algorithm, &[0])),
        ("no bits", spki(&algorithm, &[])),
    ];
    for (name, der) in cases {
        refused(&der, Code::KeyInvalid, name, "not a usable public key");
    }
}

#[test]
fn answers_of_get_public_key_for_keys_of_another_usage_are_refused() {
    type Alter = fn(&mut GetPublicKeyOutput);
    let cases: &[(&str, Code, &str, Alter)] = &[
        ("SIGN_VERIFY", Code::KeyUnsupported, "SIGN_VERIFY", |a| a.key_usage = Some("SIGN_VERIFY".into())),
        ("KEY_AGREEMENT", Code::KeyUnsupported, "KEY_AGREEMENT", |a| a.key_usage = Some("KEY_AGREEMENT".into())),
        ("MAC", Code::KeyUnsupported, "GENERATE_VERIFY_MAC", |a| a.key_usage = Some("GENERATE_VERIFY_MAC".into())),
        ("no usage known", Code::KeyUnsupported, "ENCRYPT_DECRYPT", |a| a.key_usage = Some(String::new())),
        ("ECC", Code::KeyUnsupported, "ECC_NIST_P256", |a| a.key_spec = Some("ECC_NIST_P256".into())),
        ("HMAC", Code::KeyUnsupported, "HMAC_256", |a| a.key_spec = Some("HMAC_256".into())),
        ("symmetric", Code::KeyUnsupported, "SYMMETRIC_DEFAULT", |a| a.key_spec = Some("SYMMETRIC_DEFAULT".into())),
        ("SM2", Code::KeyUnsupported, "SM2", |a| a.key_spec = Some("SM2".into())),
        ("an ECC key and no fields", Code::KeyUnsupported, "state the usage KEY_AGREEMENT", |a| {
            *a = GetPublicKeyOutput {
                key_id: a.key_id.take(),
                public_key: decode_text(&key_file("ec-p256.pem")).expect("PEM"),
                ..GetPublicKeyOutput::default()
            };
        }),
        ("the other hash only", Code::KeyUnsupported, "RSAES_OAEP_SHA_256", |a| {
            a.encryption_algorithms = Some(vec!["RSAES_OAEP_SHA_1".into()]);
        }),
        ("no algorithm", Code::KeyUnsupported, "RSAES_OAEP_SHA_256", |a| a.encryption_algorithms = Some(vec![])),
        ("another size", Code::KeyInvalid, "RSA_2048", |a| a.key_spec = Some("RSA_4096".into())),
        ("an invalid size", Code::KeyInvalid, "RSA_2048", |a| a.key_spec = Some("RSA_1024".into())),
        ("no key", Code::KeyInvalid, "malformed", |a| a.public_key.clear()),
    ];
    for (name, code, says, alter) in cases {
        let mut answer = GetPublicKeyOutput {
            key_id: Some(ARN.into()),
            public_key: good(),
            key_spec: Some("RSA_2048".into()),
            key_usage: Some("ENCRYPT_DECRYPT".into()),
            encryption_algorithms: Some(vec!["RSAES_OAEP_SHA_256".into()]),
            ..GetPublicKeyOutput::default()
        };
        assert!(KmsPublicKey::from_get_public_key(&answer, &ImportOptions::default()).is_ok());
        alter(&mut answer);
        let error = KmsPublicKey::from_get_public_key(&answer, &ImportOptions::default()).map(|_| ()).expect_err(name);
        assert_eq!(error.code(), *code, "{name}");
        assert!(error.message().contains(says), "{name}: {error}");
    }
}
