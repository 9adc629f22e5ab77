//! The reader of key files with a parser of JSON that shares no code with an edge's.

use kmseal::{GetPublicKeyOutput, Json};
use serde_json::Value;

pub struct Parsed(Value);

impl Json for Parsed {
    fn parse(text: &str) -> Option<Self> {
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
        self.0.as_str().map(Into::into)
    }

    fn byte(&self) -> Option<u8> {
        self.0.as_u64().and_then(|number| number.try_into().ok())
    }
}

/// What a file says of a key.
pub fn read(source: impl AsRef<[u8]>) -> kmseal::Result<GetPublicKeyOutput> {
    GetPublicKeyOutput::read::<Parsed>(source.as_ref())
}

/// The DER in a text.
pub fn decode_text(text: &str) -> kmseal::Result<Vec<u8>> {
    read(text).map(|answer| answer.public_key)
}
