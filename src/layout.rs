//! The place of every frame of a message of known length. Lengths are exact before a byte is sealed.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "of u64 from u32 or below 2^53, as `new` checks; divisors are not 0"
)]

use crate::error::{Code, Error, Reason, Result};
use crate::frame::{FINAL_HEAD_LEN, FrameKind, HEAD_LEN};
use crate::suite::TAG_LEN;

const REGULAR_EXTRA_LEN: u64 = (HEAD_LEN + TAG_LEN) as u64;
const FINAL_EXTRA_LEN: u64 = (FINAL_HEAD_LEN + TAG_LEN) as u64;
/// The largest length that a JavaScript number represents exactly.
pub(crate) const MAX_LEN: u64 = (1 << 53) - 1;

/// The frames of a message: all of them full but the last, which is full or shorter.
///
/// ```
/// use kmseal::Layout;
///
/// // A header of 500 bytes, and a plaintext of 10,000 in frames of 4,096.
/// let layout = Layout::new(500, 10_000, 4096)?;
/// assert_eq!((layout.frames(), layout.sealed_len()), (3, 500 + 10_000 + 2 * 32 + 40));
/// assert_eq!(layout.span(1).unwrap().sealed_start, 500 + 4096 + 32);
/// # Ok::<(), kmseal::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    header_len: u64,
    frame_length: u64,
    plaintext_len: u64,
    frames: u32,
}

/// One frame's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// Where the content lies in the plaintext, in bytes.
    pub plaintext_start: u64,
    /// The content's length in bytes.
    pub len: u32,
    /// Where the frame lies in the envelope, in bytes.
    pub sealed_start: u64,
    /// Whether another one follows.
    pub kind: FrameKind,
}

impl Layout {
    /// Lays out `plaintext_len` bytes behind a header (with its tag) of `header_len` bytes. An exact
    /// multiple of the frame length ends in a full final frame (message-body.md, "Final Frame": the
    /// SHOULD); no bytes are one empty final frame (docs/format.md, 18 and 19).
    ///
    /// # Errors
    /// [`Code::TooLong`]: a frame length of 0, over 2^32 - 1 frames, or an envelope over 2^53 - 1 bytes.
    pub fn new(header_len: usize, plaintext_len: u64, frame_length: u32) -> Result<Self> {
        if frame_length == 0 {
            return Err(too_long());
        }
        let frames = plaintext_len.div_ceil(frame_length.into()).max(1);
        let frames = u32::try_from(frames).map_err(|_| too_long())?;
        let layout = Self { header_len: header_len as u64, frame_length: frame_length.into(), plaintext_len, frames };
        if plaintext_len.max(layout.header_len) > MAX_LEN || layout.sealed_len() > MAX_LEN {
            return Err(too_long());
        }
        Ok(layout)
    }

    /// The layout of an envelope of `sealed_len` bytes; `None` if no message has that length. An empty
    /// final frame after full ones is accepted.
    #[must_use]
    pub fn of_envelope(header_len: usize, sealed_len: u64, frame_length: u32) -> Option<Self> {
        let header_len = header_len as u64;
        let body = sealed_len.checked_sub(header_len)?.checked_sub(FINAL_EXTRA_LEN)?;
        let frame_length = u64::from(frame_length);
        let stride = frame_length + REGULAR_EXTRA_LEN;
        let (regular, last) = (u32::try_from(body / stride).ok()?, body % stride);
        let plaintext_len = u64::from(regular) * frame_length + last;
        let frames = regular.checked_add(1).filter(|_| last <= frame_length && frame_length > 0)?;
        Some(Self { header_len, frame_length, plaintext_len, frames })
    }

    /// The plaintext's length in bytes.
    #[must_use]
    pub fn plaintext_len(&self) -> u64 {
        self.plaintext_len
    }

    /// How many frames there are, at least one.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// The envelope's length in bytes.
    #[must_use]
    pub fn sealed_len(&self) -> u64 {
        self.header_len + self.plaintext_len + u64::from(self.frames - 1) * REGULAR_EXTRA_LEN + FINAL_EXTRA_LEN
    }

    /// The frame of this index, from 0.
    #[must_use]
    pub fn span(&self, index: u32) -> Option<Span> {
        if index >= self.frames {
            return None;
        }
        let before = u64::from(index) * self.frame_length;
        let (kind, len) = if index == self.frames - 1 {
            (FrameKind::Final, self.plaintext_len - before)
        } else {
            (FrameKind::Regular, self.frame_length)
        };
        Some(Span {
            plaintext_start: before,
            len: u32::try_from(len).ok()?,
            sealed_start: self.header_len + before + u64::from(index) * REGULAR_EXTRA_LEN,
            kind,
        })
    }

    /// The final frame.
    #[must_use]
    pub fn final_span(&self) -> Option<Span> {
        self.span(self.frames - 1)
    }

    /// The index of the frame that holds this byte of the envelope; 0 within the header.
    #[must_use]
    pub fn frame_at(&self, sealed_offset: u64) -> u32 {
        self.clamped(sealed_offset.saturating_sub(self.header_len) / (self.frame_length + REGULAR_EXTRA_LEN))
    }

    /// The index of the frame that holds this byte of the plaintext; the last one's beyond the end.
    #[must_use]
    pub fn frame_of(&self, plaintext_offset: u64) -> u32 {
        self.clamped(plaintext_offset / self.frame_length)
    }

    fn clamped(&self, index: u64) -> u32 {
        u32::try_from(index).unwrap_or(u32::MAX).min(self.frames - 1)
    }
}

pub(crate) fn too_long() -> Error {
    Error::new(Code::TooLong, &["too many bytes for one envelope: it holds at most 2^32 - 1 frames and 2^53 - 1 bytes"])
        .because(Reason::TooManyFrames)
}
