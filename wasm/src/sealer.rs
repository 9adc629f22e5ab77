//! Keys, contexts and the data-key cache of a sealer; begins messages.

use alloc::rc::Rc;
use alloc::vec::Vec;

use kmseal::edge::default_frame_length;
use kmseal::{Cache, DataKeySeed, EncryptionContext, FRAME_LENGTHS, Layout, Mixing, Recipient};
use wasm_bindgen::prelude::*;

use crate::cache::{CacheOptions, limits};
use crate::context;
use crate::error::Result;
use crate::key::PublicKey;
use crate::random::PageRng;
use crate::wrapping::{Draft, Shared};

/// The keys that can open what is sealed.
#[wasm_bindgen]
#[derive(Default)]
pub struct Recipients(Vec<Recipient>);

#[wasm_bindgen]
impl Recipients {
    /// None yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Recipients {
        Self::default()
    }

    /// One more.
    pub fn add(&mut self, key: &PublicKey) {
        self.0.push(key.0.clone());
    }
}

/// The parts that stay the same from message to message.
#[wasm_bindgen]
pub struct Sealer {
    recipients: kmseal::Recipients,
    stored: EncryptionContext,
    required: EncryptionContext,
    frame_length: Option<u32>,
    // Keyed by the serialized context: a data key serves messages of one context only.
    cache: Option<Cache<Vec<u8>, Rc<Shared>>>,
}

struct Contexts {
    stored: EncryptionContext,
    required: EncryptionContext,
    whole: EncryptionContext,
}

#[wasm_bindgen]
impl Sealer {
    /// `mixed` and `cache` are the public options; the latter may be undefined.
    #[wasm_bindgen(constructor)]
    pub fn new(
        recipients: Recipients,
        mixed: bool,
        stored: &JsValue,
        required: &JsValue,
        frame_length: Option<u32>,
        cache: Option<CacheOptions>,
    ) -> Result<Sealer> {
        let sealer = Self {
            recipients: kmseal::Recipients::new(recipients.0, if mixed { Mixing::Allowed } else { Mixing::Refused })?,
            stored: context::read(stored)?,
            required: context::read(required)?,
            frame_length,
            cache: cache.map(|options| limits(&options).map(Cache::new)).transpose()?,
        };
        sealer.contexts(&JsValue::UNDEFINED, &JsValue::UNDEFINED)?;
        Ok(sealer)
    }

    /// The least content length of a frame, in bytes.
    #[wasm_bindgen(js_name = minFrameLength)]
    pub fn min_frame_length() -> u32 {
        *FRAME_LENGTHS.start()
    }

    /// The greatest.
    #[wasm_bindgen(js_name = maxFrameLength)]
    pub fn max_frame_length() -> u32 {
        *FRAME_LENGTHS.end()
    }

    /// The exact length of an envelope in bytes.
    #[wasm_bindgen(js_name = sealedSize)]
    pub fn sealed_size(&self, plaintext_len: f64, stored: &JsValue, required: &JsValue) -> Result<f64> {
        let contexts = self.contexts(stored, required)?;
        let header = self.recipients.header_len(&contexts.stored)?;
        let plaintext_len = plaintext_len as u64;
        let layout = Layout::new(header, plaintext_len, self.frame_length(Some(plaintext_len)))?;
        Ok(layout.sealed_len() as f64)
    }

    /// Begins a message. `plaintext_len` is undefined if it is not known; such a message does not use
    /// the cache, whose byte limit could not be checked for it.
    pub fn begin(
        &mut self,
        stored: &JsValue,
        required: &JsValue,
        plaintext_len: Option<f64>,
        now: f64,
    ) -> Result<Draft> {
        let Contexts { stored, required, whole } = self.contexts(stored, required)?;
        let plaintext_len = plaintext_len.map(|len| len as u64);
        let shared = self.data_key(&whole, plaintext_len, now)?;
        Ok(Draft { shared, stored, required, frame_length: self.frame_length(plaintext_len) })
    }

    /// Wipes expired cached keys; returns the milliseconds until the next one expires.
    pub fn expire(&mut self, now: f64) -> Option<f64> {
        self.cache.as_mut()?.expire(now)
    }

    /// Wipes all cached keys.
    pub fn clear(&mut self) {
        if let Some(cache) = &mut self.cache {
            cache.clear();
        }
    }
}

impl Sealer {
    fn contexts(&self, stored: &JsValue, required: &JsValue) -> Result<Contexts> {
        let stored = self.stored.merged(&context::read(stored)?)?;
        let required = self.required.merged(&context::read(required)?)?;
        let whole = stored.with_required(&required)?;
        Ok(Contexts { stored, required, whole })
    }

    fn frame_length(&self, plaintext_len: Option<u64>) -> u32 {
        self.frame_length.unwrap_or_else(|| default_frame_length(plaintext_len))
    }

    fn data_key(&mut self, whole: &EncryptionContext, bytes: Option<u64>, now: f64) -> Result<Rc<Shared>> {
        let key = whole.serialize()?;
        if let (Some(cache), Some(bytes)) = (&mut self.cache, bytes)
            && let Some(found) = cache.reserve(&key, bytes, now).filter(|found| found.is_usable())
        {
            return Ok(found);
        }
        let recipients = self.recipients.len();
        let seed = DataKeySeed::generate(&mut PageRng, recipients)?;
        let planned = kmseal::Wrapping::new(&self.recipients, whole, seed)?;
        let fresh = Rc::new(Shared::new(planned, recipients)?);
        if let (Some(cache), Some(bytes)) = (&mut self.cache, bytes) {
            cache.insert(key, Rc::clone(&fresh), bytes, now);
        }
        Ok(fresh)
    }
}
