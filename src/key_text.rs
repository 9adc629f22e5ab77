//! A public key as tools write it: GetPublicKey's answer as the AWS CLI and the SDKs write it, PEM, base64
//! and DER, also inside a file of another kind, and in the encodings that shells and editors make of it.
//! Doubtful input is refused, with what it seems to be.
//!
//! Source: AWS CLI User Guide, "Setting the output format"; RFC 7468, 2 and 13; RFC 4648, 4 and 5.

use alloc::string::String;
use alloc::vec::Vec;

use crate::arn::KeyArn;
use crate::base64;
use crate::error::{Result, decimal};
use crate::key_source::{CERTIFICATE, GetPublicKeyOutput, PKCS1, PRIVATE, invalid};

/// A JSON value, as an edge's parser returns it: this crate has none of its own. With `serde_json`:
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use kmseal::{GetPublicKeyOutput, ImportOptions, Json, KmsPublicKey};
/// use serde_json::Value;
///
/// struct Parsed(Value);
///
/// impl Json for Parsed {
///     fn parse(text: &str) -> Option<Self> {
///         serde_json::from_str(text).ok().map(Self)
///     }
///
///     fn get(&self, name: &str) -> Option<Self> {
///         let found = match &self.0 {
///             Value::Array(items) => items.get(name.parse::<usize>().ok()?),
///             other => other.get(name),
///         };
///         found.filter(|value| !value.is_null()).cloned().map(Self)
///     }
///
///     fn text(&self) -> Option<String> {
///         self.0.as_str().map(str::to_owned)
///     }
///
///     fn byte(&self) -> Option<u8> {
///         self.0.as_u64()?.try_into().ok()
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key_file = example::key_file();
/// // The bytes of a file that `kmseal key` or the AWS CLI wrote
/// let output = GetPublicKeyOutput::read::<Parsed>(&key_file)?;
/// let key = KmsPublicKey::from_get_public_key(&output, &ImportOptions::default())?;
/// assert_eq!(key.key_spec(), "RSA_2048");
/// # Ok(())
/// # }
/// ```
pub trait Json: Sized {
    /// From text; none if it is not JSON.
    fn parse(text: &str) -> Option<Self>;
    /// What an object or an array has under this name or index; none if it is absent or null.
    fn get(&self, name: &str) -> Option<Self>;
    /// A string's text.
    fn text(&self) -> Option<String>;
    /// A number that is a byte.
    fn byte(&self) -> Option<u8>;
}

/// What is wrong with a text.
type Told = core::result::Result<(), &'static str>;

impl GetPublicKeyOutput {
    /// Reads what a tool wrote: bytes of DER, or of text in UTF-8 or UTF-16.
    ///
    /// # Errors
    /// [`crate::Code::KeyInvalid`], with what it is instead.
    pub fn read<J: Json>(source: &[u8]) -> Result<Self> {
        Self::read_for::<J>(source, GET)
    }

    /// The same for keys that something else gives than KMS.
    pub(crate) fn read_for<J: Json>(source: &[u8], get: &str) -> Result<Self> {
        let mut answer = Self::default();
        answer.fill::<J>(source, 0).map_err(|what| invalid(&[what, get]))?;
        Ok(answer)
    }

    /// `depth` counts the enclosing texts, which all stay in memory.
    fn fill<J: Json>(&mut self, source: &[u8], depth: u8) -> Told {
        if depth > MAX_DEPTH {
            return Err("its text is nested too deeply");
        }
        if !is_text(source) {
            self.public_key = source.to_vec();
            return Ok(());
        }
        let text = ascii(source);
        let packed = packed(&text);
        check_public(&packed)?;
        if matches!(text.as_bytes(), [b'{' | b'[' | b'"', ..]) {
            if let Some(value) = J::parse(&text) {
                if let Some(text) = value.text() {
                    return self.fill::<J>(text.as_bytes(), depth.saturating_add(1));
                }
                if self.fill_from(&value, depth)? {
                    return Ok(());
                }
            } else if text.starts_with('{') {
                return Err("its JSON is damaged, cut short, or has a field twice");
            }
        }
        self.fill_from_words(text.as_bytes(), &packed)?;
        if self.public_key.first() == Some(&DER) {
            return Ok(());
        }
        // JSON or PEM in base64, as secrets of Kubernetes have it.
        let inner = core::mem::take(&mut self.public_key);
        self.fill::<J>(&inner, depth.saturating_add(1))
    }

    /// From an object's fields, or the bytes of a key alone; false if it is something else.
    fn fill_from<J: Json>(&mut self, value: &J, depth: u8) -> core::result::Result<bool, &'static str> {
        if let Some(public_key) = bytes(value) {
            self.public_key = public_key;
            return Ok(true);
        }
        let Some(public_key) = value.get("PublicKey") else { return Ok(false) };
        match public_key.text() {
            Some(text) => self.fill::<J>(text.as_bytes(), depth.saturating_add(1))?,
            None => self.public_key = bytes(&public_key).ok_or("its PublicKey is neither base64 nor bytes")?,
        }
        for name in ["KeyId", "KeyUsage", "CustomerMasterKeySpec", "KeySpec"] {
            let Some(value) = value.get(name) else { continue };
            let field = match name {
                "KeyId" => &mut self.key_id,
                "KeyUsage" => &mut self.key_usage,
                _ => &mut self.key_spec,
            };
            *field = Some(value.text().ok_or(FIELD)?);
        }
        for (field, name) in [
            (&mut self.encryption_algorithms, "EncryptionAlgorithms"),
            (&mut self.key_agreement_algorithms, "KeyAgreementAlgorithms"),
            #[cfg(feature = "every-kind")]
            (&mut self.encapsulation_algorithms, "EncapsulationAlgorithms"),
        ] {
            let Some(list) = value.get(name) else { continue };
            let mut names = Vec::new();
            while let Some(name) = item(&list, names.len()) {
                names.push(name.text().ok_or(FIELD)?);
            }
            if list.text().is_some() {
                return Err(FIELD);
            }
            *field = Some(names);
        }
        Ok(true)
    }

    /// From text that contains key, ARN and the rest, each recognizable by itself. The key may be base64 of
    /// something that must be read in turn.
    fn fill_from_words(&mut self, text: &[u8], packed: &[u8]) -> Told {
        self.take_pem(packed)?;
        let is_pem = !self.public_key.is_empty();
        if !is_pem {
            self.take(key_of_base64(packed))?;
        }
        // Another key beside PEM, too; not in text that is base64 as a whole, nor in a block of another label.
        let sought = is_pem || self.public_key.is_empty() && find(packed, b"-----BEGIN").is_none();
        let mut arns = 0_u32;
        let mut run = Vec::new();
        let mut goes_on = false;
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            // A key in several lines, and not the rule of a table.
            if goes_on && !line.is_empty() && !line.starts_with(b"+-") && line.iter().all(is_base64) {
                run.extend(line);
                continue;
            }
            goes_on = false;
            for word in line.split(is_between) {
                if sought && word.len() > 40 && word.first() == Some(&b'M') && word.iter().all(is_base64) {
                    self.take(key_of_base64(&run))?;
                    run = word.to_vec();
                    goes_on = true;
                } else if USAGES.contains(&word) {
                    self.key_usage = string(word);
                } else if string(word).is_some_and(|word| KeyArn::checked(&word).is_some()) {
                    let arn = string(word);
                    arns = arns.saturating_add(u32::from(self.key_id != arn));
                    self.key_id = arn;
                }
            }
        }
        self.take(key_of_base64(&run))?;
        // Several are ambiguous: the caller must choose.
        if arns > 1 {
            self.key_id = None;
        }
        if self.public_key.is_empty() { Err(seems(packed)) } else { Ok(()) }
    }

    /// The DER in each PEM block of a public key (RFC 7468, 13), whatever is around it (2: data before and after).
    fn take_pem(&mut self, packed: &[u8]) -> Told {
        let mut rest = packed;
        while let Some(body) = find(rest, BEGIN).and_then(|at| rest.get(at.saturating_add(BEGIN.len())..)) {
            let lines = find(body, END).and_then(|at| body.get(..at)).ok_or(DAMAGED)?;
            // A list of lines has commas between them.
            let len = lines.iter().filter(|byte| **byte != b',').count();
            let key = key_of_base64(lines).filter(|_| len % 4 == 0);
            self.take(Some(key.ok_or(DAMAGED)?))?;
            rest = body;
        }
        Ok(())
    }

    fn take(&mut self, key: Option<Vec<u8>>) -> Told {
        let Some(key) = key else { return Ok(()) };
        // The lines of a PEM are found once more, as parts of the key. In what is longer than any key of KMS nothing is sought, which would
        // take as long as both lengths' product.
        let is_part = || self.public_key.len() < 2048 && find(&self.public_key, &key).is_some();
        if !self.public_key.is_empty() && self.public_key != key && !is_part() {
            return Err("it holds more than one key");
        }
        if self.public_key.is_empty() {
            self.public_key = key;
        }
        Ok(())
    }
}

/// The command that gives the correct form.
pub(crate) const GET: &str = "; get the key with: aws kms get-public-key --key-id KEY-ID --output json";
const DAMAGED: &str = "its PEM is damaged or cut short";
const FIELD: &str = "one of its fields is not as GetPublicKey returns it";
/// Most texts around a key: JSON in a JSON string and PEM in base64, each a few times. A text that is made for it has hundreds of JSON
/// strings in each other, all of which would be in memory at once.
const MAX_DEPTH: u8 = 8;
/// The tag of a SEQUENCE.
const DER: u8 = 0x30;
const BEGIN: &[u8] = b"-----BEGINPUBLICKEY-----";
const END: &[u8] = b"-----ENDPUBLICKEY-----";
/// What base64 of private keys holds near its start, in either alphabet: version and algorithm (RFC 5958, 2) of RSA, elliptic curves and
/// Curve25519; what encrypts them (RFC 8018, A); version and modulus (RFC 8017, A.1.2); version and key on P-256 (RFC 5915, 3); and what base64
/// makes of the words PRIVATE KEY, in three ways.
const PRIVATE_BASE64: [&[u8]; 10] = [
    b"IBADANBgkqhkiG9w0BAQEFA",
    b"AgEAMBMGByqGSM49",
    b"AgEAMBAGByqGSM49",
    b"AQAwBQYDK2V",
    b"BgkqhkiG9w0BBQ",
    b"IBAAKCA",
    b"MHcCAQEEI",
    b"UFJJVkFURSBLRV",
    b"BSSVZBVEUgS0VZ",
    b"QUklWQVRFIEtFW",
];
/// What a key is for, unless it is for RSA encryption. For keys that sign nothing could ever be opened.
const USAGES: [&[u8]; 3] = [b"SIGN_VERIFY", b"KEY_AGREEMENT", b"GENERATE_VERIFY_MAC"];

/// Whether it is text: in UTF-16 with its mark, or in UTF-8, which no key's DER is.
fn is_text(source: &[u8]) -> bool {
    matches!(source, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) || core::str::from_utf8(source).is_ok()
}

/// The ASCII of a text, all that a key is written in: UTF-16 has NUL beside it, also once it was read as something else. What is not
/// ASCII (marks of byte order, spaces of other kinds) counts as a space.
pub(crate) fn ascii(source: &[u8]) -> String {
    let mut text = Vec::new();
    for byte in source {
        match byte {
            0 => {}
            b'\n' | b' '..=b'~' => text.push(*byte),
            _ => text.push(b' '),
        }
    }
    string(text.trim_ascii()).unwrap_or_default()
}

#[inline(never)]
fn string(ascii: &[u8]) -> Option<String> {
    String::from_utf8(ascii.to_vec()).ok()
}

/// The text without what wraps it: white space and line ends that are written as escapes (RFC 7468, 2: parsers SHOULD take
/// lines of any width), and quotes.
pub(crate) fn packed(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut escaped = false;
    for byte in text.bytes() {
        let escape = matches!(byte, b'\\' | b'`');
        if !(escape || escaped && matches!(byte, b'n' | b'r' | b't') || matches!(byte, b' ' | b'\n' | b'"' | b'\'')) {
            packed.push(byte);
        }
        escaped = escape;
    }
    packed
}

/// Refuses what stands for something else, or holds what nobody should have: a private key in PEM of any kind, in GenerateDataKeyPair's
/// answer, in PuTTY's file or in a JWK.
fn check_public(packed: &[u8]) -> Told {
    let has = |what: &[u8]| find(packed, what).is_some();
    // Whatever its text and scripts mention. Two of them begin what a shell or Terraform quotes.
    if matches!(packed, [b'<', second, ..] if *second != b'<') {
        Err("it is a web page or XML, and not the file of a key")
    } else if has(b"PRIVATEKEY")
        || has(b"rivateKey")
        || PRIVATE_BASE64.iter().any(|start| has(start))
        || has(b"Private-Lines")
        || has(b"kty:") && (has(b"{d:") || has(b",d:"))
    {
        Err(PRIVATE)
    } else if has(b"CERTIFICATE") {
        Err(CERTIFICATE)
    } else if has(b"BEGINRSAPUBLICKEY-") {
        Err(PKCS1)
    } else {
        Ok(())
    }
}

fn item<J: Json>(list: &J, index: usize) -> Option<J> {
    list.get(&decimal(index as u64))
}

/// Bytes as `JSON.stringify` writes them: of a Uint8Array, of a Buffer, or a list.
#[inline(never)]
fn bytes<J: Json>(value: &J) -> Option<Vec<u8>> {
    let data = value.get("type").and_then(|_| value.get("data"));
    let list = data.as_ref().unwrap_or(value);
    let mut bytes = Vec::new();
    while let Some(item) = item(list, bytes.len()) {
        bytes.push(item.byte()?);
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// What separates words, in the tables and lists that tools write, and follows a name in an .env file.
fn is_between(byte: &u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b'|' | b',' | b'[' | b']' | b'{' | b'}' | b'\\' | b'=')
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// What base64 of DER, JSON or PEM decodes to, in either alphabet, with or without padding, also as a list of lines.
#[inline(never)]
pub(crate) fn key_of_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut padded = Vec::new();
    for byte in text {
        match byte {
            b',' => {}
            b'-' => padded.push(b'+'),
            b'_' => padded.push(b'/'),
            byte => padded.push(*byte),
        }
    }
    while padded.len() % 4 != 0 {
        padded.push(b'=');
    }
    let bytes = base64::decode(&padded)?;
    (bytes.first() == Some(&DER) || bytes.len() > 40 && is_text(&bytes)).then_some(bytes)
}

/// Where it is first. (The standard library's search is larger than all that is around it here.)
#[inline(never)]
pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Describes a text without a key.
fn seems(packed: &[u8]) -> &'static str {
    let has = |what: &[u8]| find(packed, what).is_some();
    match packed.first() {
        None => "it is empty, as when the command that wrote it failed",
        _ if has(b"kty:") => "it is a JWK",
        _ if has(b"-----BEGIN") => "its PEM label is not PUBLIC KEY",
        _ if has(b"AAAA") => "it is an SSH key",
        _ if has(b"rror") || has(b"Unable") => "it is an error message",
        Some(b'{' | b'[') => "it is JSON without a PublicKey",
        _ if has(b"arn:") || has(b"alias/") => "it is the name of a key",
        _ => "it is neither PEM nor base64",
    }
}
