//! The page's random source, which other scripts may have replaced, so its output is checked before use.

use js_sys::Uint8Array;
use rand_core::{TryCryptoRng, TryRng, utils};
use wasm_bindgen::prelude::*;

use crate::error::Thrown;

#[wasm_bindgen(module = "/src/random.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = randomBytes)]
    fn random_bytes(len: usize) -> core::result::Result<Uint8Array, JsValue>;
}

/// Draws from `crypto.getRandomValues`.
pub struct PageRng;

impl TryRng for PageRng {
    type Error = Thrown;

    fn try_next_u32(&mut self) -> Result<u32, Thrown> {
        utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Thrown> {
        utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Thrown> {
        let bytes = random_bytes(dst.len())?;
        bytes.copy_to(dst);
        bytes.fill(0, 0, bytes.length());
        Ok(())
    }
}

impl TryCryptoRng for PageRng {}
