//! The message header: written for sealing, read from hostile bytes for opening.
//!
//! Source: data-format/message-header.md, version 2.

use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::damage::{self, LOOK_LEN};
use crate::edk::EncryptedDataKey;
use crate::error::{Code, Error, Reason, Result, decimal};
use crate::fingerprint::sha256;
use crate::frame::Frame;
use crate::kdf::{CommitKey, MessageId};
use crate::layout::Layout;
use crate::suite::{CONTENT_FRAMED, KEY_LEN, MESSAGE_ID_LEN, SUITE_ID, TAG_LEN, VERSION};
use crate::suite::{check_suite, check_version};
use crate::wire::{Reader, Stop, put_field};

/// AWS's own have at most 18, and those of raw keyrings are chosen by people.
const MAX_PROVIDER_ID_LEN: u16 = 128;

/// The limits that an opener checks before it buffers anything.
///
/// ```
/// use kmseal::Limits;
///
/// let limits = Limits { max_frame_length: 1024 * 1024, ..Limits::default() };
/// assert_eq!(limits.max_encrypted_data_keys, 8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum number of encrypted data keys in a header.
    pub max_encrypted_data_keys: u16,
    /// The shortest frame in bytes: each frame costs time, however short it is.
    pub min_frame_length: u32,
    /// The longest frame in bytes.
    pub max_frame_length: u32,
}

impl Default for Limits {
    /// 8 encrypted data keys, frames of 1 byte to 16 MiB.
    fn default() -> Self {
        Self { max_encrypted_data_keys: 8, min_frame_length: 1, max_frame_length: 16 * 1024 * 1024 }
    }
}

/// A header as read, not yet authenticated.
///
/// ```
/// use kmseal::{Code, Header, HeaderRead, Limits};
///
/// // What is read of a stream so far: the header says how many bytes it needs at least.
/// let bytes = [2, 4, 0x78];
/// assert!(matches!(Header::read(&bytes, &Limits::default()), Ok(HeaderRead::Need(len)) if len > 3));
/// // And if nothing follows:
/// assert_eq!(Header::truncated(&bytes, &Limits::default()).code(), Code::Truncated);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(crate) body: Vec<u8>,
    pub(crate) tag: [u8; TAG_LEN],
    pub(crate) message_id: [u8; MESSAGE_ID_LEN],
    pub(crate) context: EncryptionContext,
    pub(crate) edks: Vec<EncryptedDataKey>,
    pub(crate) frame_length: u32,
    pub(crate) commit_key: [u8; KEY_LEN],
}

/// The result of reading a header so far.
#[derive(Debug)]
pub enum HeaderRead {
    /// The envelope must be at least this many bytes long, from its start.
    Need(usize),
    /// The header, of [`Header::len`] bytes.
    Done(Header),
}

/// Version and suite, before the message id.
pub(crate) const START: [u8; 3] = {
    let [high, low] = SUITE_ID.to_be_bytes();
    [VERSION, high, low]
};

/// Length of a header with its tag, in bytes.
#[allow(clippy::arithmetic_side_effects, reason = "lengths of what is in memory")]
pub(crate) fn len(context: usize, edks: usize) -> usize {
    1 + 2 + MESSAGE_ID_LEN + 2 + context + 2 + edks + 1 + 4 + KEY_LEN + TAG_LEN
}

/// The header body (message-header.md, "Header Body").
pub(crate) fn write(
    id: &MessageId,
    stored: &EncryptionContext,
    edks: &[EncryptedDataKey],
    frame_length: u32,
    commit_key: &CommitKey,
) -> Result<Vec<u8>> {
    let mut out = START.to_vec();
    out.extend_from_slice(&id.0);
    put_field(&mut out, &stored.serialize()?, "the encryption context", Code::Context)?;
    let count = u16::try_from(edks.len())
        .map_err(|_| Error::new(Code::TooLong, &["at most 65,535 keys fit in one envelope"]))?;
    out.extend_from_slice(&count.to_be_bytes());
    for edk in edks {
        edk.put(&mut out)?;
    }
    out.push(CONTENT_FRAMED);
    out.extend_from_slice(&frame_length.to_be_bytes());
    out.extend_from_slice(commit_key.as_bytes());
    Ok(out)
}

impl Header {
    /// Reads the header at the start of `bytes`. Limits are checked as soon as the field that
    /// exceeds them has arrived; a fault is reported once 2,048 bytes are there, which may show how
    /// it arose.
    ///
    /// # Errors
    /// [`Code::EnvelopeInvalid`] for what breaks the format, [`Code::EnvelopeUnsupported`] for
    /// other versions, suites and content types, and for what is over a limit.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<HeaderRead> {
        match Self::parse(bytes, limits, false) {
            Ok(header) => Ok(HeaderRead::Done(header)),
            Err(Stop::Need(len)) => Ok(HeaderRead::Need(len)),
            Err(Stop::Bad(_)) if bytes.len() < LOOK_LEN => Ok(HeaderRead::Need(LOOK_LEN)),
            Err(Stop::Bad(error)) => Err(damage::explained(bytes, error)),
        }
    }

    /// The layout of an envelope of `sealed_len` bytes with this header; `None` if no message has that length.
    #[must_use]
    pub fn layout(&self, sealed_len: u64) -> Option<Layout> {
        Layout::of_envelope(self.len(), sealed_len, self.frame_length)
    }

    /// Checks that the final frame begins where the envelope's length says: `head` is the [`Body::HEAD_LEN`](crate::Body::HEAD_LEN) bytes from
    /// [`Layout::final_span`] on. An envelope that was cut off, or has lost or gained bytes on its way, has others there. Nothing vouches for
    /// them (docs/format.md, 2 to 4 and 12).
    ///
    /// # Errors
    /// [`Code::Truncated`]: other bytes are there.
    pub fn check_end(&self, layout: &Layout, head: &[u8]) -> Result<()> {
        let frame = layout.final_span().map(|span| Frame::new(self.message_id, layout.frames(), span.len, span.kind));
        if frame.is_some_and(|frame| frame.head() == head) {
            return Ok(());
        }
        Err(Error::new(
            Code::Truncated,
            &[
                "the envelope is not as long as its frames say: it was cut off, or lost or gained bytes, on its way; fetch it again",
            ],
        ))
    }

    /// The error of an envelope that ends after these bytes, though [`Header::read`] needs more.
    #[must_use]
    pub fn truncated(bytes: &[u8], limits: &Limits) -> Error {
        let error = match Self::parse(bytes, limits, true) {
            Err(Stop::Bad(error)) => error,
            Err(Stop::Need(len)) if !bytes.is_empty() => Error::new(
                Code::Truncated,
                &[
                    "the envelope ends too early: its header takes ",
                    &decimal(len as u64),
                    " bytes or more; fetch it again",
                ],
            ),
            // Nothing was read, so no length is known.
            _ => Error::truncated(),
        };
        damage::explained(bytes, error)
    }

    /// `ended`: nothing follows these bytes.
    fn parse(bytes: &[u8], limits: &Limits, ended: bool) -> core::result::Result<Self, Stop> {
        let mut reader = Reader::new(bytes);
        check_version(reader.u8()?)?;
        check_suite(reader.u16()?)?;
        let message_id = reader.array()?;
        let context = reader.field()?;
        let edks = read_edks(&mut reader, limits, ended)?;
        match reader.u8()? {
            CONTENT_FRAMED => {}
            0x01 => return Err(unsupported(&["has unframed content; seal with a frame length"]).into()),
            _ => return Err(invalid("has an unknown content type")),
        }
        let frame_length = reader.u32()?;
        if frame_length == 0 {
            return Err(invalid("has a frame length of 0"));
        }
        let outside = |which, limit: u32, reason| {
            let (found, limit) = (decimal(frame_length.into()), decimal(limit.into()));
            let what = ["has frames of ", &found, " bytes, ", which, " the limit of ", &limit];
            unsupported(&what).because(reason).into()
        };
        if frame_length > limits.max_frame_length {
            return Err(outside("over", limits.max_frame_length, Reason::FramesTooLong));
        }
        if frame_length < limits.min_frame_length {
            return Err(outside("under", limits.min_frame_length, Reason::FramesTooShort));
        }
        let commit_key = reader.array()?;
        let body_len = reader.position();
        let tag: [u8; TAG_LEN] = reader.array()?;
        // Once the header is whole, not for every step of a slow stream.
        let context = EncryptionContext::parse(context)?;
        let edks = edks.into_iter().map(EncryptedDataKey::new).collect();
        let body = bytes.get(..body_len).unwrap_or_default().to_vec();
        damage::check(&body)?;
        Ok(Self { body, tag, message_id, context, edks, frame_length, commit_key })
    }

    /// The header's length in bytes, with its tag.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a header is not a collection")]
    pub fn len(&self) -> usize {
        self.body.len().saturating_add(TAG_LEN)
    }

    /// SHA-256 over the header and its tag: which header an opener unlocked.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[self.body.as_slice(), &self.tag].concat())
    }

    /// The message id; nothing vouches for it yet, nor for the other fields.
    #[must_use]
    pub fn message_id(&self) -> &[u8; MESSAGE_ID_LEN] {
        &self.message_id
    }

    /// The stored encryption context.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// The encrypted data keys, in order.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.edks
    }

    /// The content length of every frame but the last, in bytes.
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.frame_length
    }
}

fn read_edks<'a>(
    reader: &mut Reader<'a>,
    limits: &Limits,
    ended: bool,
) -> core::result::Result<Vec<[&'a [u8]; 3]>, Stop> {
    let count = reader.u16()?;
    if count == 0 {
        return Err(invalid("has no encrypted data key"));
    }
    if count > limits.max_encrypted_data_keys {
        let (damage, reason) = match begins_with_provider(reader) {
            Err(need) if !ended => return Err(need),
            Ok(false) => (", and there is none where they belong: it is damaged; fetch it again", None),
            _ => ("", Some(Reason::TooManyDataKeys)),
        };
        let (count, limit) = (decimal(count.into()), decimal(limits.max_encrypted_data_keys.into()));
        let what = ["has ", &count, " encrypted data keys, over the limit of ", &limit, damage];
        return Err(unsupported(&what).because(reason).into());
    }
    // Grows with the bytes that have arrived, never with the claimed count.
    let mut edks = Vec::new();
    for _ in 0..count {
        edks.push([reader.field()?, reader.field()?, reader.field()?]);
    }
    Ok(edks)
}

/// Whether the next field can be an encrypted data key, by its provider's name. Otherwise the count before
/// it is wrong, and no limit should be raised for it.
fn begins_with_provider(reader: &mut Reader<'_>) -> core::result::Result<bool, Stop> {
    let len = reader.u16()?;
    if len > MAX_PROVIDER_ID_LEN {
        return Ok(false);
    }
    Ok(reader.take(len.into())?.iter().all(u8::is_ascii_graphic))
}

fn invalid(what: &str) -> Stop {
    Error::new(Code::EnvelopeInvalid, &["the envelope ", what]).into()
}

fn unsupported(what: &[&str]) -> Error {
    Error::new(Code::EnvelopeUnsupported, &["the envelope ", &what.concat()])
}
