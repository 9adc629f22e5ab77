//! Project Wycheproof's cases in a real browser, for both engines: the crates as compiled to
//! WebAssembly, and the browser's own SubtleCrypto.

use cases::{GcmCase, check_gcm, check_hkdf, gcm_cases};
use js_sys::{Array, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::CryptoKey;

use crate::error::set;

#[path = "../../tests/core/wycheproof/cases.rs"]
mod cases;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(format: &str, key: &Uint8Array, algorithm: &str, extractable: bool, usages: &Array) -> Promise;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"])]
    fn encrypt(params: &Object, key: &CryptoKey, data: &Uint8Array) -> Promise;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"])]
    fn decrypt(params: &Object, key: &CryptoKey, data: &Uint8Array) -> Promise;
}

fn bytes(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}

async fn key_and_params(case: &GcmCase) -> (CryptoKey, Object) {
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    let key = JsFuture::from(import_key("raw", &bytes(&case.key), "AES-GCM", false, &usages)).await;
    let params = Object::new();
    set(&params, "name", "AES-GCM");
    set(&params, "iv", bytes(&case.iv));
    set(&params, "additionalData", bytes(&case.aad));
    (key.expect("a key").unchecked_into(), params)
}

#[wasm_bindgen_test]
fn the_crates_agree_with_wycheproof_in_webassembly() {
    check_gcm();
    check_hkdf();
}

#[wasm_bindgen_test]
async fn subtle_crypto_agrees_with_wycheproof() {
    for case in gcm_cases() {
        // Frames without content do not go there.
        if case.plaintext.is_empty() && case.ciphertext.is_empty() {
            continue;
        }
        let (key, params) = key_and_params(&case).await;
        let sealed = [case.ciphertext.as_slice(), &case.tag].concat();
        let opened = JsFuture::from(decrypt(&params, &key, &bytes(&sealed))).await;
        assert_eq!(opened.is_ok(), case.valid, "opening {}", case.id);
        let Ok(opened) = opened else { continue };
        assert_eq!(Uint8Array::new(&opened).to_vec(), case.plaintext, "opened {}", case.id);
        let again = JsFuture::from(encrypt(&params, &key, &bytes(&case.plaintext))).await.expect("a frame");
        assert_eq!(Uint8Array::new(&again).to_vec(), sealed, "sealed {}", case.id);
    }
}
