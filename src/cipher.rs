//! AES-256-GCM in software: header tags, empty frames, and the engine for pages and programs
//! without SubtleCrypto.

use alloc::boxed::Box;
use core::ops::Range;

use kmseal_gcm::Gcm;

use crate::damage;
use crate::error::{Code, Error, Result};
use crate::frame::Frame;
use crate::kdf::ContentKey;
use crate::stack::wiped;
use crate::suite::{IV_LEN, TAG_LEN};

/// A content key made ready; its key schedule is wiped on drop. [`Message`](crate::Message) shows how it seals,
/// [`Locked`](crate::Locked) how it opens.
pub struct Cipher {
    gcm: Box<Gcm>,
    /// As [`ContentKey`] has it.
    seals: u32,
}

impl Cipher {
    /// Expands the key.
    #[must_use]
    pub fn new(key: &ContentKey) -> Self {
        wiped(|| Self { gcm: Box::new(Gcm::new(key.as_bytes())), seals: key.seals })
    }

    /// Encrypts a frame's content in place and returns its tag. The frame is used up: ask for its head before.
    ///
    /// # Errors
    /// [`Code::TooLong`]: a content that is not as long as its frame. [`Code::Platform`]: a frame of a message other than the key's, or a key
    /// that opens. A nonce would be used twice (docs/format.md, 14), and nothing would open the other message's frame.
    pub fn seal(&self, frame: Frame, content: &mut [u8]) -> Result<[u8; TAG_LEN]> {
        if content.len() != frame.len() {
            return Err(Error::new(Code::TooLong, &["the content is not as long as its frame"]));
        }
        if self.seals != frame.message() {
            return Err(Error::new(Code::Platform, &["this key does not seal the frame's message"]));
        }
        self.encrypt(&frame.iv(), &frame.aad(), content)
    }

    /// Decrypts a frame's content in place, or leaves it unread.
    ///
    /// # Errors
    /// [`Code::Authentication`]: content, order or tag were altered.
    pub fn open(&self, frame: &Frame, content: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<()> {
        let (iv, aad) = (frame.iv(), frame.aad());
        let authentic = wiped(|| self.gcm.decrypt(&iv, &aad, content, tag));
        if authentic { Ok(()) } else { Err(damage::altered_frame(frame.sequence_number(), content)) }
    }

    /// Decrypts frames that lie one behind another in `bytes`, each at its place, and moves their
    /// contents together; returns their new place. One by one, short frames would cost far more than
    /// their bytes, since the stack is overwritten after each. The content before a failed frame is good.
    ///
    /// # Errors
    /// [`Code::Authentication`]: content, order or tag of a frame were altered. [`Code::Truncated`]: it
    /// is not whole, or does not lie behind those before it.
    pub fn open_together(&self, bytes: &mut [u8], frames: &[(Frame, usize)]) -> (Range<usize>, Result<()>) {
        let start = frames.first().map_or(0, |(frame, at)| at.saturating_add(frame.head_len()));
        let mut end = start;
        let opened = wiped(|| {
            for (frame, at) in frames {
                let from = at.saturating_add(frame.head_len());
                let to = from.saturating_add(frame.len());
                let tag = bytes.get(to..).and_then(<[u8]>::first_chunk).copied().ok_or_else(Error::truncated)?;
                let content = bytes.get_mut(from..to).filter(|_| from >= end).ok_or_else(Error::truncated)?;
                if !self.gcm.decrypt(&frame.iv(), &frame.aad(), content, &tag) {
                    return Err(damage::altered_frame(frame.sequence_number(), content));
                }
                if from != end {
                    bytes.copy_within(from..to, end);
                }
                end = end.saturating_add(frame.len());
            }
            Ok(())
        });
        (start..end, opened)
    }

    /// The tag over the header (message-header.md, "Authentication Tag"): empty plaintext, IV zero.
    pub(crate) fn header_tag(&self, aad: &[u8]) -> Result<[u8; TAG_LEN]> {
        self.encrypt(&[0; IV_LEN], aad, &mut [])
    }

    fn encrypt(&self, iv: &[u8; IV_LEN], aad: &[u8], content: &mut [u8]) -> Result<[u8; TAG_LEN]> {
        wiped(|| self.gcm.encrypt(iv, aad, content))
            .ok_or_else(|| Error::new(Code::TooLong, &["a frame is longer than AES-GCM can take"]))
    }
}
