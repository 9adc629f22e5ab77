//! Who encrypts frames: SubtleCrypto, with the plaintext in JavaScript's buffers alone, or the
//! `aes-gcm` crate in wasm memory.

use alloc::vec::Vec;
use core::cell::RefCell;

use js_sys::{Array, Object, Promise, Uint8Array};
use kmseal::{Cipher, ContentKey, Error, Frame, TAG_LEN};
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;

use crate::error::{Result, Thrown, set};

/// Contents up to this many bytes are not worth a promise. Empty ones must not reach SubtleCrypto:
/// Safari's has failed on them.
const SMALL: u32 = 1024;
const ALGORITHM: &str = "AES-GCM";
const TAG_BITS: u8 = 8 * TAG_LEN as u8;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn subtle_import(
        format: &str,
        key: &Uint8Array,
        algorithm: &str,
        extractable: bool,
        usages: &Array,
    ) -> core::result::Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = encrypt)]
    fn subtle_encrypt(params: &Object, key: &CryptoKey, data: &Uint8Array) -> core::result::Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = decrypt)]
    fn subtle_decrypt(params: &Object, key: &CryptoKey, data: &Uint8Array) -> core::result::Result<Promise, JsValue>;
}

/// The content key, ready for one direction.
pub struct Engine {
    cipher: Cipher,
    web: Option<CryptoKey>,
    // As long as a frame, which overwrites the one before; wiped when it is freed (bare.rs).
    scratch: RefCell<Vec<u8>>,
}

/// Hands the content key to SubtleCrypto as a non-extractable key for one use.
pub fn import_key(key: &ContentKey, usage: &str) -> Result<Promise> {
    let raw = Uint8Array::from(key.as_bytes().as_slice());
    let promise = subtle_import("raw", &raw, ALGORITHM, false, &Array::of1(&usage.into()));
    // importKey has taken its copy by now (Web Cryptography, 14.3.9, step 2).
    raw.fill(0, 0, raw.length());
    Ok(promise?)
}

impl Engine {
    /// In software, or through SubtleCrypto where its key is given.
    pub fn new(key: &ContentKey, web: Option<CryptoKey>) -> Self {
        Self { cipher: Cipher::new(key), web, scratch: RefCell::default() }
    }

    /// A promise of an ArrayBuffer, or a Uint8Array: content and tag, encrypted.
    pub fn seal(&self, frame: &Frame, content: &Uint8Array) -> Result<JsValue> {
        if let Some(key) = self.web_for(frame.len()) {
            return Ok(subtle_encrypt(&params(frame), key, content)?.into());
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
            return Ok(subtle_decrypt(&params(frame), key, sealed)?.into());
        }
        self.in_software(sealed, |buffer| {
            let content_len = buffer.len().saturating_sub(TAG_LEN);
            let (content, tag) = buffer.split_at_mut(content_len);
            let tag = tag.first_chunk().ok_or_else(kmseal::truncated)?;
            self.cipher.open(frame, content, tag)?;
            buffer.truncate(content_len);
            Ok(())
        })
    }

    fn web_for(&self, len: usize) -> Option<&CryptoKey> {
        self.web.as_ref().filter(|_| len > SMALL as usize)
    }

    fn in_software(
        &self,
        input: &Uint8Array,
        work: impl FnOnce(&mut Vec<u8>) -> core::result::Result<(), Error>,
    ) -> Result<JsValue> {
        let mut scratch = self.scratch.borrow_mut();
        let len = input.length() as usize;
        scratch.clear();
        let room = scratch.try_reserve(len.saturating_add(TAG_LEN));
        room.map_err(|_| Thrown::internal("there is not enough memory for one frame in WebAssembly"))?;
        scratch.resize(len, 0);
        input.copy_to(&mut scratch);
        work(&mut scratch)?;
        Ok(Uint8Array::from(scratch.as_slice()).into())
    }
}

/// AesGcmParams (Web Cryptography, 27.4).
fn params(frame: &Frame) -> Object {
    let params = Object::new();
    set(&params, "name", ALGORITHM);
    set(&params, "iv", Uint8Array::from(frame.iv().as_slice()));
    set(&params, "additionalData", Uint8Array::from(frame.aad().as_slice()));
    set(&params, "tagLength", TAG_BITS);
    params
}
