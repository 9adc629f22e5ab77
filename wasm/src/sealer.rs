//! Keys, contexts and the data-key cache of a sealer; begins messages.

use alloc::rc::Rc;
use alloc::vec::Vec;

use kmseal::{Cache, DataKeySeed, EncryptionContext, Layout, Materials, Message, MessageId, PublicKey};
use kmseal::{default_length, header_len};
use wasm_bindgen::prelude::*;

use crate::cache::{CacheOptions, limits};
use crate::context;
use crate::error::Result;
use crate::key::Key;
use crate::random::PageRng;
use crate::sealing::Sealing;

/// What stays the same from message to message.
#[wasm_bindgen]
pub struct Sealer {
    recipients: Vec<Rc<PublicKey>>,
    stored: EncryptionContext,
    required: EncryptionContext,
    frame_length: Option<u32>,
    // Keyed by the serialized context: a data key serves messages of one context only.
    cache: Option<Cache<Vec<u8>, Rc<Materials>>>,
}

struct Contexts {
    stored: EncryptionContext,
    required: EncryptionContext,
    whole: EncryptionContext,
}

#[wasm_bindgen]
impl Sealer {
    /// `cache` is undefined or the public option.
    #[wasm_bindgen(constructor)]
    pub fn new(
        stored: &JsValue,
        required: &JsValue,
        frame_length: Option<u32>,
        cache: Option<CacheOptions>,
    ) -> Result<Sealer> {
        let sealer = Self {
            recipients: Vec::new(),
            stored: context::read(stored)?,
            required: context::read(required)?,
            frame_length,
            cache: cache.map(|options| limits(&options).map(Cache::new)).transpose()?,
        };
        sealer.contexts(&JsValue::UNDEFINED, &JsValue::UNDEFINED)?;
        Ok(sealer)
    }

    /// One more key that can open what is sealed.
    #[wasm_bindgen(js_name = addKey)]
    pub fn add_key(&mut self, key: &Key) {
        self.recipients.push(Rc::clone(&key.0));
    }

    /// The exact length of an envelope in bytes.
    #[wasm_bindgen(js_name = sealedSize)]
    pub fn sealed_size(&self, plaintext_len: f64, stored: &JsValue, required: &JsValue) -> Result<f64> {
        let contexts = self.contexts(stored, required)?;
        let recipients = self.recipients.iter().map(|key| (key.arn().as_str(), key.ciphertext_len()));
        let header = header_len(&contexts.stored, recipients)?;
        let plaintext_len = plaintext_len as u64;
        let layout = Layout::new(header, plaintext_len, self.frame_length(Some(plaintext_len)))?;
        Ok(layout.sealed_len() as f64)
    }

    /// Begins a message. `plaintext_len` is undefined where it is not known; such a message takes no
    /// part in the cache, whose limit of bytes it could not be held to.
    pub fn begin(
        &mut self,
        stored: &JsValue,
        required: &JsValue,
        plaintext_len: Option<f64>,
        now: f64,
    ) -> Result<Sealing> {
        let contexts = self.contexts(stored, required)?;
        let plaintext_len = plaintext_len.map(|len| len as u64);
        let materials = self.materials(&contexts.whole, plaintext_len, now)?;
        let id = MessageId::generate(&mut PageRng)?;
        let length = self.frame_length(plaintext_len);
        Ok(Sealing::new(Message::new(&materials, id, &contexts.stored, &contexts.required, length)?))
    }

    /// Wipes cached keys that are too old; gives the milliseconds until the next one is.
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
        self.frame_length.unwrap_or_else(|| default_length(plaintext_len))
    }

    fn materials(&mut self, whole: &EncryptionContext, bytes: Option<u64>, now: f64) -> Result<Rc<Materials>> {
        let key = whole.serialize()?;
        if let (Some(cache), Some(bytes)) = (&mut self.cache, bytes)
            && let Some(found) = cache.reserve(&key, bytes, now)
        {
            return Ok(found);
        }
        let seed = DataKeySeed::generate(&mut PageRng, self.recipients.len())?;
        let fresh = Rc::new(Materials::wrap(&self.recipients, whole, seed)?);
        if let (Some(cache), Some(bytes)) = (&mut self.cache, bytes) {
            cache.insert(key, Rc::clone(&fresh), bytes, now);
        }
        Ok(fresh)
    }
}
