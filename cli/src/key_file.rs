//! Public keys as files, in whatever form a tool wrote them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use kmseal::{
    GetPublicKeyOutput, ImportOptions, Json, KmsPublicKey, RawKeyOptions, RawPublicKey, Reason, Recipient, RsaPublicKey,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::failure::{Exit, Failure, Result};
use crate::text::{file_name, printable_json};

/// Maximum bytes of a key's file. A key has some hundred; the file may hold other text.
const LONGEST_LEN: u64 = 1024 * 1024;

/// A field that the files of raw keys alone have.
const NAMESPACE: &[u8] = b"keyNamespace";

/// A stored key, whose kind is known and little else yet.
pub struct KeyFile<'a> {
    path: &'a Path,
    content: Content,
}

enum Content {
    Kms(GetPublicKeyOutput),
    Raw(RawPublicKey),
}

impl<'a> KeyFile<'a> {
    /// A file with a key's namespace and name is of a raw key. Every other one is of a key of KMS.
    pub fn read(path: &'a Path) -> Result<Self> {
        let bytes = read_bytes(path).map_err(|failure| about(path, failure))?;
        let content = match RawPublicKey::read::<Parsed>(&bytes) {
            Ok(raw) if raw.key_namespace.is_some() || raw.key_name.is_some() => Content::Raw(raw),
            // Sealed for as a key of KMS, its owner could not open it.
            Err(error) if bytes.windows(NAMESPACE.len()).any(|word| word == NAMESPACE) => {
                return Err(about(path, error.into()));
            }
            _ => Content::Kms(GetPublicKeyOutput::read::<Parsed>(&bytes).map_err(|error| about(path, error.into()))?),
        };
        Ok(Self { path, content })
    }

    pub fn is_raw(&self) -> bool {
        matches!(self.content, Content::Raw(_))
    }

    /// Whether it says what KMS lets the key do.
    pub fn has_usage(&self) -> bool {
        matches!(&self.content, Content::Kms(answer) if answer.key_usage.is_some())
    }

    /// The key, checked. Only its own fields and `options` vouch for it.
    pub fn recipient(&self, options: &ImportOptions) -> Result<Recipient> {
        match &self.content {
            Content::Kms(answer) => KmsPublicKey::from_get_public_key(answer, options).map(Recipient::from),
            Content::Raw(raw) => raw_key(raw, options.fingerprints.clone()).map(Recipient::from),
        }
        .map_err(|error| about(self.path, error.into()))
    }

    /// The key of KMS to open with. No option says its ARN or its usage, so the file must.
    pub fn opens(&self, options: &ImportOptions) -> Result<KmsPublicKey> {
        if let Content::Kms(answer) = &self.content
            && let Err(error) = KmsPublicKey::from_get_public_key(answer, options)
            && let Some(Reason::NoKeyArn | Reason::NoKeyUsage) = error.reason()
        {
            let message = "it does not hold the key's ARN and usage; give what `kmseal key` prints, or the ARN with --key-id in its place";
            return Err(about(self.path, Failure::new(Exit::Key, format!("{message} ({})", error.code().as_str()))));
        }
        self.of_kms(options)
    }

    /// The key of KMS.
    pub fn of_kms(&self, options: &ImportOptions) -> Result<KmsPublicKey> {
        match &self.content {
            Content::Kms(answer) => KmsPublicKey::from_get_public_key(answer, options),
            Content::Raw(_) => {
                return Err(about(
                    self.path,
                    Failure::new(
                        Exit::Key,
                        "it is a raw key, not one of KMS; give it as --raw-key (ERR_KEY_UNSUPPORTED)",
                    ),
                ));
            }
        }
        .map_err(|error| about(self.path, error.into()))
    }

    /// The raw key.
    pub fn raw(&self) -> Result<RsaPublicKey> {
        match &self.content {
            Content::Raw(raw) => raw_key(raw, Vec::new()).map_err(|error| about(self.path, error.into())),
            Content::Kms(_) => Err(about(
                self.path,
                Failure::new(
                    Exit::Key,
                    "it has no keyNamespace and keyName; make it with: kmseal key --raw (ERR_KEY_INVALID)",
                ),
            )),
        }
    }
}

fn raw_key(raw: &RawPublicKey, fingerprints: Vec<String>) -> kmseal::Result<RsaPublicKey> {
    RsaPublicKey::new(raw, &RawKeyOptions { fingerprints, ..RawKeyOptions::default() })
}

/// Describes a raw key, of a file that holds its public key.
pub fn describe_raw(path: &Path, options: &RawKeyOptions) -> Result<RsaPublicKey> {
    let bytes = read_bytes(path).map_err(|failure| about(path, failure))?;
    let key = RawPublicKey::read::<Parsed>(&bytes).and_then(|raw| RsaPublicKey::new(&raw, options));
    key.map_err(|error| about(path, error.into()))
}

/// Its description as JSON, the one format of a raw key.
pub fn write_raw(key: &RsaPublicKey) -> String {
    let json = json!({
        "keyNamespace": key.key_namespace(),
        "keyName": key.key_name(),
        "hash": key.hash().name(),
        "PublicKey": key.public_key_base64(),
    });
    printable_json(&format!("{json:#}\n"))
}

/// A key of KMS, of bytes that were read.
pub fn parse(bytes: &[u8], options: &ImportOptions) -> kmseal::Result<KmsPublicKey> {
    KmsPublicKey::from_get_public_key(&GetPublicKeyOutput::read::<Parsed>(bytes)?, options)
}

fn about(path: &Path, failure: Failure) -> Failure {
    Failure::new(Exit::Key, format!("{}: {failure}", file_name(path)))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST_LEN + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_LEN {
        let message = "it is too long for a public key; name a file that contains only the key (ERR_KEY_INVALID)";
        return Err(Failure::new(Exit::Key, message));
    }
    Ok(utf8(&bytes).map_or(bytes, String::into_bytes))
}

/// Text in UTF-16, as Windows PowerShell redirects it, in UTF-8: a raw key's names may have any letters, and the core reads them in that alone.
fn utf8(bytes: &[u8]) -> Option<String> {
    let (mark, units) = bytes.split_first_chunk::<2>()?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let (units, []) = units.as_chunks::<2>() else { return None };
    String::from_utf16(&units.iter().map(|bytes| unit(*bytes)).collect::<Vec<_>>()).ok()
}

/// What serde's parser gives.
struct Parsed(Value);

/// The fields of GetPublicKey's answer and of a raw key. A duplicate field is refused, because parsers would differ about it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only that each comes once is asked")]
struct Once {
    key_id: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
    key_spec: Option<IgnoredAny>,
    customer_master_key_spec: Option<IgnoredAny>,
    key_usage: Option<IgnoredAny>,
    encryption_algorithms: Option<IgnoredAny>,
    key_agreement_algorithms: Option<IgnoredAny>,
    encapsulation_algorithms: Option<IgnoredAny>,
    #[serde(rename = "keyNamespace")]
    key_namespace: Option<IgnoredAny>,
    #[serde(rename = "keyName")]
    key_name: Option<IgnoredAny>,
    #[serde(rename = "hash")]
    hash: Option<IgnoredAny>,
}

impl Json for Parsed {
    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('{') {
            serde_json::from_str::<Once>(text).ok()?;
        }
        serde_json::from_str(text).ok().map(Self)
    }

    fn get(&self, name: &str) -> Option<Self> {
        let found = match &self.0 {
            Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(name),
        };
        found.filter(|value| !value.is_null()).cloned().map(Self)
    }

    fn text(&self) -> Option<String> {
        self.0.as_str().map(ToOwned::to_owned)
    }

    fn byte(&self) -> Option<u8> {
        self.0.as_u64().and_then(|number| number.try_into().ok())
    }
}
