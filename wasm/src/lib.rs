//! The web edge: turns JavaScript's values into the core's, and performs what the core plans with
//! SubtleCrypto or in software. Every call is synchronous and returns promises at most, so that a
//! trap always surfaces in the caller's hands, which then discards this instance.

mod cache;
mod context;
mod engine;
mod error;
mod inspect;
mod key;
mod opening;
mod sealer;
mod sealing;

use wasm_bindgen::prelude::*;

/// Every code that this module raises, for the test that compares them with TypeScript's.
#[wasm_bindgen(js_name = errorCodes)]
#[must_use]
pub fn error_codes() -> Vec<String> {
    kmseal::Code::ALL.iter().map(|code| code.as_str().to_owned()).collect()
}
