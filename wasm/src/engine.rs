//! The engine for frames: SubtleCrypto, with the plaintext only in JavaScript's buffers, or the
//! `aes-gcm` crate in wasm memory.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::Range;

use js_sys::{Array, Object, Promise, Uint8Array};
use kmseal::{Cipher, ContentKey, Error, Frame, TAG_LEN};
use kmseal_gcm::Gcm;
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;

use crate::error::{Result, Thrown};

/// Contents up to this many bytes are not worth a promise. Empty ones must not reach SubtleCrypto:
/// Safari's failed on them in 2020 (aws-encryption-sdk-javascript, issue 237).
const SMALL_LEN: u32 = 1024;

/// Frames that SubtleCrypto is tried with; at least this many are in flight when a file is sealed.
const KNOWN_ANSWERS: u8 = 3;
const IV_LEN: usize = 12;

#[wasm_bindgen(module = "/src/subtle.js")]
extern "C" {
    #[wasm_bindgen(js_name = importKey)]
    pub fn import_key(raw: &[u8], usage: &str) -> Promise;
    fn encrypt(iv: &[u8], aad: &[u8], key: &CryptoKey, data: &Uint8Array) -> Promise;
    fn decrypt(iv: &[u8], aad: &[u8], key: &CryptoKey, data: &Uint8Array) -> Promise;
    /// `{ iv, aad, content, sealed }`.
    fn known(iv: &[u8], aad: &[u8], content: &[u8], sealed: &[u8]) -> Object;
    fn works(raw: &[u8], usage: &str, frames: &Array) -> Promise;
    /// `{ head, body }`.
    pub fn sealed(head: &[u8], body: &JsValue) -> Object;
    /// `{ sequence, content }`.
    pub fn opened(sequence: u32, content: &JsValue) -> Object;
    /// `{ content, took, planned, failure }`.
    #[wasm_bindgen(js_name = openedTogether)]
    pub fn opened_together(content: &Uint8Array, took: usize, planned: Option<f64>, failure: Option<JsValue>)
    -> Object;
}

/// The content key, ready for one direction.
pub struct Engine {
    cipher: Cipher,
    web: Option<CryptoKey>,
    // As long as a frame, which overwrites the previous one; wiped when it is freed (bare.rs).
    scratch: RefCell<Vec<u8>>,
}

/// Whether SubtleCrypto encrypts, or decrypts, a few frames at once as the cipher of this module does: its promise.
#[wasm_bindgen(js_name = subtleCryptoWorks)]
pub fn subtle_crypto_works(usage: &str) -> Promise {
    let key = core::array::from_fn(|at| at as u8);
    let cipher = Gcm::new(&key);
    let frames = Array::new();
    for n in 1..=KNOWN_ANSWERS {
        // As long as a frame's, and not a whole number of blocks.
        let (iv, aad) = ([n; IV_LEN], [n; 80]);
        let content = vec![n; usize::from(n).saturating_add(SMALL_LEN as usize)];
        let mut sealed = content.clone();
        let tag = cipher.encrypt(&iv, &aad, &mut sealed).unwrap_or_default();
        sealed.extend_from_slice(&tag);
        frames.push(&known(&iv, &aad, &content, &sealed));
    }
    works(&key, usage, &frames)
}

/// Whether a frame's content is opened in software, whatever the engine is.
pub fn is_short(frame: &Frame) -> bool {
    frame.len() <= SMALL_LEN as usize
}

/// SubtleCrypto's promise of content and tag, encrypted, however short the content is, unless it is empty: a restored file has its key nowhere
/// else.
pub fn seal_by(key: &CryptoKey, frame: &Frame, content: &Uint8Array) -> JsValue {
    encrypt(&frame.iv(), &frame.aad(), key, content).into()
}

impl Engine {
    /// In software, or through SubtleCrypto if its key is given.
    pub fn new(key: &ContentKey, web: Option<CryptoKey>) -> Self {
        Self { cipher: Cipher::new(key), web, scratch: RefCell::default() }
    }

    /// A promise of an ArrayBuffer, or a Uint8Array: content and tag, encrypted.
    pub fn seal(&self, frame: Frame, content: &Uint8Array) -> Result<JsValue> {
        if let Some(key) = self.web_for(frame.len()) {
            return Ok(seal_by(key, &frame, content));
        }
        self.in_software(content, |buffer| {
            let tag = self.cipher.seal(frame, buffer)?;
            buffer.extend_from_slice(&tag);
            Ok(())
        })
    }

    /// A promise of an ArrayBuffer, or a Uint8Array: the content, decrypted. `sealed` ends in the tag.
    pub fn open(&self, frame: &Frame, sealed: &Uint8Array) -> Result<JsValue> {
        if let Some(key) = self.web_for(frame.len()) {
            return Ok(decrypt(&frame.iv(), &frame.aad(), key, sealed).into());
        }
        self.open_in_software(frame, sealed)
    }

    /// Like [`Engine::open`], for any engine.
    pub fn open_in_software(&self, frame: &Frame, sealed: &Uint8Array) -> Result<JsValue> {
        self.in_software(sealed, |buffer| {
            let content_len = buffer.len().saturating_sub(TAG_LEN);
            let (content, tag) = buffer.split_at_mut(content_len);
            let tag = tag.first_chunk().ok_or_else(kmseal::Error::truncated)?;
            self.cipher.open(frame, content, tag)?;
            buffer.truncate(content_len);
            Ok(())
        })
    }

    /// Opens short frames in software, all in one; see [`Cipher::open_together`].
    pub fn open_together(
        &self,
        bytes: &mut [u8],
        frames: &[(Frame, usize)],
    ) -> (Range<usize>, core::result::Result<(), Error>) {
        self.cipher.open_together(bytes, frames)
    }

    fn web_for(&self, len: usize) -> Option<&CryptoKey> {
        self.web.as_ref().filter(|_| len > SMALL_LEN as usize)
    }

    fn in_software(
        &self,
        input: &Uint8Array,
        work: impl FnOnce(&mut Vec<u8>) -> core::result::Result<(), Error>,
    ) -> Result<JsValue> {
        let scratch = &mut *self.scratch.borrow_mut();
        let len = input.length() as usize;
        let room = scratch.try_reserve(len.saturating_add(TAG_LEN).saturating_sub(scratch.len()));
        room.map_err(|_| Thrown::internal("there is not enough memory for one frame in WebAssembly"))?;
        scratch.resize(len, 0);
        input.copy_to(scratch);
        work(scratch)?;
        Ok(Uint8Array::from(scratch.as_slice()).into())
    }
}
