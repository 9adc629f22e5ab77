//! ML-KEM's encapsulation (FIPS 203, 7.2) in a .wasm of its own, for pages whose SubtleCrypto lacks it: it is loaded with the first
//! ML-KEM key. The crate `ml-kem` computes it, and has not been audited.
//!
//! The page (js/ml-kem/crate.ts) makes an instance for each encapsulation and overwrites its whole memory afterwards. So nothing here
//! allocates, and nothing has to wipe.
#![cfg_attr(not(test), no_std)]
#![allow(unsafe_code, reason = "what is shared with JavaScript is memory")]

use ml_kem::{B32, EncapsulationKey, MlKem768, MlKem1024, TryKeyInit};

/// Length of the random bytes that an encapsulation takes, and of the shared secret that it gives (FIPS 203, 3.3).
const SECRET_LEN: usize = 32;
/// Length of the longest key and of the longest ciphertext, those of ML-KEM-1024 (FIPS 203, 8, table 3).
const LONGEST_LEN: usize = 1568;

/// In: random bytes, then the encapsulation key. Out: the shared secret, then the ciphertext.
static mut EXCHANGE: [u8; SECRET_LEN + LONGEST_LEN] = [0; SECRET_LEN + LONGEST_LEN];

/// Where that is.
#[unsafe(no_mangle)]
pub extern "C" fn exchange() -> *mut u8 {
    (&raw mut EXCHANGE).cast()
}

/// Encapsulates with a key of this length; returns the length of the ciphertext, or 0 if the key is not one of ML-KEM-768 or
/// ML-KEM-1024 (FIPS 203, 7.2, "Encapsulation key check").
#[unsafe(no_mangle)]
pub extern "C" fn encapsulate(key_len: usize) -> usize {
    let place = &raw mut EXCHANGE;
    // SAFETY: an instance has one thread, and JavaScript does nothing while this runs.
    run(unsafe { &mut *place }, key_len).unwrap_or(0)
}

fn run(exchange: &mut [u8; SECRET_LEN + LONGEST_LEN], key_len: usize) -> Option<usize> {
    let (random, rest) = exchange.split_first_chunk::<SECRET_LEN>()?;
    let (random, key) = (B32::from(*random), rest.get(..key_len)?);
    match key_len {
        1184 => {
            let key = EncapsulationKey::<MlKem768>::new_from_slice(key).ok()?;
            put(exchange, key.encapsulate_deterministic(&random))
        }
        1568 => {
            let key = EncapsulationKey::<MlKem1024>::new_from_slice(key).ok()?;
            put(exchange, key.encapsulate_deterministic(&random))
        }
        _ => None,
    }
}

fn put<C: AsRef<[u8]>>(exchange: &mut [u8], (ciphertext, secret): (C, B32)) -> Option<usize> {
    let ciphertext = ciphertext.as_ref();
    let (first, rest) = exchange.split_first_chunk_mut::<SECRET_LEN>()?;
    first.copy_from_slice(&secret);
    rest.get_mut(..ciphertext.len())?.copy_from_slice(ciphertext);
    Some(ciphertext.len())
}

/// A trap; the page then discards this instance.
#[cfg(all(target_arch = "wasm32", not(test)))]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
