//! Frames: IV, additional authenticated data and framing bytes from sequence, length and place.
//!
//! Source: data-format/message-body.md "Framed Data" and data-format/message-body-aad.md.

use alloc::vec::Vec;

use crate::error::{Code, Error, decimal};
use crate::kdf::beginning;
use crate::suite::{IV_LEN, MESSAGE_ID_LEN, TAG_LEN};
use crate::wire::{Reader, Stop};

/// Marks the final frame (message-body.md, "Sequence Number End").
const FINAL_MARKER: u32 = u32::MAX;
/// Bytes before a regular frame's content: sequence, IV.
pub const HEAD_LEN: usize = 4 + IV_LEN;
/// Bytes before the final frame's content: marker, sequence, IV, length.
pub const FINAL_HEAD_LEN: usize = 4 + 4 + IV_LEN + 4;
const REGULAR_LABEL: &[u8] = b"AWSKMSEncryptionClient Frame";
const FINAL_LABEL: &[u8] = b"AWSKMSEncryptionClient Final Frame";

/// Shortest and longest frame content that can be chosen for sealing, in bytes.
pub const FRAME_LENGTHS: core::ops::RangeInclusive<u32> = 4 * 1024..=MAX_DEFAULT_FRAME_LENGTH;
const MIN_DEFAULT_FRAME_LENGTH: u32 = 256 * 1024;
const MAX_DEFAULT_FRAME_LENGTH: u32 = 16 * 1024 * 1024;
/// AWS's Rust reader recurses once a frame and aborts above 14,100 of them.
const COMFORTABLE_FRAMES: u64 = 12_000;

/// The frame length for `plaintext_len` bytes: 256 KiB, and for more than 12,000 such frames the
/// smallest power of two that stays within 12,000, at most 16 MiB (docs/format.md, 20). AWS's Python reader is
/// quadratic in the frame length, so no longer than needed.
#[must_use]
pub fn default_frame_length(plaintext_len: Option<u64>) -> u32 {
    let plaintext_len = plaintext_len.unwrap_or(0);
    let mut length = MIN_DEFAULT_FRAME_LENGTH;
    while length < MAX_DEFAULT_FRAME_LENGTH && plaintext_len.div_ceil(length.into()) > COMFORTABLE_FRAMES {
        length = length.saturating_mul(2);
    }
    length
}

/// Which of the format's two kinds a frame is (message-body.md, "Regular Frame", "Final Frame").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Full, and another one follows.
    Regular,
    /// Full, shorter or empty, and the message ends with it.
    Final,
}

/// One frame of one message, planned: its content is not here, only its length. Neither Clone nor Copy, and sealing takes
/// it by value: two contents sealed as one frame would be nonce reuse (docs/format.md, 14). So this compiles,
///
/// ```
/// fn once(cipher: &kmseal::Cipher, frame: kmseal::Frame) {
///     let _ = cipher.seal(frame, &mut [1]);
/// }
/// ```
///
/// and neither of these does:
///
/// ```compile_fail,E0382
/// fn twice(cipher: &kmseal::Cipher, frame: kmseal::Frame) {
///     let _ = cipher.seal(frame, &mut [1]);
///     let _ = cipher.seal(frame, &mut [2]);
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn copied(cipher: &kmseal::Cipher, frame: kmseal::Frame) {
///     let _ = cipher.seal(frame.clone(), &mut [1]);
///     let _ = cipher.seal(frame, &mut [2]);
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    message_id: [u8; MESSAGE_ID_LEN],
    sequence: u32,
    len: u32,
    kind: FrameKind,
}

impl Frame {
    pub(crate) fn new(message_id: [u8; MESSAGE_ID_LEN], sequence: u32, len: u32, kind: FrameKind) -> Self {
        Self { message_id, sequence, len, kind }
    }

    pub(crate) fn message(&self) -> u32 {
        beginning(&self.message_id)
    }

    /// The sequence number, from 1.
    #[must_use]
    pub fn sequence_number(&self) -> u32 {
        self.sequence
    }

    /// The content's length in bytes, the same sealed and open.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a frame is not a collection")]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Whether this is the final frame.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.kind == FrameKind::Final
    }

    /// Bytes before the content.
    #[must_use]
    pub fn head_len(&self) -> usize {
        if self.is_final() { FINAL_HEAD_LEN } else { HEAD_LEN }
    }

    /// Bytes of the frame in the envelope: framing, content, tag.
    #[must_use]
    pub fn sealed_len(&self) -> u64 {
        // From four hostile length bytes, this can exceed what wasm32 counts in.
        u64::from(self.len).saturating_add(self.head_len() as u64).saturating_add(TAG_LEN as u64)
    }

    /// The IV is the sequence number (message-body.md, "IV").
    #[must_use]
    pub fn iv(&self) -> [u8; IV_LEN] {
        let mut iv = [0; IV_LEN];
        iv[IV_LEN - 4..].copy_from_slice(&self.sequence.to_be_bytes());
        iv
    }

    /// Message id, label, sequence, length (message-body-aad.md, "Structure").
    #[must_use]
    pub fn aad(&self) -> Vec<u8> {
        let label = if self.is_final() { FINAL_LABEL } else { REGULAR_LABEL };
        let sequence = self.sequence.to_be_bytes();
        let len = u64::from(self.len).to_be_bytes();
        [&self.message_id, label, &sequence, &len].concat()
    }

    /// The bytes before the content.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let sequence = self.sequence.to_be_bytes();
        if self.is_final() {
            [&FINAL_MARKER.to_be_bytes(), &sequence, self.iv().as_slice(), &self.len.to_be_bytes()].concat()
        } else {
            [sequence.as_slice(), &self.iv()].concat()
        }
    }

    /// Reads a frame's head, which must be the `sequence`th of its message.
    pub(crate) fn read(
        message_id: [u8; MESSAGE_ID_LEN],
        sequence: u32,
        frame_length: u32,
        head: &[u8],
    ) -> core::result::Result<Self, Stop> {
        let mut reader = Reader::new(head);
        let marker = reader.u32()?;
        let kind = if marker == FINAL_MARKER { FrameKind::Final } else { FrameKind::Regular };
        let found = if kind == FrameKind::Final { reader.u32()? } else { marker };
        if found != sequence {
            let (found, sequence) = (decimal(found.into()), decimal(sequence.into()));
            return Err(invalid(&[
                "frame ",
                &found,
                " is where frame ",
                &sequence,
                " belongs; frames are missing or out of order",
            ]));
        }
        let iv: [u8; IV_LEN] = reader.array()?;
        let len = if kind == FrameKind::Final { reader.u32()? } else { frame_length };
        if len > frame_length {
            return Err(invalid(&["the final frame is longer than the frame length ", &decimal(frame_length.into())]));
        }
        let frame = Self::new(message_id, sequence, len, kind);
        // Official readers let another IV pass; message-body.md says it MUST be the sequence number.
        if iv != frame.iv() {
            return Err(invalid(&["the IV of frame ", &decimal(sequence.into()), " is not its sequence number"]));
        }
        Ok(frame)
    }
}

fn invalid(message: &[&str]) -> Stop {
    Error::new(Code::EnvelopeInvalid, message).into()
}
