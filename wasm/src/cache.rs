//! Limits of the data-key caches, as JavaScript gives them.

use kmseal::CacheLimits;
use wasm_bindgen::prelude::*;

use crate::error::{Result, get};

/// Entries kept unless told otherwise.
const CAPACITY: f64 = 100.0;

#[wasm_bindgen]
extern "C" {
    /// The public `cache` option, whose numbers TypeScript has checked to be whole and positive.
    pub type CacheOptions;
}

/// The limits, with the specification's defaults (caching-cmm.md, "Limit Messages", "Limit Bytes").
pub fn limits(options: &CacheOptions) -> Result<CacheLimits> {
    let number = |name| Ok::<_, crate::error::Thrown>(get(options, name)?.as_f64());
    Ok(CacheLimits {
        max_age: number("maxAge")?.unwrap_or_default(),
        max_messages: number("maxMessagesEncrypted")?.map_or(1 << 32, |n| n as u64),
        max_bytes: number("maxBytesEncrypted")?.map_or(i64::MAX as u64, |n| n as u64),
        capacity: number("capacity")?.unwrap_or(CAPACITY) as usize,
    })
}
