//! The message header: written for sealing, read from hostile bytes for opening.
//!
//! Source: data-format/message-header.md, version 2.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::arn::KeyArn;
use crate::context::EncryptionContext;
use crate::damage::{self, LOOK};
use crate::error::{Code, Error, Result, decimal};
use crate::kdf::{CommitKey, MessageId};
use crate::open::truncated;
use crate::suite::{CONTENT_FRAMED, KEY_LEN, MESSAGE_ID_LEN, PROVIDER_ID, SUITE_ID, TAG_LEN, VERSION};
use crate::suite::{check_suite, check_version};
use crate::wire::{Reader, Stop, put_field};

/// In bytes; AWS's own have 18 at most, and those of raw keyrings are names that people choose.
const LONGEST_PROVIDER_ID: u16 = 128;

/// What an opener accepts before it buffers anything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most encrypted data keys in a header.
    pub max_encrypted_data_keys: u16,
    /// Shortest frame in bytes: each frame costs its time, however short it is.
    pub min_frame_length: u32,
    /// Longest frame in bytes.
    pub max_frame_length: u32,
}

/// One encrypted data key (message-header.md, "Encrypted Data Key Entries").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// The keyring's name, `aws-kms-rsa` for the ones we open.
    pub provider_id: Vec<u8>,
    /// The key's ARN for that keyring.
    pub provider_info: Vec<u8>,
    /// What KMS Decrypt takes.
    pub ciphertext: Vec<u8>,
}

impl EncryptedDataKey {
    fn new([provider_id, provider_info, ciphertext]: [&[u8]; 3]) -> Self {
        Self {
            provider_id: provider_id.to_vec(),
            provider_info: provider_info.to_vec(),
            ciphertext: ciphertext.to_vec(),
        }
    }

    /// The key that it is for, if that is a KMS RSA key, named by its ARN.
    #[must_use]
    pub fn key_arn(&self) -> Option<KeyArn> {
        let info = core::str::from_utf8(&self.provider_info).ok()?;
        KeyArn::parse(info).ok().filter(|_| self.provider_id == PROVIDER_ID.as_bytes())
    }
}

/// A header as read, not yet authenticated.
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

/// How far reading came.
#[derive(Debug)]
pub enum Progress {
    /// The envelope must be at least this many bytes long, from its start.
    Need(usize),
    /// The header, of [`Header::len`] bytes.
    Done(Header),
}

/// The header body (message-header.md, "Header Body").
pub(crate) fn write(
    id: &MessageId,
    stored: &EncryptionContext,
    edks: &[(String, Vec<u8>)],
    frame_length: u32,
    commit_key: &CommitKey,
) -> Result<Vec<u8>> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&SUITE_ID.to_be_bytes());
    out.extend_from_slice(&id.0);
    put_field(&mut out, &stored.serialize()?, "the encryption context", Code::Context)?;
    let count = u16::try_from(edks.len())
        .map_err(|_| Error::new(Code::TooLong, &["at most 65,535 keys fit in one envelope"]))?;
    out.extend_from_slice(&count.to_be_bytes());
    for (arn, ciphertext) in edks {
        put_field(&mut out, PROVIDER_ID.as_bytes(), "a provider id", Code::KeyId)?;
        put_field(&mut out, arn.as_bytes(), "a key ARN", Code::KeyId)?;
        put_field(&mut out, ciphertext, "an encrypted data key", Code::TooLong)?;
    }
    out.push(CONTENT_FRAMED);
    out.extend_from_slice(&frame_length.to_be_bytes());
    out.extend_from_slice(commit_key.as_bytes());
    Ok(out)
}

impl Header {
    /// Reads the header at the start of `bytes`. Limits are checked as soon as the field that
    /// exceeds them has arrived; what is wrong is told once 2,048 bytes are there, which may tell how
    /// it became so.
    ///
    /// # Errors
    /// [`Code::EnvelopeInvalid`] for what breaks the format, [`Code::EnvelopeUnsupported`] for
    /// other versions, suites and content types, and for what is over a limit.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Progress> {
        match Self::parse(bytes, limits, false) {
            Ok(header) => Ok(Progress::Done(header)),
            Err(Stop::Need(len)) => Ok(Progress::Need(len)),
            Err(Stop::Bad(_)) if bytes.len() < LOOK => Ok(Progress::Need(LOOK)),
            Err(Stop::Bad(error)) => Err(damage::explained(bytes, error)),
        }
    }

    /// The error of an envelope that ends after these bytes, though [`Header::read`] needs more.
    #[must_use]
    pub fn cut(bytes: &[u8], limits: &Limits) -> Error {
        let error = match Self::parse(bytes, limits, true) {
            Err(Stop::Bad(error)) => error,
            _ => truncated(),
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
            0x01 => return Err(unsupported(&["has unframed content; seal with a frame length"])),
            _ => return Err(invalid("has an unknown content type")),
        }
        let frame_length = reader.u32()?;
        if frame_length == 0 {
            return Err(invalid("has a frame length of 0"));
        }
        let outside = |which, limit: u32, remedy| {
            let (found, limit) = (decimal(frame_length.into()), decimal(limit.into()));
            unsupported(&["has frames of ", &found, " bytes, ", which, " the limit of ", &limit, remedy])
        };
        if frame_length > limits.max_frame_length {
            return Err(outside("over", limits.max_frame_length, "; raise maxFrameLength if you trust its source"));
        }
        if frame_length < limits.min_frame_length {
            return Err(outside("under", limits.min_frame_length, "; lower minFrameLength if you trust its source"));
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
    #[allow(clippy::len_without_is_empty, reason = "a header is no collection")]
    pub fn len(&self) -> usize {
        self.body.len().saturating_add(TAG_LEN)
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

    /// The length of every frame's content but the last one's, in bytes.
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
        let remedy = match begins_with_provider(reader) {
            Err(need) if !ended => return Err(need),
            Ok(false) => ", and none stands where they belong: it is damaged; fetch it again",
            _ => "; raise maxEncryptedDataKeys if you trust its source",
        };
        return Err(unsupported(&[
            "has ",
            &decimal(count.into()),
            " encrypted data keys, over the limit of ",
            &decimal(limits.max_encrypted_data_keys.into()),
            remedy,
        ]));
    }
    // Grows with the bytes that are there, never with the count that is claimed.
    let mut edks = Vec::new();
    for _ in 0..count {
        edks.push([reader.field()?, reader.field()?, reader.field()?]);
    }
    Ok(edks)
}

/// Whether what follows can be an encrypted data key, by its provider's name. Else the count before
/// it is not one, and no limit is to be raised for it.
fn begins_with_provider(reader: &mut Reader<'_>) -> core::result::Result<bool, Stop> {
    let len = reader.u16()?;
    if len > LONGEST_PROVIDER_ID {
        return Ok(false);
    }
    Ok(reader.take(len.into())?.iter().all(u8::is_ascii_graphic))
}

fn invalid(what: &str) -> Stop {
    Error::new(Code::EnvelopeInvalid, &["the envelope ", what]).into()
}

fn unsupported(what: &[&str]) -> Stop {
    Error::new(Code::EnvelopeUnsupported, &["the envelope ", &what.concat()]).into()
}
