//! One message being sealed: in order, once (`Sequencer`), or any frame at any time (`Replayable`).

use js_sys::{Object, Promise, Uint8Array};
use kmseal::edge::message_id_text;
use kmseal::{FrameKind, TAG_LEN};
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;

use crate::engine::{Engine, import_key, seal_by, sealed};
use crate::error::{Result, Thrown};

/// A message whose header is fixed and whose frames are not begun.
#[wasm_bindgen]
pub struct Message {
    message: kmseal::Message,
    /// That of its description, if it may get one.
    description: Option<kmseal::Message>,
}

#[wasm_bindgen]
impl Message {
    pub(crate) fn new(message: kmseal::Message, description: Option<kmseal::Message>) -> Self {
        Self { message, description }
    }

    /// Header body and tag.
    pub fn header(&self) -> Uint8Array {
        self.message.header().into()
    }

    /// The content length of every frame but the last, in bytes.
    #[wasm_bindgen(js_name = frameLength)]
    pub fn frame_length(&self) -> u32 {
        self.message.frame_length()
    }

    /// The message id, in base64url.
    #[wasm_bindgen(js_name = messageId)]
    pub fn message_id(&self) -> JsValue {
        message_id_text(self.message.message_id()).into()
    }

    /// The message of its description, once, for bytes that are not known yet: a replayable gives its own.
    pub fn description(&mut self) -> Option<Message> {
        self.description.take().map(|message| Message::new(message, None))
    }

    /// The content key as a non-extractable CryptoKey.
    #[wasm_bindgen(js_name = importKey)]
    pub fn import_key(&self) -> Promise {
        import_key(self.message.content_key().as_bytes(), "encrypt")
    }

    /// For an unknown number of bytes. Without a CryptoKey frames are encrypted in software.
    pub fn sequencer(self, web: Option<CryptoKey>) -> Sequencer {
        Sequencer { engine: Engine::new(self.message.content_key(), web), sequencer: self.message.sequencer() }
    }

    /// For `plaintext_len` bytes that can be read again.
    pub fn replayable(self, web: Option<CryptoKey>, plaintext_len: f64) -> Result<Replayable> {
        Ok(Replayable {
            key: Key::Begun(Engine::new(self.message.content_key(), web)),
            replayable: self.message.replayable(plaintext_len as u64)?,
            description: self.description,
        })
    }
}

/// Frames in order, each once.
#[wasm_bindgen]
pub struct Sequencer {
    engine: Engine,
    sequencer: kmseal::Sequencer,
}

#[wasm_bindgen]
impl Sequencer {
    /// Seals the next frame: `{ head, body }`, where body is content and tag, or its promise.
    pub fn seal(&mut self, content: &Uint8Array, last: bool) -> Result<Object> {
        let kind = if last { FrameKind::Final } else { FrameKind::Regular };
        let frame = self.sequencer.next(content.length() as usize, kind)?;
        let head = frame.head();
        Ok(sealed(&head, &self.engine.seal(frame, content)?))
    }
}

/// Who has the content key: this module as well, or SubtleCrypto alone.
enum Key {
    Begun(Engine),
    Restored(CryptoKey),
}

/// Any frame, any number of times, always the same.
#[wasm_bindgen]
pub struct Replayable {
    key: Key,
    replayable: kmseal::Replayable,
    /// The message of its description, if it may get one.
    description: Option<kmseal::Message>,
}

#[wasm_bindgen]
impl Replayable {
    /// Continues from a kept state; undefined if that is damaged.
    pub fn restore(
        web: CryptoKey,
        header: &[u8],
        frame_length: u32,
        plaintext_len: f64,
        tags: &[u8],
    ) -> Option<Replayable> {
        let replayable = kmseal::Replayable::restore(header, frame_length, plaintext_len as u64, tags)?;
        Some(Self { key: Key::Restored(web), replayable, description: None })
    }

    /// The tags of all frames, 16 bytes each; zeros for a frame that was not sealed.
    pub fn tags(&self) -> Uint8Array {
        self.replayable.tags().as_slice().into()
    }

    /// The message id, in base64url.
    #[wasm_bindgen(js_name = messageId)]
    pub fn message_id(&self) -> JsValue {
        message_id_text(self.replayable.message_id()).into()
    }

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

    /// Notes that the page saw the file change: nothing more is released, now or later.
    pub fn poison(&mut self) {
        self.replayable.poison();
    }

    /// Fails once the file was found to have changed.
    pub fn check(&self) -> Result<()> {
        Ok(self.replayable.check()?)
    }

    /// The message of its description, once: there is no second one under its message id.
    pub fn description(&mut self) -> Option<Message> {
        self.description.take().map(|message| Message::new(message, None))
    }

    /// Seals a frame: content and tag, or its promise. No byte of it may be released before `accept`.
    pub fn seal(&self, index: u32, content: &Uint8Array) -> Result<JsValue> {
        let frame = self.replayable.frame(index)?;
        if content.length() as usize != frame.len() {
            return Err(Thrown::type_error("the content is not as long as its frame"));
        }
        match &self.key {
            Key::Begun(engine) => engine.seal(frame, content),
            // That of an empty file, whose tag is all of it and in every state.
            Key::Restored(_) if frame.len() == 0 => Ok(self.tags().into()),
            Key::Restored(web) => Ok(seal_by(web, &frame, content)),
        }
    }

    /// Checks a sealed frame's tag against an earlier sealing's; returns the bytes before the content.
    pub fn accept(&mut self, index: u32, body: &Uint8Array) -> Result<Uint8Array> {
        let mut tag = [0; TAG_LEN];
        let len = body.length();
        body.subarray(len.saturating_sub(TAG_LEN as u32), len).copy_to(&mut tag);
        self.replayable.accept(index, &tag)?;
        Ok(Uint8Array::from(self.replayable.frame(index)?.head().as_slice()))
    }
}
