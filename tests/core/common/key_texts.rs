//! One key as tools write it.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use kmseal::{ImportOptions, KmsPublicKey};
use serde_json::json;

use super::ARN;
use super::json::read;
use super::kinds::{Known, vectors};

pub fn key_file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name)).expect(name)
}

pub fn pem() -> String {
    Sample::rsa().pem()
}

pub fn base64() -> String {
    Sample::rsa().base64()
}

pub fn der() -> Vec<u8> {
    Sample::rsa().der
}

pub fn lines(text: &str, width: usize, indent: &str) -> String {
    let lines = text.as_bytes().chunks(width).map(|line| format!("{indent}{}", String::from_utf8_lossy(line)));
    lines.collect::<Vec<_>>().join("\n")
}

/// GetPublicKey's answer with this in `PublicKey`'s place.
pub fn answer(public_key: impl Into<serde_json::Value>) -> serde_json::Value {
    Sample::rsa().answer(public_key)
}

/// A text in UTF-16 with its mark.
pub fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// A key of one kind, and what GetPublicKey says of it.
pub struct Sample {
    pub der: Vec<u8>,
    pub spec: &'static str,
    pub usage: &'static str,
    /// The name of the list of its algorithms, and these.
    algorithms: (&'static str, &'static [&'static str]),
}

impl Sample {
    fn rsa() -> Self {
        Self::rsa_of("rsa-2048.pem", "RSA_2048")
    }

    fn rsa_of(file: &str, spec: &'static str) -> Self {
        let base64: String = key_file(file).lines().filter(|line| !line.starts_with("-----")).collect();
        Self {
            der: Base64::decode_vec(&base64).expect("base64"),
            spec,
            usage: "ENCRYPT_DECRYPT",
            algorithms: ("EncryptionAlgorithms", &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
        }
    }

    /// One of each kind, size and curve.
    pub fn of_kinds() -> Vec<Self> {
        let rsa = [("rsa-2048.pem", "RSA_2048"), ("rsa-3072.pem", "RSA_3072"), ("rsa-4096.pem", "RSA_4096")];
        let mut samples: Vec<_> = rsa.into_iter().map(|(file, spec)| Self::rsa_of(file, spec)).collect();
        for spec in ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"] {
            let recipients = vectors().into_iter().flat_map(|vector| vector.recipients);
            let der = recipients.into_iter().find_map(|known| match known {
                Known::Ecdh(known) if known.key_spec == spec => Some(known.public_key_spki),
                _ => None,
            });
            let algorithms: (_, &[_]) = ("KeyAgreementAlgorithms", &["ECDH"]);
            samples.push(Self { der: der.expect(spec), spec, usage: "KEY_AGREEMENT", algorithms });
        }
        let ml_kem: serde_json::Value =
            serde_json::from_str(include_str!("../../vectors/kinds/ml-kem.json")).expect("JSON");
        samples.push(Self {
            der: hex::decode(ml_kem[0]["public_key_spki"].as_str().expect("a key")).expect("hexadecimal"),
            spec: "ML_KEM_768",
            usage: "ENCAPSULATE_DECAPSULATE",
            algorithms: ("EncapsulationAlgorithms", &["ML_KEM"]),
        });
        samples
    }

    fn base64(&self) -> String {
        Base64::encode_string(&self.der)
    }

    fn pem(&self) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines(&self.base64(), 64, ""))
    }

    fn answer(&self, public_key: impl Into<serde_json::Value>) -> serde_json::Value {
        let (list, algorithms) = self.algorithms;
        let public_key = public_key.into();
        json!({ "KeyId": ARN, "PublicKey": public_key, "KeySpec": self.spec, "KeyUsage": self.usage, list: algorithms })
    }

    /// As `JSON.stringify` writes a Uint8Array.
    fn indexed(&self) -> serde_json::Value {
        let bytes = self.der.iter().enumerate().map(|(index, byte)| (index.to_string(), json!(byte)));
        bytes.collect::<serde_json::Map<_, _>>().into()
    }

    fn yaml(&self, key: &str) -> String {
        let (list, algorithms) = self.algorithms;
        let algorithms: String = algorithms.iter().map(|name| format!("- {name}\n")).collect();
        let (spec, usage) = (self.spec, self.usage);
        format!("{list}:\n{algorithms}KeyId: {ARN}\nKeySpec: {spec}\nKeyUsage: {usage}\nPublicKey: {key}\n")
    }

    /// The forms that hold the whole answer, and so need no option.
    pub fn whole(&self) -> Vec<(&'static str, Vec<u8>)> {
        let (spec, usage, (list, algorithms)) = (self.spec, self.usage, self.algorithms);
        let each = |line: &dyn Fn(&str) -> String| algorithms.iter().map(|name| line(name)).collect::<String>();
        let printed = format!("{:#}\n", self.answer(self.base64()));
        let text = format!(
            "{spec}\t{ARN}\t{spec}\t{usage}\t{}\n{}",
            self.base64(),
            each(&|name| format!("{}\t{name}\n", list.to_uppercase()))
        );
        let table = format!(
            "-----------------------------\n|        GetPublicKey       |\n+-----------+---------------+\n|  KeyId    |  {ARN} |\n\
             |  KeyUsage |  {usage} |\n|  KmsPublicKey|  {}  |\n+-----------+---------------+\n||  {list}   ||\n{}",
            self.base64(),
            each(&|name| format!("||  {name}     ||\n"))
        );
        let metadata = json!({ "httpStatusCode": 200, "requestId": "1", "attempts": 1, "totalRetryDelay": 0 });
        let mut whole_response = self.answer(self.indexed());
        whole_response["$metadata"] = metadata;
        let outputs = json!({
            "key_arn": { "sensitive": false, "type": "string", "value": ARN },
            "public_key_pem": { "sensitive": false, "type": "string", "value": self.pem() },
        });
        let heredoc = format!("key_arn = \"{ARN}\"\npublic_key_pem = <<EOT\n{}\nEOT\n", self.pem());
        let mangled = String::from_utf8_lossy(&utf16(&printed, u16::to_le_bytes)).into_owned();
        let latin1 = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect::<String>();
        let nested = |json: &serde_json::Value| json!(json.to_string()).to_string();
        let cases = [
            ("the AWS CLI's JSON", printed.clone()),
            ("JSON with line ends of Windows", printed.replace('\n', "\r\n")),
            ("JSON behind a mark of UTF-8", format!("\u{feff}{printed}")),
            ("JSON behind a mark of UTF-8 that was read as Latin-1", latin1(format!("\u{feff}{printed}").into_bytes())),
            ("JSON with no-break spaces", printed.replace("  ", "\u{a0} ")),
            ("the SDK's answer through JSON.stringify", self.answer(self.indexed()).to_string()),
            ("the SDK's whole response", whole_response.to_string()),
            ("a Buffer through JSON.stringify", self.answer(json!({ "type": "Buffer", "data": self.der.clone() })).to_string()),
            ("a list of bytes", self.answer(json!(self.der.clone())).to_string()),
            ("PEM in the answer", self.answer(self.pem()).to_string()),
            ("base64 for URLs in the answer", self.answer(Base64UrlUnpadded::encode_string(&self.der.clone())).to_string()),
            ("JSON in a JSON string", nested(&self.answer(self.base64()))),
            ("JSON in a JSON string, twice", nested(&json!(nested(&self.answer(self.base64()))))),
            ("JSON in base64, as in a secret of Kubernetes", Base64::encode_string(printed.as_bytes())),
            ("UTF-16 that was read as UTF-8", mangled),
            ("UTF-16 that was read as Latin-1", latin1(utf16(&printed, u16::to_be_bytes))),
            ("--output text", text.clone()),
            ("--output text with spaces for tabs", text.replace('\t', "    ")),
            ("--output yaml", self.yaml(&self.base64())),
            ("yaml in quotes", self.yaml(&format!("'{}'", self.base64()))),
            (
                "yaml of bytes",
                self.yaml(&format!("!!binary |\n{}\nResponseMetadata:\n  HTTPStatusCode: 200", lines(&self.base64(), 76, "  "))),
            ),
            ("--output yaml-stream", format!("- {}", self.yaml(&self.base64()).replace('\n', "\n  "))),
            ("--output table", table),
            ("--query [KeyId,KmsPublicKey]", json!([ARN, self.base64()]).to_string()),
            ("terraform output", heredoc.clone()),
            ("terraform output, indented", heredoc.replace("<<EOT", "<<-EOT").replace('\n', "\n  ")),
            ("terraform output -json", format!("{outputs:#}")),
            (
                "the outputs of a stack",
                json!([
                    { "OutputKey": "KeyArn", "OutputValue": ARN }, { "OutputKey": "PublicKey", "OutputValue": self.base64() },
                ])
                .to_string(),
            ),
            ("an .env file", format!("KMS_ADMIN_ARN={ARN}\nKMS_ADMIN_KEY=\"{}\"\n", self.pem().trim_end().replace('\n', "\\n"))),
        ];
        let utf16s = [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes].map(|bytes| utf16(&printed, bytes));
        let wide = ["UTF-16, as PowerShell's > writes it", "UTF-16 in the other order"].into_iter().zip(utf16s);
        cases.into_iter().map(|(name, text)| (name, text.into_bytes())).chain(wide).collect()
    }

    /// The forms of the bare key, which say nothing about its id.
    pub fn bare(&self) -> Vec<(&'static str, Vec<u8>)> {
        let escaped = |text: &str, line_end: &str| text.replace('\n', line_end);
        let cases = [
            ("PEM with \\n, as in an .env file", escaped(&self.pem(), "\\n")),
            ("PEM with \\r\\n", escaped(&self.pem(), "\\r\\n")),
            ("PEM with \\\\n, escaped twice", escaped(&self.pem(), "\\\\n")),
            ("PEM with `n, as in PowerShell", escaped(&self.pem(), "`n")),
            ("PEM in double quotes", format!("\"{}\"", self.pem())),
            ("PEM in single quotes", format!("'{}'", escaped(&self.pem(), "\\n"))),
            ("PEM in one line, its line ends made spaces", escaped(&self.pem(), " ")),
            ("PEM as a value of .env", format!("KMS_PUBLIC_KEY=\"{}\"", escaped(&self.pem(), "\\n"))),
            ("PEM in yaml", format!("key: |\n  {}", escaped(&self.pem(), "\n  "))),
            (
                "PEM behind what openssl rsa -text prints",
                format!("Public-Key: (2048 bit)\nModulus:\n    00:b4:\n{}", self.pem()),
            ),
            ("PEM before words", format!("{}thanks\n", self.pem())),
            ("PEM with no-break spaces", format!("\u{a0}{}", self.pem().replace(' ', "\u{a0}"))),
            ("PEM in a JSON string: terraform output -json NAME", json!(self.pem()).to_string()),
            ("PEM as a JSON list of lines", json!(self.pem().lines().collect::<Vec<_>>()).to_string()),
            ("PEM in base64", lines(&Base64::encode_string(self.pem().as_bytes()), 76, "")),
            ("the same PEM twice", format!("{}{}", self.pem(), self.pem())),
            ("terraform output NAME", format!("<<EOT\n{}\nEOT\n", self.pem())),
            ("base64 in a JSON string: --query PublicKey", json!(self.base64()).to_string()),
            ("base64 in lines", lines(&self.base64(), 64, "")),
            ("base64 in lines of Windows", lines(&self.base64(), 76, "").replace('\n', "\r\n")),
            ("base64 for URLs", Base64UrlUnpadded::encode_string(&self.der.clone())),
            ("base64 without padding", self.base64().trim_end_matches('=').to_owned()),
            ("base64 as a value of .env", format!("export KMS_ADMIN_KEY={}", self.base64())),
            ("a Uint8Array through JSON.stringify", self.indexed().to_string()),
            ("a Buffer through JSON.stringify", json!({ "type": "Buffer", "data": self.der.clone() }).to_string()),
            ("a list of bytes", json!(self.der.clone()).to_string()),
        ];
        let der = ("DER", self.der.clone());
        let wide = ("PEM in UTF-16", utf16(&self.pem(), u16::to_le_bytes));
        cases.into_iter().map(|(name, text)| (name, text.into_bytes())).chain([der, wide]).collect()
    }
}

/// The forms of an RSA key that hold the whole answer, and so need no option.
pub fn whole() -> Vec<(&'static str, Vec<u8>)> {
    Sample::rsa().whole()
}

/// The forms of the bare RSA key, which say nothing about its id.
pub fn bare() -> Vec<(&'static str, Vec<u8>)> {
    Sample::rsa().bare()
}

pub fn import(source: &[u8], key_ids: &[&str]) -> kmseal::Result<KmsPublicKey> {
    let key_ids = key_ids.iter().map(|id| (*id).to_owned()).collect();
    KmsPublicKey::from_get_public_key(&read(source)?, &ImportOptions { key_ids, ..ImportOptions::default() })
}
