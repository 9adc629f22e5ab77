//! What JavaScript catches.

use core::fmt;

use js_sys::{Object, Reflect, TypeError};
use wasm_bindgen::prelude::*;

use crate::remedies::sentence;

#[wasm_bindgen]
extern "C" {
    /// The page's own class, which the page gives this edge when it makes an instance.
    type KmsealError;
    #[wasm_bindgen(constructor)]
    fn new(code: &str, message: &str) -> KmsealError;
}

/// What a call of this edge throws: a KmsealError for the core's errors, or a TypeError.
pub struct Thrown(JsValue);

// A random source must fail with a Rust error, too. Its text is JavaScript's.
impl core::error::Error for Thrown {}

impl fmt::Debug for Thrown {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

pub type Result<T> = core::result::Result<T, Thrown>;

impl Thrown {
    /// A programmer's mistake.
    #[inline(never)]
    pub fn type_error(message: &str) -> Self {
        Self(TypeError::new(message).into())
    }

    /// A failure of the platform; the module itself is unaffected.
    #[inline(never)]
    pub fn internal(message: &str) -> Self {
        Self::coded("ERR_INTERNAL", message)
    }

    /// A KmsealError.
    #[inline(never)]
    pub fn coded(code: &str, message: &str) -> Self {
        Self(KmsealError::new(code, message).into())
    }
}

impl From<kmseal::Error> for Thrown {
    #[inline(never)]
    fn from(error: kmseal::Error) -> Self {
        Self::coded(error.code().as_str(), &sentence(error.message(), error.reason()))
    }
}

impl From<JsValue> for Thrown {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

impl From<Thrown> for JsValue {
    fn from(thrown: Thrown) -> Self {
        thrown.0
    }
}

/// The core's error as the page has it.
pub fn kmseal_error(error: kmseal::Error) -> JsValue {
    Thrown::from(error).into()
}

/// Reads a property, which may be a getter that throws.
#[inline(never)]
pub fn get(object: &JsValue, name: &str) -> Result<JsValue> {
    Ok(Reflect::get(object, &name.into())?)
}

/// Sets an own property of an object that this edge made.
pub fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    set_value(object, name, &value.into());
}

#[inline(never)]
fn set_value(object: &Object, name: &str, value: &JsValue) {
    // Fails only on a frozen object or a proxy, which ours are not.
    let _ = Reflect::set(object, &name.into(), value);
}
