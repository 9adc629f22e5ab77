//! Sealing: one header, then frames in order. The state here decides; an engine encrypts.
//!
//! Source: client-apis/encrypt.md.

use alloc::vec::Vec;
use core::num::NonZeroU128;

use crate::cipher::Cipher;
use crate::context::{EncryptionContext, digest};
use crate::error::{Code, Error, Reason, Result};
use crate::frame::{Frame, FrameKind};
use crate::header;
use crate::kdf::{ContentKey, MessageId, beginning, derive};
use crate::layout::{Layout, MAX_LEN, too_long};
use crate::suite::{KEY_LEN, MESSAGE_ID_LEN, TAG_LEN};
use crate::wrap::Materials;

/// A message whose header is fixed. There is never a second header under its message id, nor a second
/// sequence of frames: both ways to the frames consume it.
///
/// The same materials may give a second message, such as that of a file's description: both share data key, encrypted data keys and context.
/// Their message ids differ and are HKDF's salt, so content key and commit key differ, too (framework/algorithm-suites.md, "Algorithm Suites
/// Key Derivation Settings"), and no nonce is used twice. Made at once, both outlive the materials: nobody keeps a data key for a second message.
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use getrandom::SysRng;
/// use kmseal::{Cipher, DataKeySeed, EncryptionContext, FrameKind, Materials, Message, MessageId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = example::key();
/// let stored = EncryptionContext::from_pairs([("tenant".to_owned(), "7".to_owned())])?;
/// let required = EncryptionContext::default();
/// let materials = Materials::wrap(&[key], &stored, DataKeySeed::generate(&mut SysRng, 1)?)?;
/// let message = Message::new(&materials, MessageId::generate(&mut SysRng)?, &stored, &required, 4096)?;
///
/// let mut envelope = message.header().to_vec();
/// let cipher = Cipher::new(message.content_key());
/// let mut sequencer = message.sequencer();
/// for (content, kind) in [(vec![1; 4096], FrameKind::Regular), (vec![2; 100], FrameKind::Final)] {
///     let mut content = content;
///     let frame = sequencer.next(content.len(), kind)?;
///     envelope.extend(frame.head());
///     let tag = cipher.seal(frame, &mut content)?;
///     envelope.extend(content);
///     envelope.extend(tag);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Message {
    header: Vec<u8>,
    content_key: ContentKey,
    message_id: [u8; MESSAGE_ID_LEN],
    frame_length: u32,
}

impl Message {
    /// Writes and authenticates the header. `stored` and `required` together must be the context
    /// that the materials were wrapped under. Choose one of [`FRAME_LENGTHS`](crate::FRAME_LENGTHS): openers refuse longer frames by default.
    ///
    /// # Errors
    /// [`Code::Context`]: they are not. [`Code::TooLong`]: a frame length of 0.
    pub fn new(
        materials: &Materials,
        id: MessageId,
        stored: &EncryptionContext,
        required: &EncryptionContext,
        frame_length: u32,
    ) -> Result<Self> {
        if frame_length == 0 {
            return Err(too_long());
        }
        if digest(&stored.with_required(required)?.serialize()?) != materials.digest {
            return Err(Error::new(Code::Context, &["the data key was wrapped under another encryption context"]));
        }
        let (mut content_key, commit_key) = derive(&materials.data_key, &id)?;
        content_key.seals = beginning(&id.0);
        let mut header = header::write(&id, stored, &materials.edks, frame_length, &commit_key)?;
        // message-header.md, "Authentication Tag": the required pairs follow the body in the AAD.
        let aad = [header.as_slice(), &required.serialize()?].concat();
        let tag = Cipher::new(&content_key).header_tag(&aad)?;
        header.extend_from_slice(&tag);
        Ok(Self { header, content_key, message_id: id.0, frame_length })
    }

    /// Header body and tag.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The key for the engine, which must be made before the frames are begun.
    #[must_use]
    pub fn content_key(&self) -> &ContentKey {
        &self.content_key
    }

    /// The content length of every frame but the last, in bytes.
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.frame_length
    }

    /// The message id, as it is in the header.
    #[must_use]
    pub fn message_id(&self) -> &[u8; MESSAGE_ID_LEN] {
        &self.message_id
    }

    /// For an unknown number of bytes: frames one after another, each once.
    #[must_use]
    pub fn sequencer(self) -> Sequencer {
        Sequencer { message_id: self.message_id, frame_length: self.frame_length, next: Some(1) }
    }

    /// For `plaintext_len` bytes that can be read again: any frame, any number of times, the same.
    ///
    /// # Errors
    /// [`Code::TooLong`], as [`Layout::new`].
    pub fn replayable(self, plaintext_len: u64) -> Result<Replayable> {
        let layout = Layout::new(self.header.len(), plaintext_len, self.frame_length)?;
        let mut tags = Vec::new();
        tags.try_reserve_exact(layout.frames() as usize).map_err(|_| {
            Error::new(Code::TooLong, &["not enough memory for every frame's tag"]).because(Reason::TooManyFrames)
        })?;
        tags.resize(layout.frames() as usize, None);
        Ok(Replayable { message_id: self.message_id, layout, tags, poisoned: false })
    }
}

/// Plans frames in order until the final one.
pub struct Sequencer {
    message_id: [u8; MESSAGE_ID_LEN],
    frame_length: u32,
    next: Option<u32>,
}

impl Sequencer {
    /// The next frame, of `len` bytes; the final one ends the message.
    ///
    /// # Errors
    /// [`Code::TooLong`]: over 2^32 - 1 frames or 2^53 - 1 bytes, or a length that this place cannot have.
    pub fn next(&mut self, len: usize, kind: FrameKind) -> Result<Frame> {
        let full = self.frame_length as usize;
        let last = kind == FrameKind::Final;
        let fits = if last { len <= full } else { len == full };
        let sequence = self.next.filter(|_| fits);
        // The largest sequence number marks final frames, so no regular frame may have it.
        let sequence = sequence.filter(|sequence| last || *sequence < u32::MAX);
        // One content key encrypts at most the longest possible file, far below GCM's own bounds.
        let sealed = |frames: u32| u64::from(frames).saturating_mul(self.frame_length.into());
        let sequence = sequence.filter(|sequence| sealed(*sequence) <= MAX_LEN);
        let (Some(sequence), Ok(len)) = (sequence, u32::try_from(len)) else {
            return Err(too_long());
        };
        self.next = if last { None } else { sequence.checked_add(1) };
        Ok(Frame::new(self.message_id, sequence, len, kind))
    }
}

/// Frames that may be sealed more than once, and the proof that each was sealed the same.
///
/// Sealing one frame twice with other bytes would be GCM nonce reuse (docs/format.md, 14): the first tag
/// of each frame is kept forever, and a second one must equal it before a byte is released.
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use getrandom::SysRng;
/// use kmseal::{Cipher, Code, DataKeySeed, EncryptionContext, Materials, Message, MessageId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = example::key();
/// let none = EncryptionContext::default();
/// let materials = Materials::wrap(&[key], &none, DataKeySeed::generate(&mut SysRng, 1)?)?;
/// let message = Message::new(&materials, MessageId::generate(&mut SysRng)?, &none, &none, 4096)?;
/// let cipher = Cipher::new(message.content_key());
/// // 10,000 bytes: the third frame holds the last 1,808.
/// let mut replayable = message.replayable(10_000)?;
///
/// let tag = cipher.seal(replayable.frame(2)?, &mut [7; 1808])?;
/// replayable.accept(2, &tag)?;
/// // The same bytes again are fine. Other ones are not, and not one of their bytes may leave.
/// let tag = cipher.seal(replayable.frame(2)?, &mut [7; 1808])?;
/// replayable.accept(2, &tag)?;
/// let tag = cipher.seal(replayable.frame(2)?, &mut [8; 1808])?;
/// assert_eq!(replayable.accept(2, &tag).unwrap_err().code(), Code::SourceChanged);
/// # Ok(())
/// # }
/// ```
pub struct Replayable {
    message_id: [u8; MESSAGE_ID_LEN],
    layout: Layout,
    // Only one tag in 2^128 is zero, and that is refused: so a frame's tag takes 16 bytes.
    tags: Vec<Option<NonZeroU128>>,
    poisoned: bool,
}

impl Replayable {
    /// Continues a message whose state was kept: its header with the tag, its frame length, the plaintext's length, and what
    /// [`Replayable::tags`] gave. A frame that has a tag must be sealed to that tag again. The content key is the caller's, as of any engine.
    ///
    /// The proof holds as far as the tags do: the tag of each frame whose bytes have left must be among them. Nothing here authenticates
    /// the state, so it has to come from where only its owner writes. `None`: it is damaged, or not the state of a message that can
    /// be sealed.
    ///
    /// ```
    /// # #[path = "../tests/core/common/example.rs"]
    /// # mod example;
    /// use getrandom::SysRng;
    /// use kmseal::{Cipher, Code, DataKeySeed, EncryptionContext, Materials, Message, MessageId, Replayable};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = example::key();
    /// let none = EncryptionContext::default();
    /// let materials = Materials::wrap(&[key], &none, DataKeySeed::generate(&mut SysRng, 1)?)?;
    /// let message = Message::new(&materials, MessageId::generate(&mut SysRng)?, &none, &none, 4096)?;
    /// let (cipher, header) = (Cipher::new(message.content_key()), message.header().to_vec());
    /// let mut replayable = message.replayable(10_000)?;
    /// let tag = cipher.seal(replayable.frame(2)?, &mut [7; 1808])?;
    /// replayable.accept(2, &tag)?;
    ///
    /// let mut restored = Replayable::restore(&header, 4096, 10_000, &replayable.tags()).ok_or("a damaged state")?;
    /// let tag = cipher.seal(restored.frame(2)?, &mut [8; 1808])?;
    /// assert_eq!(restored.accept(2, &tag).unwrap_err().code(), Code::SourceChanged);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn restore(header: &[u8], frame_length: u32, plaintext_len: u64, tags: &[u8]) -> Option<Self> {
        // What is at fixed places from both ends (message-header.md). The rest matters to openers alone.
        let (body, _) = header.split_last_chunk::<{ KEY_LEN + TAG_LEN }>()?;
        let (start, last) = body.split_last_chunk()?;
        let message_id = *start.strip_prefix(&header::START)?.first_chunk()?;
        let layout = Layout::new(header.len(), plaintext_len, frame_length).ok()?;
        let (tags, rest) = tags.as_chunks();
        if *last != frame_length.to_be_bytes() || !rest.is_empty() || tags.len() != layout.frames() as usize {
            return None;
        }
        let tags = tags.iter().map(|tag| NonZeroU128::new(u128::from_le_bytes(*tag))).collect();
        Some(Self { message_id, layout, tags, poisoned: false })
    }

    /// The tags of all frames, in their order, 16 bytes each: zeros for a frame that was not sealed yet.
    #[must_use]
    pub fn tags(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.tags.len().saturating_mul(TAG_LEN));
        for tag in &self.tags {
            bytes.extend_from_slice(&tag.map_or(0, NonZeroU128::get).to_le_bytes());
        }
        bytes
    }

    /// The message id, as it is in the header.
    #[must_use]
    pub fn message_id(&self) -> &[u8; MESSAGE_ID_LEN] {
        &self.message_id
    }

    /// The places of the frames.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Notes what an edge saw while it read, such as another length of the file: nothing more is released, now or later.
    pub fn poison(&mut self) {
        self.poisoned = true;
    }

    /// Fails once the source was found to have changed.
    ///
    /// # Errors
    /// [`Code::SourceChanged`]
    pub fn check(&self) -> Result<()> {
        if self.poisoned { Err(changed()) } else { Ok(()) }
    }

    /// The frame of this index, from 0.
    ///
    /// # Errors
    /// [`Code::SourceChanged`]: the source was found to have changed.
    pub fn frame(&self, index: u32) -> Result<Frame> {
        self.check()?;
        let span = self.layout.span(index).ok_or_else(changed)?;
        Ok(Frame::new(self.message_id, index.saturating_add(1), span.len, span.kind))
    }

    /// Takes a sealed frame's tag, before any of its bytes leaves.
    ///
    /// # Errors
    /// [`Code::SourceChanged`]: it was sealed before with another tag; nothing more is released,
    /// now or later.
    pub fn accept(&mut self, index: u32, tag: &[u8; TAG_LEN]) -> Result<()> {
        self.check()?;
        let tag = NonZeroU128::new(u128::from_le_bytes(*tag));
        match (self.tags.get_mut(index as usize), tag) {
            (Some(Some(first)), Some(tag)) if *first == tag => Ok(()),
            (Some(slot @ None), Some(_)) => {
                *slot = tag;
                Ok(())
            }
            _ => {
                self.poisoned = true;
                Err(changed())
            }
        }
    }
}

fn changed() -> Error {
    Error::new(
        Code::SourceChanged,
        &["the file changed while it was being sealed; let the user choose it again and seal it again"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places that no test reaches by sealing 2^32 frames.
    #[test]
    fn the_last_sequence_number_is_the_final_frames() {
        let at = |next| Sequencer { message_id: [0; MESSAGE_ID_LEN], frame_length: 4096, next: Some(next) };
        assert!(at(u32::MAX).next(4096, FrameKind::Regular).is_err());
        assert_eq!(at(u32::MAX).next(4096, FrameKind::Final).map(|frame| frame.sequence_number()), Ok(u32::MAX));
        let mut sequencer = at(u32::MAX - 1);
        assert!(sequencer.next(4096, FrameKind::Regular).is_ok());
        assert!(sequencer.next(4096, FrameKind::Regular).is_err());
    }

    #[test]
    fn a_content_key_has_sealed_enough() {
        let full: u32 = 1 << 24;
        let at = |next| Sequencer { message_id: [0; MESSAGE_ID_LEN], frame_length: full, next: Some(next) };
        for kind in [FrameKind::Regular, FrameKind::Final] {
            assert!(at((1 << 29) - 1).next(full as usize, kind).is_ok());
            assert!(at(1 << 29).next(full as usize, kind).is_err());
        }
        // 2^53 - 1 bytes exactly, which are this many frames of this length.
        let (full, frames): (u32, u32) = (441_650_591, 20_394_401);
        let at = |next| Sequencer { message_id: [0; MESSAGE_ID_LEN], frame_length: full, next: Some(next) };
        assert!(at(frames).next(full as usize, FrameKind::Regular).is_ok());
        assert!(at(frames + 1).next(full as usize, FrameKind::Regular).is_err());
    }
}
