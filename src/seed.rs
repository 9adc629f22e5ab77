//! All randomness of a sealing. Seeds are neither Clone nor Copy and are consumed by value, so
//! that none is used twice; they come from a cryptographic random source only.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::convert::Infallible;

use rsa::rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::kdf::{DataKey, MessageId};
use crate::suite::MESSAGE_ID_LEN;

/// Longest OAEP seed in bytes: SHA-512's output. Shorter hashes use the first bytes.
const OAEP_SEED_LEN: usize = 64;
/// Length of the salt of a key derivation in bytes.
pub(crate) const SALT_LEN: usize = 32;

/// The randomness of wrapping for one key: of an RSA-OAEP encryption (RFC 8017, 7.1.1, step 2d), or the salt where a shared
/// secret wraps. Boxed, as keys are: with the padded data key it is all that hides it.
pub struct OaepSeed(Box<Zeroizing<[u8; OAEP_SEED_LEN]>>);

/// The randomness of a data key wrapped for several keys. It is used up by that, so this does not compile:
///
/// ```compile_fail,E0382
/// use kmseal::{DataKeySeed, EncryptionContext, Recipients, Wrapping};
///
/// fn twice(recipients: &Recipients, context: &EncryptionContext, seed: DataKeySeed) {
///     let _ = Wrapping::new(recipients, context, seed);
///     let _ = Wrapping::new(recipients, context, seed);
/// }
/// ```
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

    /// The seed as a salt, which is public.
    pub(crate) fn salt(&self) -> [u8; SALT_LEN] {
        self.0.first_chunk().copied().unwrap_or_default()
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
    #[cfg(kmseal_fixed_seeds)]
    #[must_use]
    pub fn fixed(data_key: [u8; 32], oaep: &[[u8; 32]]) -> Self {
        let mut seed = Self { data_key: DataKey::zeroed(), oaep: Vec::new() };
        seed.data_key.0.copy_from_slice(&data_key);
        for known in oaep {
            let mut bytes = Box::new(Zeroizing::new([0; OAEP_SEED_LEN]));
            bytes.iter_mut().zip(known.iter().cycle()).for_each(|(to, from)| *to = *from);
            seed.oaep.push(OaepSeed(bytes));
        }
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
    #[cfg(kmseal_fixed_seeds)]
    #[must_use]
    pub fn fixed(id: [u8; MESSAGE_ID_LEN]) -> Self {
        Self(id)
    }
}

/// Passes an OAEP seed to the `rsa` crate, which requests it from a random source: once, its first bytes.
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
