//! One encrypted data key, as a header holds it.
//!
//! Source: data-format/message-header.md "Encrypted Data Key Entries".

use alloc::vec::Vec;

use crate::error::{Code, Result};
use crate::wire::put_field;

/// The kind of key that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    KmsRsa,
    KmsEcdh,
    #[cfg(feature = "every-kind")]
    KmsMlKem,
    #[cfg(feature = "every-kind")]
    RawRsa,
}

/// One encrypted data key (message-header.md, "Encrypted Data Key Entries").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncryptedDataKey {
    /// The keyring's name, or a raw key's namespace.
    pub provider_id: Vec<u8>,
    /// Which key it is for: an ARN, two points, or a raw key's name.
    pub provider_info: Vec<u8>,
    /// The data key, wrapped.
    pub ciphertext: Vec<u8>,
}

impl EncryptedDataKey {
    pub(crate) fn new([provider_id, provider_info, ciphertext]: [&[u8]; 3]) -> Self {
        Self {
            provider_id: provider_id.to_vec(),
            provider_info: provider_info.to_vec(),
            ciphertext: ciphertext.to_vec(),
        }
    }

    /// Appends its three fields.
    pub(crate) fn put(&self, out: &mut Vec<u8>) -> Result<()> {
        put_field(out, &self.provider_id, "a provider id", Code::KeyId)?;
        put_field(out, &self.provider_info, "a provider info", Code::KeyId)?;
        put_field(out, &self.ciphertext, "an encrypted data key", Code::TooLong)
    }

    /// Length in a header of one with these lengths, in bytes.
    pub(crate) fn len_of(lens: [usize; 3]) -> usize {
        lens.iter().fold(0, |sum, len| sum.saturating_add(2).saturating_add(*len))
    }
}
