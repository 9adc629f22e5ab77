//! AES-256-GCM in software (NIST SP 800-38D), for kmseal and none else.
//!
//! A crate of its own, since Cargo sets optimization by crate and generic code, as the `aes-gcm` crate's is, belongs to the one
//! that calls it: here it is compiled for speed, while the rest of kmseal.wasm is for size.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes256Gcm, KeyInit};

/// A key made ready; its key schedule is wiped on drop.
pub struct Gcm(Aes256Gcm);

impl fmt::Debug for Gcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gcm").finish_non_exhaustive()
    }
}

// Not inlined: the callers are compiled for size.
impl Gcm {
    /// Expands a key of 32 bytes.
    #[must_use]
    #[inline(never)]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Encrypts the content in place and returns the tag; nothing if it is longer than AES-GCM can take (64 GiB).
    #[must_use]
    #[inline(never)]
    pub fn encrypt(&self, iv: &[u8; 12], aad: &[u8], content: &mut [u8]) -> Option<[u8; 16]> {
        self.0.encrypt_inout_detached(iv.into(), aad, InOutBuf::from(content)).ok().map(Into::into)
    }

    /// Decrypts the content in place, or leaves it as it was and returns false if it is not what the tag was made of.
    #[must_use]
    #[inline(never)]
    pub fn decrypt(&self, iv: &[u8; 12], aad: &[u8], content: &mut [u8], tag: &[u8; 16]) -> bool {
        self.0.decrypt_inout_detached(iv.into(), aad, InOutBuf::from(content), tag.into()).is_ok()
    }
}
