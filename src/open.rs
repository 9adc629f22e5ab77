//! Opening: header, key, commitment, header tag, then frames in order. Each step yields the value
//! that the next one must own, so that nothing unauthenticated can be released.
//!
//! Source: client-apis/decrypt.md.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use subtle::ConstantTimeEq;

use crate::arn::KeyArn;
use crate::context::EncryptionContext;
use crate::error::{Code, Error, Result, decimal};
use crate::frame::{FINAL_HEAD_LEN, Frame};
use crate::header::Header;
use crate::kdf::{ContentKey, DataKey, MessageId, derive};
use crate::layout::{Layout, Span};
use crate::soft::Cipher;
use crate::suite::{CIPHERTEXT_LENS, DIGEST_LEN, MESSAGE_ID_LEN, WRAPPED_LEN};
use crate::wire::Stop;

/// A header whose context agrees with what the caller expects, as far as it is stored.
pub struct Expected {
    header: Header,
    required: EncryptionContext,
    whole: EncryptionContext,
    digest: [u8; DIGEST_LEN],
}

/// One KMS Decrypt call to try: which of the opener's keys, and what to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The opener's own ARN, which for a multi-Region key may name another region.
    pub key_id: KeyArn,
    /// The encrypted data key.
    pub ciphertext: Vec<u8>,
}

impl Expected {
    /// Compares the stored context with the expected one; pairs that are not stored are taken as
    /// required ones, which the key and the header tag must confirm.
    ///
    /// # Errors
    /// [`Code::Context`]: a stored pair has another value.
    pub fn new(header: Header, expected: &EncryptionContext) -> Result<Self> {
        let required = expected.required_beside(&header.context)?;
        let whole = header.context.with_required(&required)?;
        Ok(Self { digest: whole.digest()?, header, required, whole })
    }

    /// The KMS calls that may open this: in the order of `key_ids`, and for each of them in the
    /// envelope's. What stands in the header several times is asked about once, and what no RSA key
    /// can have made not at all.
    ///
    /// # Errors
    /// [`Code::NoMatchingKey`]: there is none. [`Code::EnvelopeInvalid`]: none that a key can have made.
    pub fn candidates(&self, key_ids: &[KeyArn]) -> Result<Vec<Candidate>> {
        let mut named = Vec::new();
        for edk in &self.header.edks {
            named.extend(edk.key_arn().filter(|arn| key_ids.iter().any(|id| id.matches(arn))).map(|arn| (arn, edk)));
        }
        let Some((_, first)) = named.first() else {
            return Err(Error::new(
                Code::NoMatchingKey,
                &["none of the envelope's keys is among keyIds; inspect() tells which keys it was sealed for"],
            ));
        };
        let len = decimal(first.ciphertext.len() as u64);
        named.retain(|(_, edk)| CIPHERTEXT_LENS.contains(&edk.ciphertext.len()));
        if named.is_empty() {
            let about = ["the encrypted data key for a key of keyIds has ", &len, " bytes, and KMS RSA keys make "];
            let rest = "256, 384 or 512: the envelope is damaged; fetch it again";
            return Err(Error::new(Code::EnvelopeInvalid, &[&about.concat(), rest]));
        }
        let mut candidates = Vec::new();
        let mut asked = BTreeSet::new();
        for id in key_ids {
            for (_, edk) in named.iter().filter(|(arn, _)| id.matches(arn)) {
                if asked.insert((id.as_str(), &edk.ciphertext)) {
                    candidates.push(Candidate { key_id: id.clone(), ciphertext: edk.ciphertext.clone() });
                }
            }
        }
        Ok(candidates)
    }

    /// Takes what KMS answered for a candidate: digest and data key.
    ///
    /// # Errors
    /// [`Code::Kms`]: not 80 bytes. [`Code::Context`]: sealed under another context.
    /// [`Code::Authentication`]: another data key than the header commits to, or an altered header.
    pub fn authenticate(self, plaintext: &[u8]) -> Result<Opened> {
        let (digest, key) = checked_answer(plaintext)?.split_at(DIGEST_LEN);
        if !bool::from(digest.ct_eq(&self.digest)) {
            return Err(Error::new(
                Code::Context,
                &["the envelope was sealed under another encryption context than the one stored and expected"],
            ));
        }
        let mut data_key = DataKey::zeroed();
        data_key.0.copy_from_slice(key);
        let id = MessageId(self.header.message_id);
        let (content_key, commit_key) = derive(&data_key, &id)?;
        if !commit_key.agrees(&self.header.commit_key) {
            return Err(Error::new(
                Code::Authentication,
                &["the header does not commit to this data key: the envelope was altered"],
            ));
        }
        let aad = [self.header.body.as_slice(), &self.required.serialize()?].concat();
        let tag = Cipher::new(&content_key).header_tag(&aad)?;
        if !bool::from(tag.ct_eq(&self.header.tag)) {
            return Err(Error::new(
                Code::Authentication,
                &["the header does not authenticate: the envelope was altered"],
            ));
        }
        Ok(Opened {
            frames: Frames {
                message_id: self.header.message_id,
                frame_length: self.header.frame_length,
                header_len: self.header.len(),
                next: Some(1),
                window: None,
            },
            content_key,
            context: self.whole,
            required: self.required,
        })
    }
}

/// What KMS answered for a candidate, if it can be digest and data key: worth keeping for another
/// envelope with the same encrypted data key.
///
/// # Errors
/// [`Code::Kms`]: not 80 bytes.
pub fn checked_answer(plaintext: &[u8]) -> Result<&[u8; WRAPPED_LEN]> {
    plaintext.try_into().map_err(|_| {
        Error::new(Code::Kms, &["KMS answered a plaintext that is no data key of this format (it must be 80 bytes)"])
    })
}

/// An authenticated header: the only way to a content key for opening.
pub struct Opened {
    /// The frames, to be read in order.
    pub frames: Frames,
    /// The key for the engine.
    pub content_key: ContentKey,
    /// The whole context, stored and required, authenticated.
    pub context: EncryptionContext,
    /// The pairs of it that the header does not store.
    pub required: EncryptionContext,
}

/// Reads frame heads in order.
pub struct Frames {
    message_id: [u8; MESSAGE_ID_LEN],
    frame_length: u32,
    header_len: usize,
    next: Option<u32>,
    // Since `seek`: where frames lie by the source's length, and the sequence number to end with.
    window: Option<(Layout, u32)>,
}

/// Frames that cover a part of the plaintext; see [`Frames::seek`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Where they lie in the envelope, in bytes.
    pub sealed: Range<u64>,
    /// Where the first one's content lies in the plaintext, in bytes.
    pub plaintext_start: u64,
    /// Length of the whole plaintext in bytes, true only once the final frame has been opened.
    pub plaintext_len: u64,
}

impl Frames {
    /// How many bytes from the start of a frame [`Frames::read`] needs; every frame has as many.
    pub const HEAD: usize = FINAL_HEAD_LEN;

    /// Whether the final frame has been read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// Turns to the frames that cover the plaintext bytes `start..end` of an envelope of `sealed_len`
    /// bytes: at least one, and the final one for what lies beyond the end. Nothing but that length
    /// vouches for the places, so the final frame must be opened before any other is believed.
    ///
    /// # Errors
    /// [`Code::Truncated`]: no message has this length.
    pub fn seek(&mut self, sealed_len: u64, start: u64, end: u64) -> Result<Cover> {
        let layout = Layout::of_envelope(self.header_len, sealed_len, self.frame_length).ok_or_else(truncated)?;
        let first = layout.frame_of(start);
        let last = layout.frame_of(end.saturating_sub(1)).max(first);
        // Sequence numbers are one more than indices; no layout has as many frames as would overflow.
        let end = last.saturating_add(1);
        let (from, past) = (layout.span(first).ok_or_else(truncated)?, layout.span(end));
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
    /// [`Code::Truncated`]: fewer than [`Frames::HEAD`] bytes, or since [`Frames::seek`] a final frame
    /// that is not where the envelope's length puts it.
    pub fn read(&mut self, head: &[u8]) -> Result<Frame> {
        let sequence = self.next.ok_or_else(trailing)?;
        let frame = match Frame::read(self.message_id, sequence, self.frame_length, head) {
            Ok(frame) => frame,
            Err(Stop::Need(_)) => return Err(truncated()),
            Err(Stop::Bad(error)) => {
                return Err(self.placed(sequence).filter(|span| span.last).map_or(error, |_| misplaced()));
            }
        };
        if self.placed(sequence).is_some_and(|span| (span.len as usize, span.last) != (frame.len(), frame.is_last())) {
            return Err(misplaced());
        }
        let end = self.window.map_or(u32::MAX, |(_, end)| end);
        self.next = sequence.checked_add(1).filter(|next| !frame.is_last() && *next <= end);
        Ok(frame)
    }

    /// Plans a frame that was read before, from its first bytes.
    ///
    /// # Errors
    /// As [`Frames::read`].
    pub fn read_again(&self, sequence: u32, head: &[u8]) -> Result<Frame> {
        Frame::read(self.message_id, sequence, self.frame_length, head).map_err(|stop| match stop {
            Stop::Need(_) => truncated(),
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

/// The envelope ended before its final frame.
#[must_use]
pub fn truncated() -> Error {
    Error::new(Code::Truncated, &["the envelope ends too early: the file was cut off on its way; fetch it again"])
}

/// Bytes stand after the final frame.
#[must_use]
pub fn trailing() -> Error {
    Error::new(Code::EnvelopeInvalid, &["bytes stand after the final frame; the file was appended to"])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place that no test reaches by opening 2^32 frames.
    #[test]
    fn the_last_sequence_number_is_the_final_frames() {
        let at_end = || Frames {
            message_id: [0; MESSAGE_ID_LEN],
            frame_length: 1,
            header_len: 0,
            next: Some(u32::MAX),
            window: None,
        };
        let last = Frame::new([0; MESSAGE_ID_LEN], u32::MAX, 0, true);
        assert_eq!(at_end().read(&last.head()), Ok(last));
        // As a regular frame's, this number is the final frame's marker.
        let regular = [Frame::new([0; MESSAGE_ID_LEN], u32::MAX, 1, false).head(), [0; 8].to_vec()].concat();
        assert!(at_end().read(&regular).is_err());
    }

    #[test]
    fn a_frame_is_planned_again_and_nothing_moves_on() {
        let mut frames =
            Frames { message_id: [7; MESSAGE_ID_LEN], frame_length: 10, header_len: 0, next: Some(1), window: None };
        let head = [Frame::new([7; MESSAGE_ID_LEN], 1, 10, false).head(), [0; 8].to_vec()].concat();
        let read = frames.read(&head);
        assert_eq!(frames.read_again(1, &head), read);
        assert_eq!(frames.next, Some(2));
        assert_eq!(frames.read_again(2, &head).map_err(|error| error.code()), Err(Code::EnvelopeInvalid));
        assert_eq!(frames.read_again(1, &head[..10]).map_err(|error| error.code()), Err(Code::Truncated));
    }

    #[test]
    fn seeking_goes_by_the_length_and_final_frames_stand_only_where_it_puts_them() {
        // Three frames of 10 bytes and a final one of 5, behind a header of 50.
        const LEN: u64 = 50 + 3 * (10 + 32) + 5 + 40;
        let mut frames =
            Frames { message_id: [0; MESSAGE_ID_LEN], frame_length: 10, header_len: 50, next: Some(1), window: None };
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
            assert_eq!(frames.seek(LEN, start, end), Ok(cover), "{start}..{end}");
        }
        assert_eq!(frames.seek(LEN - 6, 0, 1).map_err(|error| error.code()), Err(Code::Truncated));

        let head = |sequence, len, last| {
            [Frame::new([0; MESSAGE_ID_LEN], sequence, len, last).head(), [0; 8].to_vec()].concat()
        };
        let mut code = |from, head: Vec<u8>| {
            frames.seek(LEN, from, from + 1).expect("a cover");
            frames.read(&head).map(|frame| frame.is_last()).map_err(|error| error.code())
        };
        assert_eq!(code(10, head(2, 10, false)), Ok(false));
        assert_eq!(code(10, head(2, 2, true)), Err(Code::Truncated));
        assert_eq!(code(10, head(3, 10, false)), Err(Code::EnvelopeInvalid));
        assert_eq!(code(30, head(4, 5, true)), Ok(true));
        assert_eq!(code(30, head(4, 4, true)), Err(Code::Truncated));
        assert_eq!(code(30, head(4, 10, false)), Err(Code::Truncated));
        assert_eq!(code(30, head(5, 5, true)), Err(Code::Truncated));
    }
}
