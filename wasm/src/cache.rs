//! Limits of the data-key caches, as JavaScript passes them.

use kmseal::CacheLimits;
use wasm_bindgen::prelude::*;

use crate::error::{Result, Thrown, get};

#[wasm_bindgen]
extern "C" {
    /// All limits of the public `cache` option, with the defaults of js/cache/limits.ts: numbers, of which `maxBytesEncrypted` may be
    /// infinite.
    pub type CacheOptions;
}

pub fn limits(options: &CacheOptions) -> Result<CacheLimits> {
    let number = |name| Ok::<_, Thrown>(get(options, name)?.as_f64().unwrap_or_default());
    Ok(CacheLimits {
        max_age_ms: number("maxAge")?,
        max_messages: number("maxMessagesEncrypted")? as u64,
        max_bytes: number("maxBytesEncrypted")? as u64,
        capacity: number("capacity")? as usize,
    })
}
