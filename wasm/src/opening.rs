//! One message being opened, step by step; each step consumes the one before.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, Object, Promise, Uint8Array};
use kmseal::{Expected, Frame, Frames, Header, KeyArn, Layout, Limits, Opened, Progress};
use kmseal::{advice, checked_answer, trailing, truncated};
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;
use zeroize::Zeroizing;

use crate::context;
use crate::engine::{Engine, import_key, is_short, opened, opened_together};
use crate::error::{Result, core_error, set};
use crate::inspect::describe;
use crate::key::algorithm;

/// A header that has been read and not authenticated.
#[wasm_bindgen]
pub struct ReadHeader(Header);

/// The header at the start of `bytes`, or how many bytes it needs at least.
#[wasm_bindgen(js_name = readHeader)]
pub fn read_header(
    bytes: Vec<u8>,
    max_encrypted_data_keys: u16,
    min_frame_length: u32,
    max_frame_length: u32,
    ended: bool,
) -> Result<JsValue> {
    let limits = Limits { max_encrypted_data_keys, min_frame_length, max_frame_length };
    Ok(match Header::read(&bytes, &limits)? {
        Progress::Need(_) if ended => return Err(Header::cut(&bytes, &limits).into()),
        Progress::Need(len) => JsValue::from_f64(len as f64),
        Progress::Done(header) => ReadHeader(header).into(),
    })
}

#[wasm_bindgen]
impl ReadHeader {
    /// The header's length in bytes, with its tag.
    pub fn length(&self) -> u32 {
        self.0.len() as u32
    }

    /// The plaintext's length in an envelope of this length; undefined if no message has it.
    #[wasm_bindgen(js_name = plaintextLength)]
    pub fn plaintext_len(&self, sealed_len: f64) -> Option<f64> {
        let layout = Layout::of_envelope(self.0.len(), sealed_len as u64, self.0.frame_length())?;
        Some(layout.plaintext_len() as f64)
    }

    /// What `inspect` returns.
    pub fn describe(&self, sealed_len: Option<f64>) -> Result<JsValue> {
        describe(&self.0, sealed_len)
    }

    /// Compares the stored context with what the caller expects.
    pub fn expect(self, expected: &JsValue) -> Result<Locked> {
        Ok(Locked(Expected::new(self.0, &context::read(expected)?)?))
    }
}

/// A header that waits for its data key.
#[wasm_bindgen]
pub struct Locked(Expected);

#[wasm_bindgen]
impl Locked {
    /// Inputs of KMS Decrypt to try, in order.
    pub fn candidates(&self, key_ids: Vec<String>, encryption_algorithm: Option<String>) -> Result<Array> {
        let algorithm = algorithm(encryption_algorithm.as_deref())?.name();
        let mut arns = Vec::new();
        for id in &key_ids {
            arns.push(KeyArn::parse(id)?);
        }
        let inputs = Array::new();
        for candidate in self.0.candidates(&arns)? {
            let input = Object::new();
            set(&input, "KeyId", candidate.key_id.as_str());
            set(&input, "CiphertextBlob", Uint8Array::from(candidate.ciphertext.as_slice()));
            set(&input, "EncryptionAlgorithm", algorithm);
            inputs.push(&input);
        }
        Ok(inputs)
    }

    /// Compares the answer's digest and authenticates the header.
    pub fn authenticate(self, answer: &Answer) -> Result<Unlocked> {
        Ok(Unlocked(self.0.authenticate(&answer.0)?))
    }
}

/// What KMS answered: digest and data key, wiped on drop.
#[wasm_bindgen]
pub struct Answer(Zeroizing<Vec<u8>>);

#[wasm_bindgen]
impl Answer {
    /// Takes KMS's plaintext.
    #[wasm_bindgen(constructor)]
    pub fn new(plaintext: Vec<u8>) -> Result<Answer> {
        let plaintext = Zeroizing::new(plaintext);
        checked_answer(&plaintext)?;
        Ok(Self(plaintext))
    }
}

/// An authenticated header.
#[wasm_bindgen]
pub struct Unlocked(Opened);

#[wasm_bindgen]
impl Unlocked {
    /// The whole context, stored and required.
    pub fn context(&self) -> JsValue {
        context::write(&self.0.context)
    }

    /// The pairs of it that are not stored.
    pub fn required(&self) -> JsValue {
        context::write(&self.0.required)
    }

    /// The content key as a non-extractable CryptoKey.
    #[wasm_bindgen(js_name = importKey)]
    pub fn import_key(&self) -> Promise {
        import_key(self.0.content_key.as_bytes(), "decrypt")
    }

    /// The body. Without a CryptoKey frames are decrypted in software.
    pub fn body(self, web: Option<CryptoKey>) -> Body {
        Body { engine: Engine::new(&self.0.content_key, web), frames: self.0.frames, planned: None }
    }
}

/// Frames to be opened in order.
#[wasm_bindgen]
pub struct Body {
    engine: Engine,
    frames: Frames,
    planned: Option<Frame>,
}

#[wasm_bindgen]
impl Body {
    /// How many bytes `plan` looks at.
    #[wasm_bindgen(js_name = headLength)]
    pub fn head_len() -> usize {
        Frames::HEAD
    }

    /// Whether the final frame has been planned.
    #[wasm_bindgen(js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.frames.is_done()
    }

    /// Turns to the frames that cover some plaintext bytes of an envelope of this length: where they
    /// lie in it (`from`, `to`), where their first byte lies in the plaintext (`start`), and the
    /// plaintext's length (`size`).
    pub fn seek(&mut self, sealed_len: f64, start: f64, end: f64) -> Result<Object> {
        let cover = self.frames.seek(sealed_len as u64, start as u64, end as u64)?;
        let object = Object::new();
        set(&object, "from", cover.sealed.start as f64);
        set(&object, "to", cover.sealed.end as f64);
        set(&object, "start", cover.plaintext_start as f64);
        set(&object, "size", cover.plaintext_len as f64);
        Ok(object)
    }

    /// Reads the next frame's head; gives the whole frame's length in bytes.
    pub fn plan(&mut self, head: &[u8]) -> Result<f64> {
        let frame = self.frames.read(head)?;
        self.planned = Some(frame);
        Ok(frame.sealed_len() as f64)
    }

    /// Opens the planned frame from all of its bytes: `{ sequence, content }`, where content is a
    /// Uint8Array or the promise of an ArrayBuffer.
    pub fn open(&mut self, bytes: &Uint8Array) -> Result<Object> {
        let frame = self.planned.take().ok_or_else(truncated)?;
        let sealed = bytes.subarray(frame.head_len() as u32, bytes.length());
        let content = self.engine.open(&frame, &sealed)?;
        Ok(opened(frame.sequence(), &content))
    }

    /// Opens the planned frame and those behind it, as far as they are whole and short: their contents in one,
    /// how many bytes they `took`, what the next one takes if it is `planned`, and why it is the last.
    #[wasm_bindgen(js_name = openShort)]
    pub fn open_short(&mut self, mut bytes: Vec<u8>) -> Object {
        let mut whole = Vec::new();
        let mut took = 0_usize;
        let mut failure = None;
        loop {
            let next = match self.planned.take() {
                None if self.frames.is_done() => break,
                None => match bytes.get(took..).and_then(|rest| rest.get(..Frames::HEAD)) {
                    Some(head) => self.frames.read(head),
                    None => break,
                },
                Some(frame) => Ok(frame),
            };
            let frame = match next {
                Ok(frame) => frame,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            };
            // Lengths are of four bytes: of a short frame they cannot overflow.
            let end = took.saturating_add(frame.sealed_len() as usize);
            if !is_short(&frame) || end > bytes.len() {
                self.planned = Some(frame);
                break;
            }
            whole.push((frame, took));
            took = end;
        }
        let (content, opened) = self.engine.open_together(&mut bytes, &whole);
        // What was read wrong comes behind what was opened wrong.
        let failure = opened.err().or(failure).map(|error| core_error(&error));
        let content = Uint8Array::from(bytes.get(content).unwrap_or_default());
        let planned = self.planned.map(|frame| frame.sealed_len() as f64);
        opened_together(&content, took, planned, failure)
    }

    /// Looks in software at a frame, from all of its bytes, that SubtleCrypto did not open: fails if it was altered.
    pub fn authenticate(&self, sequence: u32, bytes: &Uint8Array) -> Result<()> {
        let head = bytes.subarray(0, Frames::HEAD as u32).to_vec();
        let frame = self.frames.read_again(sequence, &head)?;
        let sealed = bytes.subarray(frame.head_len() as u32, bytes.length());
        self.engine.open_in_software(&frame, &sealed).map(drop)
    }
}

/// The error of an envelope that ends too early.
#[wasm_bindgen(js_name = truncatedEnvelope)]
pub fn truncated_envelope() -> JsValue {
    core_error(&truncated())
}

/// The error of an envelope that goes on after its end.
#[wasm_bindgen(js_name = trailingBytes)]
pub fn trailing_bytes() -> JsValue {
    core_error(&trailing())
}

/// What an error name of KMS, of the AWS SDK or of the network means; undefined for other names.
#[wasm_bindgen(js_name = kmsAdvice)]
pub fn kms_advice(name: &str) -> Option<String> {
    advice(name).map(ToOwned::to_owned)
}
