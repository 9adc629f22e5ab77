//! The web edge: turns JavaScript's values into the core's, and performs what the core plans with
//! SubtleCrypto or in software. Every call is synchronous and returns promises at most, so that a
//! trap always surfaces in the caller's hands, which then discards this instance.
#![cfg_attr(not(test), no_std)]
#![allow(missing_debug_implementations, reason = "handles for JavaScript, which has no use for it")]
// A trap costs all work in progress in the instance.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

extern crate alloc;

#[cfg(all(target_arch = "wasm32", not(test)))]
mod bare;
mod cache;
mod context;
mod engine;
mod error;
mod inspect;
mod key;
#[cfg(test)]
mod monty_params_tests;
mod opening;
mod random;
mod remedies;
mod sealer;
mod sealing;
#[cfg(test)]
mod tests;
mod wrapping;
#[cfg(test)]
mod wycheproof_tests;
