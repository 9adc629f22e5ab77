//! Limits of the data-key caches, as JavaScript gives them.

use kmseal::CacheLimits;
use wasm_bindgen::prelude::*;

/// Entries kept unless told otherwise.
const CAPACITY: f64 = 100.0;

#[wasm_bindgen]
extern "C" {
    /// The public `cache` option, whose numbers TypeScript has checked to be whole and positive.
    pub type CacheOptions;
    #[wasm_bindgen(method, getter, js_name = maxAge)]
    fn max_age(this: &CacheOptions) -> f64;
    #[wasm_bindgen(method, getter, js_name = maxMessagesEncrypted)]
    fn max_messages_encrypted(this: &CacheOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = maxBytesEncrypted)]
    fn max_bytes_encrypted(this: &CacheOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn capacity(this: &CacheOptions) -> Option<f64>;
}

/// The limits, with the specification's defaults (caching-cmm.md, "Limit Messages", "Limit Bytes").
pub fn limits(options: &CacheOptions) -> CacheLimits {
    CacheLimits {
        max_age: options.max_age(),
        max_messages: options.max_messages_encrypted().map_or(1 << 32, |n| n as u64),
        max_bytes: options.max_bytes_encrypted().map_or(i64::MAX as u64, |n| n as u64),
        capacity: options.capacity().unwrap_or(CAPACITY) as usize,
    }
}
