//! Key ARNs: `arn:partition:kms:region:account:key/id`.
//!
//! Source: framework/aws-kms/aws-kms-key-arn.md and aws-kms-mrk-match-for-decrypt.md.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::error::{Code, Error, Result};

/// The full ARN of a KMS key, every part checked against its alphabet.
///
/// ```
/// use kmseal::KeyArn;
///
/// let key: KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab".parse()?;
/// let replica = key.replica_in("us-west-2").unwrap();
/// assert_eq!(replica.region(), "us-west-2");
/// assert!(replica.matches(&key));
/// assert!("alias/uploads".parse::<KeyArn>().is_err());
/// # Ok::<(), kmseal::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyArn {
    text: String,
    region: (usize, usize),
    id_at: usize,
}

impl FromStr for KeyArn {
    type Err = Error;

    /// Checks a key id that must be a full key ARN.
    ///
    /// # Errors
    /// [`Code::KeyId`]: an alias, a bare id, or not an ARN of a KMS key.
    fn from_str(text: &str) -> Result<Self> {
        Self::checked(text).ok_or_else(|| refused(text))
    }
}

impl KeyArn {
    #[allow(clippy::arithmetic_side_effects, reason = "lengths of parts of one text")]
    pub(crate) fn checked(text: &str) -> Option<Self> {
        // Only as many parts of hostile text as show that there are too many.
        let parts: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b':').take(7).collect();
        let &[b"arn", partition, b"kms", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let id = resource.strip_prefix(b"key/")?;
        let named = |part: &[u8]| part.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let aws = partition == b"aws" || partition.len() > 4 && partition.starts_with(b"aws-");
        let number = account.len() == 12 && account.iter().all(u8::is_ascii_digit);
        let valid = aws && named(partition) && !region.is_empty() && named(region) && number && is_key_id(id);
        let region_at = "arn:".len() + partition.len() + ":kms:".len();
        let region = (region_at, region_at + region.len());
        valid.then(|| Self { region, id_at: text.len() - id.len(), text: text.to_owned() })
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
    /// multi-Region key (only the region may differ).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.text == other.text || self.id().starts_with("mrk-") && self.around_region() == other.around_region()
    }

    /// The replica of this multi-Region key in another region; `None` for a single-Region key and for
    /// an impossible region.
    #[must_use]
    pub fn replica_in(&self, region: &str) -> Option<Self> {
        let (Some(before), Some(after)) = self.around_region() else { return None };
        let replica = Self::checked(&[before, region, after].concat())?;
        self.matches(&replica).then_some(replica)
    }

    fn around_region(&self) -> (Option<&str>, Option<&str>) {
        (self.text.get(..self.region.0), self.text.get(self.region.1..))
    }
}

impl AsRef<str> for KeyArn {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A UUID in lower case, or `mrk-` and 32 hex digits.
pub(crate) fn is_key_id(id: &[u8]) -> bool {
    let hex = |part: &[u8]| part.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if let Some(multi_region) = id.strip_prefix(b"mrk-") {
        return multi_region.len() == 32 && hex(multi_region);
    }
    let mut lengths = [8, 4, 4, 4, 12].iter();
    let mut parts = id.split(|byte| *byte == b'-');
    parts.all(|part| lengths.next() == Some(&part.len()) && hex(part)) && lengths.next().is_none()
}

fn refused(text: &str) -> Error {
    let is_alias = text.as_bytes().split(|byte| *byte == b':').any(|part| part.starts_with(b"alias/"));
    let (before, after) = if text.is_empty() {
        ("the key has no key id, which PEM and DER do not hold; give its ARN (", ")")
    } else if is_alias {
        (
            "an alias cannot name the key: it may move to another; give the key ARN that GetPublicKey returns as KeyId (",
            ")",
        )
    } else if is_key_id(text.as_bytes()) {
        ("this is only a key id, as emulators return it; give the ARN that ends in it (", ")")
    } else {
        ("this key id is not the full ARN of a KMS key; give ", ", in lower case as KMS writes it")
    };
    Error::new(Code::KeyId, &[before, "arn:aws:kms:REGION:ACCOUNT:key/ID", after])
}
