//! Key ARNs: `arn:partition:kms:region:account:key/id`.
//!
//! Source: framework/aws-kms/aws-kms-key-arn.md and aws-kms-mrk-match-for-decrypt.md.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::error::{Code, Error, Result};

/// The full ARN of a KMS key, every part checked against its alphabet.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyArn {
    text: String,
    region: (usize, usize),
    id_at: usize,
}

impl KeyArn {
    /// Checks a key id that must be a full key ARN.
    ///
    /// # Errors
    /// [`Code::KeyId`]: an alias, a bare id, or not an ARN of a KMS key.
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let &["arn", partition, "kms", region, account, resource] = parts.as_slice() else {
            return Err(refused(text));
        };
        let Some(id) = resource.strip_prefix("key/") else {
            return Err(refused(text));
        };
        let named = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let aws = partition == "aws" || partition.starts_with("aws-");
        let number = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if !aws || !named(partition) || region.is_empty() || !named(region) || !number || !is_key_id(id) {
            return Err(refused(text));
        }
        let region_at = "arn:".len() + partition.len() + ":kms:".len();
        Ok(Self { region: (region_at, region_at + region.len()), id_at: text.len() - id.len(), text: text.to_owned() })
    }

    /// The ARN as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key's region, which the KMS client must be built for.
    #[must_use]
    pub fn region(&self) -> &str {
        self.text.get(self.region.0..self.region.1).unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.text.get(self.id_at..).unwrap_or_default()
    }

    /// Whether this key opens what was sealed for `other`: the same ARN, or a replica of the same
    /// multi-Region key (the region may differ, nothing else).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        if self.text == other.text {
            return true;
        }
        let around = |arn: &Self| {
            let before = arn.text.get(..arn.region.0).map(str::to_owned);
            let after = arn.text.get(arn.region.1..).map(str::to_owned);
            (before, after)
        };
        self.id().starts_with("mrk-") && around(self) == around(other)
    }
}

impl fmt::Debug for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A UUID in lower case, or `mrk-` and 32 hex digits.
fn is_key_id(id: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if let Some(multi_region) = id.strip_prefix("mrk-") {
        return multi_region.len() == 32 && hex(multi_region);
    }
    let lengths = id.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && id.split('-').all(hex)
}

fn refused(text: &str) -> Error {
    let shape = "arn:aws:kms:REGION:ACCOUNT:key/ID";
    let message = if text.is_empty() {
        format!("the key has no key id; give its ARN as keyId ({shape})")
    } else if text.split([':', '/']).any(|part| part == "alias") {
        format!(
            "an alias cannot name the key in an envelope, since it may move to another key; give the key ARN that GetPublicKey answers as KeyId ({shape})"
        )
    } else {
        format!("this key id is not the full ARN of a KMS key; give {shape}, in lower case as KMS writes it")
    };
    Error::new(Code::KeyId, message)
}
