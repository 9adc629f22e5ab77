//! Encapsulation with the public key of an ML-KEM key (FIPS 203, 7.2), by RustCrypto's crate, which has not been audited.

use std::convert::Infallible;

use getrandom::SysRng;
use getrandom::rand_core::{TryCryptoRng, TryRng, utils};
use kmseal::edge::wiped;
use ml_kem::kem::SharedKey;
use ml_kem::{Encapsulate, Kem, TryKeyInit};
use zeroize::{Zeroize, Zeroizing};

use crate::failure::Result;
use crate::wrapping::{Exchange, no_random, unusable};

/// Encapsulates a fresh secret of 32 bytes. What goes into the envelope is the KEM's ciphertext.
///
/// # Errors
/// ERR_KEY_INVALID: the key is not one of this parameter set (FIPS 203, 7.2, "Encapsulation key check").
pub fn encapsulate<P>(key: &[u8]) -> Result<Exchange>
where
    P: Kem<EncapsulationKey: TryKeyInit>,
    SharedKey<P>: Zeroize,
{
    let key = P::EncapsulationKey::new_from_slice(key);
    let key = key.map_err(|_| unusable("it is not an encapsulation key of this ML-KEM parameter set"))?;
    wiped(|| {
        let mut drawn = Drawn(Zeroizing::new([0; 32]));
        SysRng.try_fill_bytes(drawn.0.as_mut_slice()).map_err(no_random)?;
        Ok(encapsulate_drawn::<P>(&key, &mut drawn))
    })
}

pub fn encapsulate_drawn<P>(key: &P::EncapsulationKey, drawn: &mut Drawn) -> Exchange
where
    P: Kem,
    SharedKey<P>: Zeroize,
{
    let (ciphertext, mut secret) = key.encapsulate_with_rng(drawn);
    let shared_secret = Zeroizing::new(secret.to_vec());
    secret.zeroize();
    Exchange { public: ciphertext.to_vec(), shared_secret }
}

/// The 32 random bytes that FIPS 203, algorithm 20, draws. The crate's own source panics where the system has none.
pub struct Drawn(pub Zeroizing<[u8; 32]>);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> std::result::Result<(), Infallible> {
        // Another number of bytes is not what the algorithm draws; and none is given out twice.
        to.copy_from_slice(self.0.as_slice());
        self.0.zeroize();
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
