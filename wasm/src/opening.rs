//! One message being opened, step by step; each step consumes the previous one.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, Object, Promise, Uint8Array};
use kmseal::edge::{kms_fault, message_id_text};
use kmseal::{Candidate, Frame, HeaderRead, KeyArn, Limits, OpenerKey, Operation, Recipient};
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;
use zeroize::Zeroizing;

use crate::context;
use crate::engine::{Engine, import_key, is_short, opened, opened_together};
use crate::error::{Result, Thrown, kmseal_error, set};
use crate::inspect::{describe, layout_of};
use crate::key::{PublicKey, algorithm};
use crate::remedies::sentence;

/// A header that has been read and not authenticated.
#[wasm_bindgen]
pub struct Header(kmseal::Header);

#[wasm_bindgen]
impl Header {
    /// The header at the start of `bytes`, or how many bytes it needs at least. The core's own limits replace those that are not
    /// given.
    pub fn read(
        bytes: Vec<u8>,
        max_encrypted_data_keys: Option<u16>,
        min_frame_length: Option<u32>,
        max_frame_length: Option<u32>,
        ended: bool,
    ) -> Result<JsValue> {
        let own = Limits::default();
        let limits = Limits {
            max_encrypted_data_keys: max_encrypted_data_keys.unwrap_or(own.max_encrypted_data_keys),
            min_frame_length: min_frame_length.unwrap_or(own.min_frame_length),
            max_frame_length: max_frame_length.unwrap_or(own.max_frame_length),
        };
        Ok(match kmseal::Header::read(&bytes, &limits)? {
            HeaderRead::Need(_) if ended => return Err(kmseal::Header::truncated(&bytes, &limits).into()),
            HeaderRead::Need(len) => JsValue::from_f64(len as f64),
            HeaderRead::Done(header) => Header(header).into(),
        })
    }

    /// The header's length in bytes, with its tag.
    pub fn length(&self) -> u32 {
        self.0.len() as u32
    }

    /// The plaintext's length in an envelope of this length; undefined if no message has it.
    #[wasm_bindgen(js_name = plaintextLength)]
    pub fn plaintext_len(&self, sealed_len: f64) -> Option<f64> {
        Some(self.0.layout(sealed_len as u64)?.plaintext_len() as f64)
    }

    /// The message id, in base64url.
    #[wasm_bindgen(js_name = messageId)]
    pub fn message_id(&self) -> JsValue {
        message_id_text(self.0.message_id()).into()
    }

    /// Where the final frame of an envelope of this length begins.
    #[wasm_bindgen(js_name = finalFrame)]
    pub fn final_frame(&self, sealed_len: f64) -> Result<f64> {
        let span = layout_of(&self.0, sealed_len)?.final_span();
        Ok(span.ok_or_else(kmseal::Error::truncated)?.sealed_start as f64)
    }

    /// What `inspect` returns. `head`: the first bytes of the final frame, if the length is known.
    pub fn describe(&self, sealed_len: Option<f64>, head: &[u8]) -> Result<JsValue> {
        let layout = sealed_len.map(|sealed_len| layout_of(&self.0, sealed_len)).transpose()?;
        describe(&self.0, layout.map(|layout| (layout, head)))
    }

    /// Compares the stored context with what the caller expects.
    pub fn expect(self, expected: &JsValue) -> Result<Locked> {
        let locked = kmseal::Locked::new(self.0, &context::read(expected)?)?;
        Ok(Locked { locked, candidates: Vec::new() })
    }

    /// Unlocks it with what `Unlocked.handOver` gave of the same header, and the whole context.
    pub fn unlock(self, handed_over: Vec<u8>, context: &JsValue) -> Result<Unlocked> {
        let handed_over = Zeroizing::new(handed_over);
        let parts = handed_over.split_first_chunk().and_then(|(hash, key)| Some((hash, key.first_chunk()?)));
        let (hash, key) = parts.ok_or_else(kmseal::Error::truncated)?;
        Ok(Unlocked(kmseal::Unlocked::again(self.0, hash, key, &context::read(context)?)?))
    }

    /// Whether it has an encrypted data key of an ECC key, which names no ARN: its public key must be known.
    #[wasm_bindgen(js_name = isForEcc)]
    pub fn is_for_ecc(&self) -> bool {
        self.0.encrypted_data_keys().iter().any(|edk| edk.ecc_key().is_some())
    }
}

/// The keys of an opener, in its order.
#[wasm_bindgen]
#[derive(Default)]
pub struct OpenerKeys(Vec<OpenerKey>);

#[wasm_bindgen]
impl OpenerKeys {
    /// None yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> OpenerKeys {
        Self::default()
    }

    /// A key that the envelope names by its ARN.
    #[wasm_bindgen(js_name = addKeyId)]
    pub fn add_key_id(&mut self, arn: &str) -> Result<()> {
        self.0.push(arn.parse::<KeyArn>()?.into());
        Ok(())
    }

    /// A key of KMS with its public half.
    #[wasm_bindgen(js_name = addKey)]
    pub fn add_key(&mut self, key: &PublicKey) {
        if let Recipient::Kms(key) = &key.0 {
            self.0.push(key.into());
        }
    }
}

#[cfg(feature = "every-kind")]
#[wasm_bindgen]
impl OpenerKeys {
    /// A customer's own key.
    #[wasm_bindgen(js_name = addRaw)]
    pub fn add_raw(&mut self, key_namespace: &str, key_name: &str) -> Result<()> {
        self.0.push(OpenerKey::raw(key_namespace, key_name)?);
        Ok(())
    }
}

/// A header that waits for its data key.
#[wasm_bindgen]
pub struct Locked {
    locked: kmseal::Locked,
    candidates: Vec<Candidate>,
}

#[wasm_bindgen]
impl Locked {
    /// Requests to try, in order: `{ operation, key, input }`, where `key` is an index and `input` KMS's, or of an own key
    /// the encrypted data key.
    pub fn candidates(&mut self, keys: &OpenerKeys, encryption_algorithm: Option<String>) -> Result<Array> {
        let algorithm = algorithm(encryption_algorithm.as_deref())?.name();
        self.candidates = self.locked.candidates(&keys.0)?;
        let requests = Array::new();
        for Candidate { request, .. } in &self.candidates {
            let bytes = Uint8Array::from(request.input.as_slice());
            let input = Object::new();
            if let Some(key_id) = &request.key_id {
                set(&input, "KeyId", key_id.as_str());
            }
            match request.operation {
                Operation::DeriveSharedSecret => {
                    set(&input, "KeyAgreementAlgorithm", "ECDH");
                    set(&input, "PublicKey", bytes);
                }
                #[cfg(feature = "every-kind")]
                Operation::Decapsulate => {
                    set(&input, "EncapsulationAlgorithm", "ML_KEM");
                    set(&input, "SharedSecretCiphertextBlob", bytes);
                }
                #[cfg(feature = "every-kind")]
                Operation::Unwrap => set(&input, "ciphertext", bytes),
                _ => {
                    set(&input, "CiphertextBlob", bytes);
                    set(&input, "EncryptionAlgorithm", algorithm);
                }
            }
            let described = Object::new();
            set(&described, "operation", request.operation.name());
            set(&described, "key", request.key as f64);
            set(&described, "input", input);
            requests.push(&described);
        }
        Ok(requests)
    }

    /// One of the requests, by its index, which outlives this header.
    pub fn request(&self, index: usize) -> Option<Request> {
        self.candidates.get(index).map(|candidate| Request(candidate.request.clone()))
    }

    /// Opens the data key with the answer to one of the requests, by its index, and authenticates the header.
    pub fn unlock(&self, index: usize, answer: &Answer) -> Result<Unlocked> {
        let candidate = self.candidates.get(index).ok_or_else(|| Thrown::internal("there is no such request"))?;
        Ok(Unlocked(self.locked.unlock(candidate, &answer.0)?))
    }

    /// Whether no other request is tried after `unlock` refused this one's answer.
    #[wasm_bindgen(js_name = isFinal)]
    pub fn is_final(&self, index: usize) -> bool {
        self.candidates.get(index).is_none_or(Candidate::is_final)
    }
}

/// What was asked.
#[wasm_bindgen]
pub struct Request(kmseal::Request);

#[wasm_bindgen]
impl Request {
    /// Takes what was answered.
    pub fn accept(&self, key_id: Option<String>, algorithm: Option<String>, bytes: Vec<u8>) -> Result<Answer> {
        let bytes = Zeroizing::new(bytes);
        Ok(Answer(self.0.accept(key_id.as_deref(), algorithm.as_deref(), &bytes)?))
    }
}

/// What KMS or an own key answered: a secret, wiped on drop.
#[wasm_bindgen]
pub struct Answer(kmseal::Answer);

/// An authenticated header.
#[wasm_bindgen]
pub struct Unlocked(kmseal::Unlocked);

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

    /// The header's hash and the content key, 32 bytes each: the latter is a secret.
    #[wasm_bindgen(js_name = handOver)]
    pub fn hand_over(&self) -> Vec<u8> {
        [self.0.header_hash.as_slice(), self.0.content_key.as_bytes()].concat()
    }

    /// The body. Without a CryptoKey frames are decrypted in software.
    pub fn body(self, web: Option<CryptoKey>) -> Body {
        Body { engine: Engine::new(&self.0.content_key, web), frames: self.0.body, planned: None }
    }
}

/// Frames to be opened in order.
#[wasm_bindgen]
pub struct Body {
    engine: Engine,
    frames: kmseal::Body,
    planned: Option<Frame>,
}

#[wasm_bindgen]
impl Body {
    /// The number of bytes that `plan` needs.
    #[wasm_bindgen(js_name = headLength)]
    pub fn head_len() -> usize {
        kmseal::Body::HEAD_LEN
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

    /// Reads the next frame's head; returns the whole frame's length in bytes.
    pub fn plan(&mut self, head: &[u8]) -> Result<f64> {
        let frame = self.planned.insert(self.frames.read(head)?);
        Ok(frame.sealed_len() as f64)
    }

    /// Opens the planned frame from all of its bytes: `{ sequence, content }`, where content is a
    /// Uint8Array or the promise of an ArrayBuffer.
    pub fn open(&mut self, bytes: &Uint8Array) -> Result<Object> {
        let frame = self.planned.take().ok_or_else(kmseal::Error::truncated)?;
        let sealed = bytes.subarray(frame.head_len() as u32, bytes.length());
        let content = self.engine.open(&frame, &sealed)?;
        Ok(opened(frame.sequence_number(), &content))
    }

    /// Opens the planned frame and the next ones, as far as they are complete and short: returns their contents in one,
    /// how many bytes they `took`, the length of the next one if it is `planned`, and the failure that ends them.
    #[wasm_bindgen(js_name = openShort)]
    pub fn open_short(&mut self, mut bytes: Vec<u8>) -> Object {
        let mut complete = Vec::new();
        let mut took = 0_usize;
        let mut failure = None;
        loop {
            let next = match self.planned.take() {
                None if self.frames.is_done() => break,
                None => match bytes.get(took..).and_then(|rest| rest.get(..kmseal::Body::HEAD_LEN)) {
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
            // Lengths have four bytes: those of a short frame cannot overflow.
            let end = took.saturating_add(frame.sealed_len() as usize);
            if !is_short(&frame) || end > bytes.len() {
                self.planned = Some(frame);
                break;
            }
            complete.push((frame, took));
            took = end;
        }
        let (content, opened) = self.engine.open_together(&mut bytes, &complete);
        // A read error comes after an error of opening.
        let failure = opened.err().or(failure).map(kmseal_error);
        let content = Uint8Array::from(bytes.get(content).unwrap_or_default());
        let planned = self.planned.as_ref().map(|frame| frame.sealed_len() as f64);
        opened_together(&content, took, planned, failure)
    }

    /// Checks in software a frame, from all of its bytes, that SubtleCrypto did not open: fails if it was altered.
    pub fn authenticate(&self, sequence: u32, bytes: &Uint8Array) -> Result<()> {
        let head = bytes.subarray(0, kmseal::Body::HEAD_LEN as u32).to_vec();
        let frame = self.frames.read_again(sequence, &head)?;
        let sealed = bytes.subarray(frame.head_len() as u32, bytes.length());
        self.engine.open_in_software(&frame, &sealed).map(drop)
    }
}

/// The error of an envelope that ends too early.
#[wasm_bindgen(js_name = truncatedEnvelope)]
pub fn truncated_envelope() -> JsValue {
    kmseal_error(kmseal::Error::truncated())
}

/// The error of an envelope with bytes after its end.
#[wasm_bindgen(js_name = trailingBytes)]
pub fn trailing_bytes() -> JsValue {
    kmseal_error(kmseal::Error::trailing_bytes())
}

/// The meaning of an error name of KMS, of the AWS SDK or of the network, after an operation of KMS; undefined for other names.
#[wasm_bindgen(js_name = kmsAdvice)]
pub fn kms_advice(operation: &str, name: &str) -> Option<String> {
    // An own key may be anywhere.
    #[cfg(feature = "every-kind")]
    if operation == Operation::Unwrap.name() {
        return None;
    }
    kms_fault(operation, name).map(|fault| sentence(&fault.message, fault.reason))
}
