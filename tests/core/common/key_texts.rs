//! One key as tools write it.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use kmseal::{ImportOptions, KmsPublicKey};
use serde_json::json;

use super::ARN;
use super::json::read;

pub fn key_file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name)).expect(name)
}

pub fn pem() -> String {
    key_file("rsa-2048.pem")
}

pub fn base64() -> String {
    pem().lines().filter(|line| !line.starts_with("-----")).collect()
}

pub fn der() -> Vec<u8> {
    Base64::decode_vec(&base64()).expect("base64")
}

pub fn lines(text: &str, width: usize, indent: &str) -> String {
    let lines = text.as_bytes().chunks(width).map(|line| format!("{indent}{}", String::from_utf8_lossy(line)));
    lines.collect::<Vec<_>>().join("\n")
}

/// GetPublicKey's answer with this in `PublicKey`'s place.
pub fn answer(public_key: impl Into<serde_json::Value>) -> serde_json::Value {
    json!({
        "KeyId": ARN, "PublicKey": public_key.into(), "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT",
        "EncryptionAlgorithms": ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
    })
}

/// As `JSON.stringify` writes a Uint8Array.
pub fn indexed() -> serde_json::Value {
    der()
        .iter()
        .enumerate()
        .map(|(index, byte)| (index.to_string(), json!(byte)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A text in UTF-16 with its mark.
pub fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

pub fn yaml(key: &str) -> String {
    format!(
        "EncryptionAlgorithms:\n- RSAES_OAEP_SHA_1\n- RSAES_OAEP_SHA_256\nKeyId: {ARN}\nKeySpec: RSA_2048\n\
         KeyUsage: ENCRYPT_DECRYPT\nPublicKey: {key}\n"
    )
}

/// The forms that hold the whole answer, and so need no option.
pub fn whole() -> Vec<(&'static str, Vec<u8>)> {
    let printed = format!("{:#}\n", answer(base64()));
    let text = format!(
        "RSA_2048\t{ARN}\tRSA_2048\tENCRYPT_DECRYPT\t{}\nENCRYPTIONALGORITHMS\tRSAES_OAEP_SHA_1\n\
         ENCRYPTIONALGORITHMS\tRSAES_OAEP_SHA_256\n",
        base64()
    );
    let table = format!(
        "-----------------------------\n|        GetPublicKey       |\n+-----------+---------------+\n|  KeyId    |  {ARN} |\n\
         |  KeyUsage |  ENCRYPT_DECRYPT |\n|  KmsPublicKey|  {}  |\n+-----------+---------------+\n\
         ||  EncryptionAlgorithms   ||\n||  RSAES_OAEP_SHA_256     ||\n",
        base64()
    );
    let metadata = json!({ "httpStatusCode": 200, "requestId": "1", "attempts": 1, "totalRetryDelay": 0 });
    let mut whole_response = answer(indexed());
    whole_response["$metadata"] = metadata;
    let outputs = json!({
        "key_arn": { "sensitive": false, "type": "string", "value": ARN },
        "public_key_pem": { "sensitive": false, "type": "string", "value": pem() },
    });
    let heredoc = format!("key_arn = \"{ARN}\"\npublic_key_pem = <<EOT\n{}\nEOT\n", pem());
    let mangled = String::from_utf8_lossy(&utf16(&printed, u16::to_le_bytes)).into_owned();
    let latin1 = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect::<String>();
    let nested = |json: &serde_json::Value| json!(json.to_string()).to_string();
    let cases = [
        ("the AWS CLI's JSON", printed.clone()),
        ("JSON with line ends of Windows", printed.replace('\n', "\r\n")),
        ("JSON behind a mark of UTF-8", format!("\u{feff}{printed}")),
        ("JSON behind a mark of UTF-8 that was read as Latin-1", latin1(format!("\u{feff}{printed}").into_bytes())),
        ("JSON with no-break spaces", printed.replace("  ", "\u{a0} ")),
        ("the SDK's answer through JSON.stringify", answer(indexed()).to_string()),
        ("the SDK's whole response", whole_response.to_string()),
        ("a Buffer through JSON.stringify", answer(json!({ "type": "Buffer", "data": der() })).to_string()),
        ("a list of bytes", answer(json!(der())).to_string()),
        ("PEM in the answer", answer(pem()).to_string()),
        ("base64 for URLs in the answer", answer(Base64UrlUnpadded::encode_string(&der())).to_string()),
        ("JSON in a JSON string", nested(&answer(base64()))),
        ("JSON in a JSON string, twice", nested(&json!(nested(&answer(base64()))))),
        ("JSON in base64, as in a secret of Kubernetes", Base64::encode_string(printed.as_bytes())),
        ("UTF-16 that was read as UTF-8", mangled),
        ("UTF-16 that was read as Latin-1", latin1(utf16(&printed, u16::to_be_bytes))),
        ("--output text", text.clone()),
        ("--output text with spaces for tabs", text.replace('\t', "    ")),
        ("--output yaml", yaml(&base64())),
        ("yaml in quotes", yaml(&format!("'{}'", base64()))),
        (
            "yaml of bytes",
            yaml(&format!("!!binary |\n{}\nResponseMetadata:\n  HTTPStatusCode: 200", lines(&base64(), 76, "  "))),
        ),
        ("--output yaml-stream", format!("- {}", yaml(&base64()).replace('\n', "\n  "))),
        ("--output table", table),
        ("--query [KeyId,KmsPublicKey]", json!([ARN, base64()]).to_string()),
        ("terraform output", heredoc.clone()),
        ("terraform output, indented", heredoc.replace("<<EOT", "<<-EOT").replace('\n', "\n  ")),
        ("terraform output -json", format!("{outputs:#}")),
        (
            "the outputs of a stack",
            json!([
                { "OutputKey": "KeyArn", "OutputValue": ARN }, { "OutputKey": "PublicKey", "OutputValue": base64() },
            ])
            .to_string(),
        ),
        ("an .env file", format!("KMS_ADMIN_ARN={ARN}\nKMS_ADMIN_KEY=\"{}\"\n", pem().trim_end().replace('\n', "\\n"))),
    ];
    let utf16s = [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes].map(|bytes| utf16(&printed, bytes));
    let wide = ["UTF-16, as PowerShell's > writes it", "UTF-16 in the other order"].into_iter().zip(utf16s);
    cases.into_iter().map(|(name, text)| (name, text.into_bytes())).chain(wide).collect()
}

/// The forms of the bare key, which say nothing of its id.
pub fn bare() -> Vec<(&'static str, Vec<u8>)> {
    let escaped = |text: &str, line_end: &str| text.replace('\n', line_end);
    let cases = [
        ("PEM with \\n, as in an .env file", escaped(&pem(), "\\n")),
        ("PEM with \\r\\n", escaped(&pem(), "\\r\\n")),
        ("PEM with \\\\n, escaped twice", escaped(&pem(), "\\\\n")),
        ("PEM with `n, as in PowerShell", escaped(&pem(), "`n")),
        ("PEM in double quotes", format!("\"{}\"", pem())),
        ("PEM in single quotes", format!("'{}'", escaped(&pem(), "\\n"))),
        ("PEM in one line, its line ends made spaces", escaped(&pem(), " ")),
        ("PEM as a value of .env", format!("KMS_PUBLIC_KEY=\"{}\"", escaped(&pem(), "\\n"))),
        ("PEM in yaml", format!("key: |\n  {}", escaped(&pem(), "\n  "))),
        (
            "PEM behind what openssl rsa -text prints",
            format!("Public-Key: (2048 bit)\nModulus:\n    00:b4:\n{}", pem()),
        ),
        ("PEM before words", format!("{}thanks\n", pem())),
        ("PEM with no-break spaces", format!("\u{a0}{}", pem().replace(' ', "\u{a0}"))),
        ("PEM in a JSON string: terraform output -json NAME", json!(pem()).to_string()),
        ("PEM as a JSON list of lines", json!(pem().lines().collect::<Vec<_>>()).to_string()),
        ("PEM in base64", lines(&Base64::encode_string(pem().as_bytes()), 76, "")),
        ("the same PEM twice", format!("{}{}", pem(), pem())),
        ("terraform output NAME", format!("<<EOT\n{}\nEOT\n", pem())),
        ("base64 in a JSON string: --query PublicKey", json!(base64()).to_string()),
        ("base64 in lines", lines(&base64(), 64, "")),
        ("base64 in lines of Windows", lines(&base64(), 76, "").replace('\n', "\r\n")),
        ("base64 for URLs", Base64UrlUnpadded::encode_string(&der())),
        ("base64 without padding", base64().trim_end_matches('=').to_owned()),
        ("base64 as a value of .env", format!("export KMS_ADMIN_KEY={}", base64())),
        ("a Uint8Array through JSON.stringify", indexed().to_string()),
        ("a Buffer through JSON.stringify", json!({ "type": "Buffer", "data": der() }).to_string()),
        ("a list of bytes", json!(der()).to_string()),
    ];
    let der = ("DER", der());
    let wide = ("PEM in UTF-16", utf16(&pem(), u16::to_le_bytes));
    cases.into_iter().map(|(name, text)| (name, text.into_bytes())).chain([der, wide]).collect()
}

pub fn import(source: &[u8], key_ids: &[&str]) -> kmseal::Result<KmsPublicKey> {
    let key_ids = key_ids.iter().map(|id| (*id).to_owned()).collect();
    KmsPublicKey::from_get_public_key(&read(source)?, &ImportOptions { key_ids, ..ImportOptions::default() })
}
