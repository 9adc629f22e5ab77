//! What the core plans of a sealing and the command performs: agreement and encapsulation with public keys. And what only the owner of a
//! private key can undo.

mod ecdh;
mod ml_kem;
pub mod private_key;
#[cfg(test)]
mod tests;

use std::fmt::Display;

use kmseal::{DataKeySeed, EncryptionContext, Materials, Recipients, Task, Wrapping};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure, Result};

/// What goes into the envelope for one recipient, and the secret that only its private key gives back.
struct Exchange {
    /// The sender's uncompressed point, or the KEM's ciphertext.
    public: Vec<u8>,
    shared_secret: Zeroizing<Vec<u8>>,
}

/// Wraps the seed's data key for each recipient.
pub fn wrap(recipients: &Recipients, context: &EncryptionContext, seed: DataKeySeed) -> Result<Materials> {
    let mut wrapping = Wrapping::new(recipients, context, seed)?;
    for index in 0..recipients.len() {
        if let Some(exchange) = wrapping.task(index).map(|task| perform(&task)).transpose()? {
            wrapping.accept(index, &exchange.public, &exchange.shared_secret)?;
        }
    }
    Ok(wrapping.finish()?)
}

fn perform(task: &Task<'_>) -> Result<Exchange> {
    match task.key_spec {
        "ECC_NIST_P256" => ecdh::agree::<p256::NistP256>(task.raw),
        "ECC_NIST_P384" => ecdh::agree::<p384::NistP384>(task.raw),
        "ECC_NIST_P521" => ecdh::agree::<p521::NistP521>(task.raw),
        "ML_KEM_768" => ml_kem::encapsulate::<::ml_kem::MlKem768>(task.raw),
        "ML_KEM_1024" => ml_kem::encapsulate::<::ml_kem::MlKem1024>(task.raw),
        other => {
            Err(Failure::new(Exit::Key, format!("the command cannot seal for {other} keys (ERR_KEY_UNSUPPORTED)")))
        }
    }
}

/// The failure of a random source.
pub fn no_random(_: impl Display) -> Failure {
    Failure::new(Exit::File, "the system's random source failed; nothing was sealed")
}

fn unusable(why: &str) -> Failure {
    Failure::new(Exit::Key, format!("this is not a usable public key: {why} (ERR_KEY_INVALID)"))
}
