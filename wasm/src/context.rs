//! Encryption contexts from and to JavaScript objects.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, Object};
use kmseal::{EncryptionContext, Error};
use wasm_bindgen::prelude::*;

use crate::error::{Result, Thrown, set};

/// Reads an object's own enumerable string pairs; `undefined` is an empty context.
pub fn read(value: &JsValue) -> Result<EncryptionContext> {
    if value.is_null_or_undefined() {
        return Ok(EncryptionContext::default());
    }
    if !value.is_object() || Array::is_array(value) {
        return Err(Thrown::type_error("encryptionContext must be an object of strings"));
    }
    let mut pairs = Vec::new();
    for pair in Object::entries(value.unchecked_ref()).iter() {
        let pair: Array = pair.unchecked_into();
        pairs.push((text(&pair.get(0))?, text(&pair.get(1))?));
    }
    Ok(EncryptionContext::from_pairs(pairs)?)
}

fn text(value: &JsValue) -> Result<String> {
    let text = value.as_string();
    let text = text.ok_or_else(|| Thrown::type_error("encryptionContext: every value must be a string"))?;
    // A lone surrogate has silently become another character, so nothing would open the file.
    if JsValue::from_str(&text) != *value {
        return Err(Error::not_unicode().into());
    }
    Ok(text)
}

/// An object with a null prototype, so that no key can reach Object's.
pub fn write(context: &EncryptionContext) -> JsValue {
    let object = Object::create(&JsValue::NULL.unchecked_into());
    for (key, value) in context.pairs() {
        set(&object, key, value);
    }
    object.into()
}
