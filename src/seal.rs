//! Sealing: one header, then frames in order. The state here decides; an engine encrypts.
//!
//! Source: client-apis/encrypt.md.

use alloc::vec::Vec;
use core::num::NonZeroU128;

use crate::context::EncryptionContext;
use crate::error::{Code, Error, Result};
use crate::frame::Frame;
use crate::header;
use crate::kdf::{ContentKey, MessageId, derive};
use crate::layout::{Layout, MAX_LEN};
use crate::soft::Cipher;
use crate::suite::{DIGEST_LEN, KEY_LEN, MESSAGE_ID_LEN, PROVIDER_ID, TAG_LEN};
use crate::wrap::Materials;

/// A message whose header is fixed. There is never a second header under its message id, nor a second
/// sequence of frames: both ways to the frames consume it.
pub struct Message {
    header: Vec<u8>,
    content_key: ContentKey,
    message_id: [u8; MESSAGE_ID_LEN],
    frame_length: u32,
}

impl Message {
    /// Writes and authenticates the header. `stored` and `required` together must be the context
    /// that the materials were wrapped under.
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
            return Err(Error::new(Code::TooLong, &["frames of 0 bytes hold nothing; give a larger frameLength"]));
        }
        let digest: [u8; DIGEST_LEN] = stored.with_required(required)?.digest()?;
        if digest != materials.digest {
            return Err(Error::new(Code::Context, &["the data key was wrapped under another encryption context"]));
        }
        let (content_key, commit_key) = derive(&materials.data_key, &id)?;
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

    /// For bytes whose number is not known beforehand: frames one after another, each once.
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
            Error::new(Code::TooLong, &["not enough memory to remember every frame's tag; give a larger frameLength"])
        })?;
        tags.resize(layout.frames() as usize, None);
        Ok(Replayable { message_id: self.message_id, layout, tags, poisoned: false })
    }
}

/// Length of a header with its tag, in bytes: known before anything random is drawn.
///
/// # Errors
/// [`Code::Context`]: the context is too long.
#[allow(clippy::arithmetic_side_effects, reason = "lengths of what is in memory")]
pub fn header_len<'a>(stored: &EncryptionContext, recipients: impl Iterator<Item = (&'a str, usize)>) -> Result<usize> {
    let edks: usize = recipients.map(|(arn, ciphertext)| 2 + PROVIDER_ID.len() + 2 + arn.len() + 2 + ciphertext).sum();
    Ok(1 + 2 + MESSAGE_ID_LEN + 2 + stored.serialize()?.len() + 2 + edks + 1 + 4 + KEY_LEN + TAG_LEN)
}

/// Gives out frames in order until the final one.
pub struct Sequencer {
    message_id: [u8; MESSAGE_ID_LEN],
    frame_length: u32,
    next: Option<u32>,
}

impl Sequencer {
    /// The next frame, of `len` bytes; `last` ends the message.
    ///
    /// # Errors
    /// [`Code::TooLong`]: over 2^32 - 1 frames or 2^53 - 1 bytes, or a length that this place cannot have.
    pub fn next(&mut self, len: usize, last: bool) -> Result<Frame> {
        let full = self.frame_length as usize;
        let fits = if last { len <= full } else { len == full };
        let sequence = self.next.filter(|_| fits);
        // The largest sequence number marks final frames, so no regular frame may bear it.
        let sequence = sequence.filter(|sequence| last || *sequence < u32::MAX);
        // One content key encrypts no more than a file can be long, far below GCM's own bounds.
        let sealed = |frames: u32| u64::from(frames).saturating_mul(self.frame_length.into());
        let sequence = sequence.filter(|sequence| sealed(*sequence) <= MAX_LEN);
        let (Some(sequence), Ok(len)) = (sequence, u32::try_from(len)) else {
            return Err(Error::new(
                Code::TooLong,
                &[
                    "one envelope holds at most 2^32 - 1 frames and 2^53 - 1 bytes; give a larger frameLength or split the data",
                ],
            ));
        };
        self.next = if last { None } else { sequence.checked_add(1) };
        Ok(Frame::new(self.message_id, sequence, len, last))
    }
}

/// Frames that may be sealed more than once, and the proof that each was sealed the same.
///
/// Sealing one frame twice with other bytes would be GCM nonce reuse (FORMAT.md, 10): the first tag
/// of each frame is kept for ever, and a second one must equal it before a byte is released.
pub struct Replayable {
    message_id: [u8; MESSAGE_ID_LEN],
    layout: Layout,
    // No tag is zero, but for one in 2^128, which is refused: so a frame's tag takes 16 bytes.
    tags: Vec<Option<NonZeroU128>>,
    poisoned: bool,
}

impl Replayable {
    /// Where the frames lie.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The frame of this index, from 0.
    ///
    /// # Errors
    /// [`Code::SourceChanged`]: the source was found to have changed.
    pub fn frame(&self, index: u32) -> Result<Frame> {
        if self.poisoned {
            return Err(changed());
        }
        let span = self.layout.span(index).ok_or_else(changed)?;
        Ok(Frame::new(self.message_id, index.saturating_add(1), span.len, span.last))
    }

    /// Takes a sealed frame's tag, before any of its bytes leaves.
    ///
    /// # Errors
    /// [`Code::SourceChanged`]: it was sealed before with another tag; nothing more is released,
    /// now or later.
    pub fn accept(&mut self, index: u32, tag: &[u8; TAG_LEN]) -> Result<()> {
        if self.poisoned {
            return Err(changed());
        }
        let tag = NonZeroU128::new(u128::from_be_bytes(*tag));
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
        &["the file changed while it was being sealed; let the user choose it again and seal it anew"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places that no test reaches by sealing 2^32 frames.
    #[test]
    fn the_last_sequence_number_is_the_final_frames() {
        let at = |next| Sequencer { message_id: [0; MESSAGE_ID_LEN], frame_length: 4096, next: Some(next) };
        assert!(at(u32::MAX).next(4096, false).is_err());
        assert_eq!(at(u32::MAX).next(4096, true).map(|frame| frame.sequence()), Ok(u32::MAX));
        let mut sequencer = at(u32::MAX - 1);
        assert!(sequencer.next(4096, false).is_ok());
        assert!(sequencer.next(4096, false).is_err());
    }

    #[test]
    fn a_content_key_has_sealed_enough() {
        let full: u32 = 1 << 24;
        let at = |next| Sequencer { message_id: [0; MESSAGE_ID_LEN], frame_length: full, next: Some(next) };
        for last in [false, true] {
            assert!(at((1 << 29) - 1).next(full as usize, last).is_ok());
            assert!(at(1 << 29).next(full as usize, last).is_err());
        }
    }
}
