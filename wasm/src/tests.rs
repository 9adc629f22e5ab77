//! Known answers through this edge in a real browser: SubtleCrypto and software give the same bytes.

use js_sys::{Promise, Reflect, Uint8Array};
use known_answers::Vector;
use sha2::{Digest, Sha256};
use wasm_bindgen::convert::TryFromJsValue;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::CryptoKey;

use crate::error::Result;
use crate::opening::{Body, Header, OpenerKeys};
use crate::sealing::Message;

#[path = "../../tests/core/common/known_answers.rs"]
#[allow(dead_code, reason = "the core's tests use the rest")]
mod known_answers;

wasm_bindgen_test_configure!(run_in_browser);

// The page's class, which js/load.ts gives.
#[wasm_bindgen(inline_js = "export function define_error() { globalThis.KmsealError = class extends Error {}; }")]
extern "C" {
    fn define_error();
}

/// Those that we would write: an exact multiple ends in a full final frame.
fn vectors() -> Vec<Vector> {
    let all: Vec<Vector> =
        serde_json::from_str(include_str!("../../tests/vectors/known-answers.json")).expect("vectors");
    let ours: Vec<Vector> = all.into_iter().filter(|vector| !vector.empty_final).collect();
    assert!(ours.len() >= 6);
    ours
}

fn ok<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|thrown| wasm_bindgen::throw_val(thrown.into()))
}

/// Bytes, or the promise of an ArrayBuffer.
async fn bytes(value: JsValue) -> Uint8Array {
    match value.dyn_into::<Promise>() {
        Ok(promise) => Uint8Array::new(&JsFuture::from(promise).await.expect("the engine's result")),
        Err(bytes) => bytes.unchecked_into(),
    }
}

async fn crypto_key(import: Promise, web: bool) -> Option<CryptoKey> {
    if !web {
        return None;
    }
    let key: CryptoKey = JsFuture::from(import).await.expect("a key").unchecked_into();
    assert!(!key.extractable());
    Some(key)
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect("a field")
}

async fn sealed_in_order(vector: &Vector, web: bool) -> Vec<u8> {
    let message = Message::new(vector.message(), None);
    let mut envelope = message.header().to_vec();
    let key = crypto_key(message.import_key(), web).await;
    let mut sequencer = message.sequencer(key);
    let plaintext = vector.plaintext();
    let frames: Vec<&[u8]> = plaintext.chunks(vector.frame_length as usize).collect();
    let frames = if frames.is_empty() { [[].as_slice()].to_vec() } else { frames };
    for (index, content) in frames.iter().enumerate() {
        let sealed = ok(sequencer.seal(&Uint8Array::from(*content), index + 1 == frames.len()));
        let body = bytes(field(&sealed, "body")).await;
        envelope.extend(field(&sealed, "head").unchecked_into::<Uint8Array>().to_vec());
        envelope.extend(body.to_vec());
    }
    envelope
}

/// Every frame twice, the last one first.
async fn sealed_replayably(vector: &Vector, web: bool) -> Vec<u8> {
    let message = Message::new(vector.message(), None);
    let mut envelope = message.header().to_vec();
    let key = crypto_key(message.import_key(), web).await;
    let plaintext = vector.plaintext();
    let mut replayable = ok(message.replayable(key, plaintext.len() as f64));
    envelope.resize(replayable.sealed_len() as usize, 0);
    let length = vector.frame_length as usize;
    let frames = plaintext.len().div_ceil(length).max(1) as u32;
    for index in (0..frames).rev().chain(0..frames) {
        let start = index as usize * length;
        let content = &plaintext[start..plaintext.len().min(start + length)];
        let body = bytes(ok(replayable.seal(index, &Uint8Array::from(content)))).await;
        let frame = [ok(replayable.accept(index, &body)).to_vec(), body.to_vec()].concat();
        envelope[replayable.sealed_start(index) as usize..][..frame.len()].copy_from_slice(&frame);
    }
    envelope
}

/// The body of an envelope, unlocked, and its bytes.
async fn body<'a>(vector: &Vector, envelope: &'a [u8], web: bool) -> (Body, &'a [u8]) {
    let header = Header::try_from_js_value(ok(Header::read(envelope.to_vec(), None, None, None, true))).ok();
    let header = header.expect("a whole header");
    let frames = &envelope[header.length() as usize..];
    let mut locked = ok(header.expect(&crate::context::write(&vector.pairs(true))));
    // What KMS answers for these data keys, by their construction.
    let arn = &vector.recipients[0].arn;
    let mut keys = OpenerKeys::new();
    ok(keys.add_key_id(arn));
    assert_eq!(ok(locked.candidates(&keys, None)).length(), 1);
    let plaintext = [vector.context_digest.as_slice(), &vector.data_key].concat();
    let request = locked.request(0).expect("a request");
    let answer = ok(request.accept(Some(arn.clone()), None, plaintext));
    let unlocked = ok(locked.unlock(0, &answer));
    let key = crypto_key(unlocked.import_key(), web).await;
    (unlocked.body(key), frames)
}

async fn opened(vector: &Vector, envelope: &[u8], web: bool) -> Vec<u8> {
    let (mut body, mut rest) = body(vector, envelope, web).await;
    let mut plaintext = Vec::new();
    while !body.is_done() {
        let (frame, after) = rest.split_at(ok(body.plan(&rest[..Body::head_len()])) as usize);
        let opened = ok(body.open(&Uint8Array::from(frame)));
        let content = field(&opened, "content");
        plaintext.extend(bytes(content).await.to_vec());
        rest = after;
    }
    assert!(rest.is_empty());
    plaintext
}

/// Whether the first frame's content comes out.
async fn first_frame_opens(vector: &Vector, envelope: &[u8], web: bool) -> bool {
    let (mut body, frames) = body(vector, envelope, web).await;
    let len = ok(body.plan(&frames[..Body::head_len()])) as usize;
    let Ok(opened) = body.open(&Uint8Array::from(&frames[..len])) else {
        return false;
    };
    match field(&opened, "content").dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.is_ok(),
        Err(_) => true,
    }
}

async fn check(vector: &Vector, web: bool) {
    let envelope = sealed_in_order(vector, web).await;
    assert_eq!(envelope.len(), vector.message_len);
    assert_eq!(Sha256::digest(&envelope).as_slice(), &vector.message_sha256);
    assert!(sealed_replayably(vector, web).await == envelope);
    assert!(opened(vector, &envelope, web).await == vector.plaintext());
}

#[wasm_bindgen_test]
async fn known_answers_come_out_of_subtle_crypto() {
    for vector in vectors() {
        check(&vector, true).await;
    }
}

#[wasm_bindgen_test]
async fn known_answers_come_out_of_the_software() {
    for vector in vectors() {
        check(&vector, false).await;
    }
}

#[wasm_bindgen_test]
async fn an_altered_frame_is_refused_by_both_engines() {
    define_error();
    for vector in vectors() {
        let mut envelope = sealed_in_order(&vector, false).await;
        // The first byte after the first frame's head: content, or the tag of an empty frame.
        let head = if vector.plaintext_len > vector.frame_length as usize { 16 } else { 24 };
        let place = vector.header_body.len() + 16 + head;
        for (flip, opens) in [(0, true), (1, false)] {
            envelope[place] ^= flip;
            for web in [false, true] {
                assert_eq!(first_frame_opens(&vector, &envelope, web).await, opens, "{} {web}", vector.name);
            }
        }
    }
}
