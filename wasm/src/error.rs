//! What JavaScript catches.

use core::fmt;

use js_sys::{Object, Reflect, TypeError};
use wasm_bindgen::JsValue;

/// What a call of this edge throws: `{ code, message }` for the core's errors, which TypeScript makes
/// a `KmsealError`, or a TypeError.
pub struct Thrown(JsValue);

// What a random source fails with must be an error of Rust's, too. Its words are JavaScript's.
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

    /// Whether it is one.
    pub fn is_type_error(&self) -> bool {
        get(&self.0, "name").is_ok_and(|name| name == "TypeError")
    }

    /// What the platform failed at; the module itself is as it was.
    #[inline(never)]
    pub fn internal(message: &str) -> Self {
        Self(coded("ERR_INTERNAL", message))
    }
}

impl From<kmseal::Error> for Thrown {
    #[inline(never)]
    fn from(error: kmseal::Error) -> Self {
        Self(core_error(&error))
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

pub fn core_error(error: &kmseal::Error) -> JsValue {
    coded(error.code().as_str(), error.message())
}

fn coded(code: &str, message: &str) -> JsValue {
    let object = Object::new();
    set(&object, "code", code);
    set(&object, "message", message);
    object.into()
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
