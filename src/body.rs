//! The message body, read frame by frame, in order.
//!
//! Source: data-format/message-body.md "Framed Data".

use core::ops::Range;

use crate::error::{Code, Error, Result};
use crate::frame::{FINAL_HEAD_LEN, Frame, FrameKind};
use crate::header::Header;
use crate::layout::{Layout, Span};
use crate::suite::MESSAGE_ID_LEN;
use crate::wire::Stop;

/// The message body: frames, whose heads are read in order.
pub struct Body {
    message_id: [u8; MESSAGE_ID_LEN],
    frame_length: u32,
    header_len: usize,
    next: Option<u32>,
    // After `seek`: the places of frames by the source's length, and the last sequence number.
    window: Option<(Layout, u32)>,
}

/// Frames that cover a part of the plaintext; see [`Body::seek`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cover {
    /// Where they lie in the envelope, in bytes.
    pub sealed: Range<u64>,
    /// Where the first one's content lies in the plaintext, in bytes.
    pub plaintext_start: u64,
    /// Length of the whole plaintext in bytes, true only once the final frame has been opened.
    pub plaintext_len: u64,
}

impl Body {
    /// The number of bytes from the start of a frame that [`Body::read`] needs; every frame has at least as many.
    pub const HEAD_LEN: usize = FINAL_HEAD_LEN;

    pub(crate) fn of(header: &Header) -> Self {
        Self {
            message_id: header.message_id,
            frame_length: header.frame_length,
            header_len: header.len(),
            next: Some(1),
            window: None,
        }
    }

    /// Whether the final frame has been read, or since [`Body::seek`] the last of those that it turned to.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// Turns to the frames that cover the plaintext bytes `start..end` of an envelope of `sealed_len`
    /// bytes: at least one, and the final one for a position beyond the end. Only that length
    /// vouches for the places, so the final frame must be opened before any other is trusted.
    ///
    /// # Errors
    /// [`Code::Truncated`]: no message has this length.
    pub fn seek(&mut self, sealed_len: u64, start: u64, end: u64) -> Result<Cover> {
        let layout =
            Layout::of_envelope(self.header_len, sealed_len, self.frame_length).ok_or_else(Error::truncated)?;
        let first = layout.frame_of(start);
        let last = layout.frame_of(end.saturating_sub(1)).max(first);
        // Sequence numbers are one more than indices; no layout has as many frames as would overflow.
        let end = last.saturating_add(1);
        let (from, past) = (layout.span(first).ok_or_else(Error::truncated)?, layout.span(end));
        self.next = first.checked_add(1);
        self.window = Some((layout, end));
        Ok(Cover {
            sealed: from.sealed_start..past.map_or(sealed_len, |span| span.sealed_start),
            plaintext_start: from.plaintext_start,
            plaintext_len: layout.plaintext_len(),
        })
    }

    /// Plans the next frame from its first bytes.
    ///
    /// # Errors
    /// [`Code::EnvelopeInvalid`]: out of order, too long, or after the end;
    /// [`Code::Truncated`]: fewer than [`Body::HEAD_LEN`] bytes, or since [`Body::seek`] a final frame
    /// that is not where the envelope's length puts it.
    pub fn read(&mut self, head: &[u8]) -> Result<Frame> {
        let sequence = self.next.ok_or_else(Error::trailing_bytes)?;
        let frame = match Frame::read(self.message_id, sequence, self.frame_length, head) {
            Ok(frame) => frame,
            Err(Stop::Need(_)) => return Err(Error::truncated()),
            Err(Stop::Bad(error)) => {
                return Err(self
                    .placed(sequence)
                    .filter(|span| span.kind == FrameKind::Final)
                    .map_or(error, |_| misplaced()));
            }
        };
        if self.placed(sequence).is_some_and(|span| (span.len as usize, span.kind) != (frame.len(), frame.kind())) {
            return Err(misplaced());
        }
        let end = self.window.map_or(u32::MAX, |(_, end)| end);
        self.next = sequence.checked_add(1).filter(|next| !frame.is_final() && *next <= end);
        Ok(frame)
    }

    /// Plans a frame that was read before, from its first bytes.
    ///
    /// # Errors
    /// As [`Body::read`].
    pub fn read_again(&self, sequence_number: u32, head: &[u8]) -> Result<Frame> {
        Frame::read(self.message_id, sequence_number, self.frame_length, head).map_err(|stop| match stop {
            Stop::Need(_) => Error::truncated(),
            Stop::Bad(error) => error,
        })
    }

    fn placed(&self, sequence: u32) -> Option<Span> {
        self.window.and_then(|(layout, _)| layout.span(sequence.checked_sub(1)?))
    }
}

fn misplaced() -> Error {
    Error::new(
        Code::Truncated,
        &[
            "the final frame is not where the file's length puts it: the file was cut off or appended to; fetch it again",
        ],
    )
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// A place that no test reaches by opening 2^32 frames.
    #[test]
    fn the_last_sequence_number_is_the_final_frames() {
        let at_end = || Body {
            message_id: [0; MESSAGE_ID_LEN],
            frame_length: 1,
            header_len: 0,
            next: Some(u32::MAX),
            window: None,
        };
        let last = Frame::new([0; MESSAGE_ID_LEN], u32::MAX, 0, FrameKind::Final);
        assert_eq!(at_end().read(&last.head()), Ok(last));
        // As a regular frame's, this number is the final frame's marker.
        let regular =
            [Frame::new([0; MESSAGE_ID_LEN], u32::MAX, 1, FrameKind::Regular).head(), [0; 8].to_vec()].concat();
        assert!(at_end().read(&regular).is_err());
    }

    #[test]
    fn a_frame_is_planned_again_and_nothing_moves_on() {
        let mut body =
            Body { message_id: [7; MESSAGE_ID_LEN], frame_length: 10, header_len: 0, next: Some(1), window: None };
        let head = [Frame::new([7; MESSAGE_ID_LEN], 1, 10, FrameKind::Regular).head(), [0; 8].to_vec()].concat();
        let read = body.read(&head);
        assert_eq!(body.read_again(1, &head), read);
        assert_eq!(body.next, Some(2));
        assert_eq!(body.read_again(2, &head).map_err(|error| error.code()), Err(Code::EnvelopeInvalid));
        assert_eq!(body.read_again(1, &head[..10]).map_err(|error| error.code()), Err(Code::Truncated));
    }

    #[test]
    fn seeking_goes_by_the_length_and_final_frames_stand_only_where_it_puts_them() {
        // Three frames of 10 bytes and a final one of 5, behind a header of 50.
        const LEN: u64 = 50 + 3 * (10 + 32) + 5 + 40;
        let mut body =
            Body { message_id: [0; MESSAGE_ID_LEN], frame_length: 10, header_len: 50, next: Some(1), window: None };
        for (start, end, sealed, plaintext_start) in [
            (0, 0, 50..92, 0),
            (0, 10, 50..92, 0),
            (9, 11, 50..134, 0),
            (10, 30, 92..176, 10),
            (34, 35, 176..LEN, 30),
            (99, 99, 176..LEN, 30),
            (u64::MAX, u64::MAX, 176..LEN, 30),
            (0, u64::MAX, 50..LEN, 0),
        ] {
            let cover = Cover { sealed, plaintext_start, plaintext_len: 35 };
            assert_eq!(body.seek(LEN, start, end), Ok(cover), "{start}..{end}");
        }
        assert_eq!(body.seek(LEN - 6, 0, 1).map_err(|error| error.code()), Err(Code::Truncated));

        let head = |sequence, len, kind| {
            [Frame::new([0; MESSAGE_ID_LEN], sequence, len, kind).head(), [0; 8].to_vec()].concat()
        };
        let mut code = |from, head: Vec<u8>| {
            body.seek(LEN, from, from + 1).expect("a cover");
            body.read(&head).map(|frame| frame.is_final()).map_err(|error| error.code())
        };
        assert_eq!(code(10, head(2, 10, FrameKind::Regular)), Ok(false));
        assert_eq!(code(10, head(2, 2, FrameKind::Final)), Err(Code::Truncated));
        assert_eq!(code(10, head(3, 10, FrameKind::Regular)), Err(Code::EnvelopeInvalid));
        assert_eq!(code(30, head(4, 5, FrameKind::Final)), Ok(true));
        assert_eq!(code(30, head(4, 4, FrameKind::Final)), Err(Code::Truncated));
        assert_eq!(code(30, head(4, 10, FrameKind::Regular)), Err(Code::Truncated));
        assert_eq!(code(30, head(5, 5, FrameKind::Final)), Err(Code::Truncated));
    }

    #[test]
    fn after_seeking_a_body_is_done_behind_the_last_frame_that_was_sought() {
        const LEN: u64 = 50 + 3 * (10 + 32) + 5 + 40;
        let head = |sequence| {
            [Frame::new([0; MESSAGE_ID_LEN], sequence, 10, FrameKind::Regular).head(), [0; 8].to_vec()].concat()
        };
        let mut body =
            Body { message_id: [0; MESSAGE_ID_LEN], frame_length: 10, header_len: 50, next: Some(1), window: None };
        for (start, end, first, last) in [(0, 10, 1, 1), (10, 30, 2, 3), (0, 30, 1, 3)] {
            body.seek(LEN, start, end).expect("a cover");
            for sequence in first..=last {
                assert!(!body.is_done(), "before frame {sequence} of {start}..{end}");
                body.read(&head(sequence)).expect("a frame");
            }
            assert!(body.is_done(), "{start}..{end}");
            assert_eq!(body.read(&head(last + 1)).map_err(|error| error.code()), Err(Code::EnvelopeInvalid));
        }
    }
}
