//! One message being sealed: in order, once (`Sequence`), or any frame at any time (`Replay`).

use js_sys::{Object, Promise, Uint8Array};
use kmseal::{Message, Replayable, Sequencer, TAG_LEN};
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;

use crate::engine::{Engine, import_key, sealed};
use crate::error::{Result, Thrown};

/// A message whose header is fixed and whose frames are not begun.
#[wasm_bindgen]
pub struct Sealing(Message);

#[wasm_bindgen]
impl Sealing {
    pub(crate) fn new(message: Message) -> Self {
        Self(message)
    }

    /// Header body and tag.
    pub fn header(&self) -> Uint8Array {
        self.0.header().into()
    }

    /// The content length of every frame but the last, in bytes.
    #[wasm_bindgen(js_name = frameLength)]
    pub fn frame_length(&self) -> u32 {
        self.0.frame_length()
    }

    /// The content key as a non-extractable CryptoKey.
    #[wasm_bindgen(js_name = importKey)]
    pub fn import_key(&self) -> Promise {
        import_key(self.0.content_key().as_bytes(), "encrypt")
    }

    /// For bytes of unknown number. Without a CryptoKey frames are encrypted in software.
    pub fn sequence(self, web: Option<CryptoKey>) -> Sequence {
        Sequence { engine: Engine::new(self.0.content_key(), web), sequencer: self.0.sequencer() }
    }

    /// For `plaintext_len` bytes that can be read again.
    pub fn replay(self, web: Option<CryptoKey>, plaintext_len: f64) -> Result<Replay> {
        Ok(Replay {
            engine: Engine::new(self.0.content_key(), web),
            replayable: self.0.replayable(plaintext_len as u64)?,
        })
    }
}

/// Frames in order, each once.
#[wasm_bindgen]
pub struct Sequence {
    engine: Engine,
    sequencer: Sequencer,
}

#[wasm_bindgen]
impl Sequence {
    /// Seals the next frame: `{ head, body }`, where body is content and tag, or its promise.
    pub fn seal(&mut self, content: &Uint8Array, last: bool) -> Result<Object> {
        let frame = self.sequencer.next(content.length() as usize, last)?;
        let body = self.engine.seal(&frame, content)?;
        Ok(sealed(&frame.head(), &body))
    }
}

/// Any frame, as often as asked, always the same.
#[wasm_bindgen]
pub struct Replay {
    engine: Engine,
    replayable: Replayable,
}

#[wasm_bindgen]
impl Replay {
    /// The envelope's length in bytes.
    #[wasm_bindgen(js_name = sealedLength)]
    pub fn sealed_len(&self) -> f64 {
        self.replayable.layout().sealed_len() as f64
    }

    /// The index of the frame that holds a byte of the envelope.
    #[wasm_bindgen(js_name = frameAt)]
    pub fn frame_at(&self, offset: f64) -> u32 {
        self.replayable.layout().frame_at(offset as u64)
    }

    /// Where a frame's bytes begin in the envelope.
    #[wasm_bindgen(js_name = sealedStart)]
    pub fn sealed_start(&self, index: u32) -> f64 {
        self.replayable.layout().span(index).map_or(0.0, |span| span.sealed_start as f64)
    }

    /// Seals a frame: content and tag, or its promise. Nothing of it may leave before `accept`.
    pub fn seal(&self, index: u32, content: &Uint8Array) -> Result<JsValue> {
        let frame = self.replayable.frame(index)?;
        if content.length() as usize != frame.len() {
            return Err(Thrown::type_error("the content is not as long as its frame"));
        }
        self.engine.seal(&frame, content)
    }

    /// Checks a sealed frame's tag against an earlier sealing's; gives the bytes before the content.
    pub fn accept(&mut self, index: u32, body: &Uint8Array) -> Result<Uint8Array> {
        let mut tag = [0; TAG_LEN];
        let len = body.length();
        body.subarray(len.saturating_sub(TAG_LEN as u32), len).copy_to(&mut tag);
        self.replayable.accept(index, &tag)?;
        Ok(Uint8Array::from(self.replayable.frame(index)?.head().as_slice()))
    }
}
