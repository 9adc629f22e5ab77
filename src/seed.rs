//! Everything random in a sealing. Seeds are neither Clone nor Copy and are consumed by value, so
//! that none is used twice; they come from a cryptographic random source only.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::convert::Infallible;

use rsa::rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::kdf::{DataKey, MessageId};
use crate::suite::MESSAGE_ID_LEN;

/// Longest OAEP seed in bytes: SHA-256's output; SHA-1 uses the first 20.
const OAEP_SEED_LEN: usize = 32;

/// The randomness of one RSA-OAEP encryption (RFC 8017, 7.1.1, step 2d). Boxed, as keys are: with the
/// padded data key it is all that hides it.
pub struct OaepSeed(Box<Zeroizing<[u8; OAEP_SEED_LEN]>>);

/// The randomness of a data key wrapped for several keys.
pub struct DataKeySeed {
    pub(crate) data_key: DataKey,
    pub(crate) oaep: Vec<OaepSeed>,
}

impl OaepSeed {
    /// Draws a seed.
    ///
    /// # Errors
    /// Those of the random source.
    pub fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<Self, R::Error> {
        let mut seed = Self(Box::new(Zeroizing::new([0; OAEP_SEED_LEN])));
        rng.try_fill_bytes(seed.0.as_mut_slice())?;
        Ok(seed)
    }
}

impl DataKeySeed {
    /// Draws a data key and one OAEP seed for each of `recipients` keys.
    ///
    /// # Errors
    /// Those of the random source.
    pub fn generate<R: TryCryptoRng>(rng: &mut R, recipients: usize) -> Result<Self, R::Error> {
        let mut data_key = DataKey::zeroed();
        rng.try_fill_bytes(data_key.0.as_mut_slice())?;
        let mut oaep = Vec::new();
        for _ in 0..recipients {
            oaep.push(OaepSeed::generate(rng)?);
        }
        Ok(Self { data_key, oaep })
    }

    /// A seed with known values.
    #[cfg(feature = "test-vectors")]
    #[must_use]
    pub fn fixed(data_key: [u8; 32], oaep: &[[u8; OAEP_SEED_LEN]]) -> Self {
        let mut seed = Self { data_key: DataKey::zeroed(), oaep: Vec::new() };
        seed.data_key.0.copy_from_slice(&data_key);
        seed.oaep.extend(oaep.iter().map(|s| OaepSeed(Box::new(Zeroizing::new(*s)))));
        seed
    }
}

impl MessageId {
    /// Draws a message id.
    ///
    /// # Errors
    /// Those of the random source.
    pub fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<Self, R::Error> {
        let mut id = [0; MESSAGE_ID_LEN];
        rng.try_fill_bytes(&mut id)?;
        Ok(Self(id))
    }

    /// A known message id.
    #[cfg(feature = "test-vectors")]
    #[must_use]
    pub fn fixed(id: [u8; MESSAGE_ID_LEN]) -> Self {
        Self(id)
    }
}

/// Hands an OAEP seed to the `rsa` crate, which asks a random source for it: once, its first bytes.
pub(crate) struct OaepSeedSource(pub(crate) OaepSeed);

impl TryRng for OaepSeedSource {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rsa::rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rsa::rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for (to, from) in dst.iter_mut().zip(self.0.0.iter()) {
            *to = *from;
        }
        Ok(())
    }
}

impl TryCryptoRng for OaepSeedSource {}
