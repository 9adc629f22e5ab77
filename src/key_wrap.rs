//! A data key under a wrapping key: AES-256-GCM, which encrypts this once under a key that serves nothing else.
//!
//! Source: framework/raw-ecdh-keyring.md "Data Key Wrapping".

use alloc::vec::Vec;

use kmseal_gcm::Gcm;

use crate::error::{Code, Error, Result};
use crate::kdf::DataKey;
use crate::kind::data_key;
use crate::stack::wiped;
use crate::suite::{IV_LEN, KEY_LEN, TAG_LEN};

/// Length of a wrapped data key with its tag, in bytes.
pub(crate) const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;

/// The data key encrypted, then the tag.
pub(crate) fn wrap(wrapping_key: &[u8], aad: &[u8], plaintext: &DataKey) -> Result<Vec<u8>> {
    // Encrypted in place, so that no plaintext is left in it.
    let mut key = data_key(plaintext.0.as_slice()).ok_or_else(altered)?;
    let tag = gcm(wrapping_key, |gcm| gcm.encrypt(&[0; IV_LEN], aad, key.0.as_mut_slice()))?;
    Ok([key.0.as_slice(), &tag.ok_or_else(altered)?].concat())
}

/// The data key, if this was made by [`wrap`] with the same key and additional data.
pub(crate) fn unwrap(wrapping_key: &[u8], aad: &[u8], wrapped: &[u8]) -> Result<DataKey> {
    let (key, tag) = wrapped.split_last_chunk::<TAG_LEN>().ok_or_else(altered)?;
    let mut key = data_key(key).ok_or_else(altered)?;
    let authentic = gcm(wrapping_key, |gcm| gcm.decrypt(&[0; IV_LEN], aad, key.0.as_mut_slice(), tag))?;
    authentic.then_some(key).ok_or_else(altered)
}

fn gcm<T>(key: &[u8], work: impl FnOnce(&Gcm) -> T) -> Result<T> {
    let key = key.try_into().map_err(|_| altered())?;
    Ok(wiped(|| work(&Gcm::new(key))))
}

fn altered() -> Error {
    Error::new(
        Code::Authentication,
        &["the encrypted data key does not authenticate: the envelope was altered, or another key opened it"],
    )
}
