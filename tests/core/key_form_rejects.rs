//! Texts that tools write and that are not a public key: what the error calls them.

use base64ct::{Base64, Encoding};
use kmseal::Code;
use serde_json::json;

use crate::common::ARN;
use crate::common::json::read;
use crate::common::key_texts::{answer, base64, import, key_file, lines, pem, utf16};

#[test]
fn the_error_says_what_a_text_without_a_key_is() {
    const GET: &str = "aws kms get-public-key --key-id KEY-ID --output json";
    let ssh = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDw4 user@host";
    let jwk = json!({ "kty": "RSA", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri", "e": "AQAB" });
    let other = key_file("rsa-3072.pem");
    let cut = answer(base64()).to_string();
    let cases = [
        ("nothing", String::new(), "it is empty"),
        ("white space", " \r\n".into(), "it is empty"),
        ("an HTML page", "<!doctype html><title>404</title>".into(), "a web page or XML"),
        (
            "a page whose script speaks of keys",
            "<html><script>importPrivateKey(CERTIFICATE)</script>".into(),
            "a web page or XML",
        ),
        (
            "an error of S3",
            "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>".into(),
            "a web page or XML",
        ),
        ("an SSH key", ssh.into(), "an SSH key"),
        (
            "a key of SSH in SSH2's form",
            "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E\n---- END SSH2 PUBLIC KEY ----".into(),
            "an SSH key",
        ),
        ("a JWK", jwk.to_string(), "a JWK"),
        ("a set of JWKs", json!({ "keys": [jwk] }).to_string(), "a JWK"),
        (
            "PEM of another kind",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\nmDME\n-----END PGP PUBLIC KEY BLOCK-----".into(),
            "PEM label",
        ),
        ("PEM cut short", pem().replace("-----END PUBLIC KEY-----", ""), "damaged or cut short"),
        (
            "an error of the AWS CLI",
            "An error occurred (AccessDeniedException) when calling the GetPublicKey operation: no".into(),
            "an error message",
        ),
        ("an error of an API", json!({ "error": "not found" }).to_string(), "an error message"),
        (
            "DescribeKey's answer",
            json!({ "KeyMetadata": { "KeyId": "1234abcd", "Arn": ARN } }).to_string(),
            "JSON without a PublicKey",
        ),
        ("JSON cut short", cut[..cut.len() - 20].into(), "its JSON is damaged"),
        ("an ARN", ARN.into(), "the name of a key"),
        ("an alias", "alias/uploads".into(), "the name of a key"),
        ("words", "not a key".into(), "neither PEM nor base64"),
        ("two keys", format!("{}{other}", pem()), "more than one"),
        (
            "two keys in yaml",
            format!("a: {}\nb: {}", base64(), other.lines().filter(|line| !line.starts_with('-')).collect::<String>()),
            "more than one",
        ),
        (
            "a KmsPublicKey that JSON emptied",
            answer(json!({})).to_string(),
            "its PublicKey is neither base64 nor bytes",
        ),
        (
            "a KmsPublicKey of other numbers",
            answer(json!([48, 256])).to_string(),
            "its PublicKey is neither base64 nor bytes",
        ),
        (
            "a KmsPublicKey of negative numbers",
            answer(json!([48, -126])).to_string(),
            "its PublicKey is neither base64 nor bytes",
        ),
        (
            "a KeySpec that is a number",
            {
                let mut odd = answer(base64());
                odd["KeySpec"] = json!(2048);
                odd.to_string()
            },
            "one of its fields is not as GetPublicKey returns it",
        ),
        (
            "algorithms that are not a list",
            {
                let mut odd = answer(base64());
                odd["EncryptionAlgorithms"] = json!("X");
                odd.to_string()
            },
            "one of its fields is not as GetPublicKey returns it",
        ),
    ];
    for (name, text, says) in cases {
        let error = read(&text).map(|_| ()).expect_err(name);
        assert_eq!(error.code(), Code::KeyInvalid, "{name}");
        assert!(error.message().contains(says), "{name}: {error}");
        assert!(error.message().contains(GET), "{name}: {error}");
        assert!(!error.message().contains("printed"), "{name}: {error}");
    }
}

#[test]
fn private_keys_are_refused_wherever_they_stand_and_never_shown() {
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";
    let block = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    let pair = json!({ "KeyId": ARN, "PublicKey": base64(), "PrivateKeyCiphertextBlob": secret });
    let plain = json!({ "KeyId": ARN, "PublicKey": base64(), "PrivateKeyPlaintext": secret });
    let mut jwk = json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y" });
    jwk["d"] = json!(secret);
    // DER of RSA keys up to their modulus: it is recognized by its bytes, whatever the name says.
    let der = |hex: &str| Base64::encode_string(&hex::decode(hex).expect("hex"));
    let pkcs8 =
        der("308204bd020100300d06092a864886f70d0101010500048204a7308204a30201000282010100").replace('=', "A") + secret;
    let pkcs1 = der("308204a30201000282010100").replace('=', "A") + secret;
    let pkcs1_4096 = der("308209290201000282020100").replace('=', "A") + secret;
    let cases = [
        ("PKCS#8 in base64 beside PEM", format!("{}signing = \"{pkcs8}\"\n", pem())),
        ("PKCS#1 in base64 beside PEM", format!("{}signing = \"{pkcs1}\"\n", pem())),
        ("PKCS#8 in another field", json!({ "KeyId": ARN, "PublicKey": base64(), "other": pkcs8 }).to_string()),
        ("PKCS#1 in lines", format!("{}\n{}\n", pem(), lines(&pkcs1_4096, 7, ""))),
        ("behind the public key", format!("{}{block}", pem())),
        ("as Terraform prints it", format!("<<EOT\n{block}\nEOT\n")),
        ("with \\n", block.replace('\n', "\\n")),
        ("in JSON", json!({ "KeyId": ARN, "PublicKey": block }).to_string()),
        (
            "among the outputs of Terraform",
            json!({ "key": { "value": base64() }, "tls": { "value": block } }).to_string(),
        ),
        ("in base64", Base64::encode_string(block.as_bytes())),
        ("GenerateDataKeyPair's answer", plain.to_string()),
        ("GenerateDataKeyPairWithoutPlaintext's answer", pair.to_string()),
        ("a JWK", jwk.to_string()),
        ("a set of JWKs", json!({ "keys": [jwk] }).to_string()),
        (
            "PuTTY's file",
            format!("PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\n{secret}\n"),
        ),
    ];
    let wide = ("in UTF-16", String::from_utf8_lossy(&utf16(&block, u16::to_le_bytes)).into_owned());
    for (name, text) in cases.into_iter().chain([wide]) {
        let error = import(text.as_bytes(), &[ARN]).map(|_| ()).expect_err(name);
        assert_eq!(error.code(), Code::KeyInvalid, "{name}");
        assert!(error.message().contains("private key: never ship one"), "{name}: {error}");
        assert!(!error.message().contains(&secret[..8]), "{name}: {error}");
    }
}

#[test]
fn a_private_key_in_base64_beside_a_public_key_is_refused() {
    // How each kind begins, which shows it.
    let kinds: [(&str, &[u8]); 8] = [
        ("PKCS #8 of RSA", b"\x30\x82\x04\xbe\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"),
        ("PKCS #1", b"\x30\x82\x04\xa4\x02\x01\x00\x02\x82\x01\x01\x00"),
        ("PKCS #8 of P-256", b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"),
        ("PKCS #8 of P-384", b"\x30\x81\xb6\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"),
        ("PKCS #8 of Ed25519", b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22"),
        ("SEC 1 of P-256", b"\x30\x77\x02\x01\x01\x04\x20"),
        ("an encrypted one", b"\x30\x82\x05\x0e\x30\x40\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d\x30\x33"),
        ("PEM", b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz"),
    ];
    let key = base64();
    for (kind, start) in kinds {
        for length in [120, 121, 122] {
            let private = Base64::encode_string(&[start, &vec![7; length]].concat());
            let url = private.replace('+', "-").replace('/', "_").replace('=', "");
            let (head, tail) = private.split_at(64);
            for text in [
                json!({ "KeyId": ARN, "PublicKey": key, "Other": private }).to_string(),
                json!({ "PublicKey": key, "Other": [private] }).to_string(),
                format!("PUBLIC_KEY={key}\nOTHER={private}\n"),
                format!("public: {key}\nother: {url}\n"),
                format!("{key}\n{private}"),
                format!("{}\n{head}\n{tail}\n", pem()),
                format!("{ARN} {private} {key}"),
            ] {
                let error = read(&text).expect_err(kind);
                assert!(error.message().contains("it holds a private key"), "{kind} in {text}: {error}");
            }
        }
    }
}
