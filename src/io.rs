//! Whole envelopes from a reader to a writer, one frame at a time: the simple path for a server. The only module with I/O.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::io::{self, ErrorKind, Read, Write};

use rsa::rand_core::TryCryptoRng;

use crate::arn::KeyArn;
use crate::body::Body;
use crate::cipher::Cipher;
use crate::context::EncryptionContext;
use crate::error::{Code, Error};
use crate::frame::{FRAME_LENGTHS, Frame, FrameKind, default_frame_length};
use crate::header::{Header, HeaderRead, Limits};
use crate::kdf::MessageId;
use crate::open::{Locked, Unlocked};
use crate::recipient::Recipient;
use crate::request::{OpenerKey, Request};
use crate::seal::Message;
use crate::seed::DataKeySeed;
use crate::suite::TAG_LEN;
use crate::wrap::Materials;

/// Buffers grow by at most this much before the bytes have arrived.
const STEP_LEN: usize = 1024 * 1024;

/// How an envelope is sealed.
#[derive(Clone, Debug, Default)]
pub struct SealOptions {
    /// Stored in the envelope and authenticated; readable by everyone who has it.
    pub stored: EncryptionContext,
    /// Authenticated and not stored.
    pub required: EncryptionContext,
    /// Content bytes of each frame but the last, one of [`FRAME_LENGTHS`]; 256 KiB by default. AWS's Python SDK is slow with longer
    /// ones, and its Rust SDK aborts above 14,100 frames: above 3 GB choose a longer one.
    pub frame_length: Option<u32>,
}

/// The requirements on an envelope.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The keys that may open it, the nearest first.
    pub keys: Vec<OpenerKey>,
    /// The expected context: the only guard against one person's envelope in another's place. An empty one compares nothing.
    pub expected: EncryptionContext,
    /// The limits that are checked before anything is buffered.
    pub limits: Limits,
}

/// The properties of an opened envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedEnvelope {
    /// The whole context, stored and required, authenticated.
    pub context: EncryptionContext,
    /// Which of the keys opened it, counted from 0.
    pub key: usize,
    /// The number of plaintext bytes written.
    pub plaintext_len: u64,
}

/// Why an envelope was not sealed or opened.
#[derive(Debug)]
pub enum StreamError {
    /// The reader or the writer failed, or the random source did.
    Io(io::Error),
    /// The envelope, the key or the context is wrong.
    Core(Error),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Core(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Its own sentence is shown already.
            Self::Io(error) => error.source(),
            Self::Core(error) => error.source(),
        }
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for StreamError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

/// Seals all bytes of `reader` under a fresh data key, and returns their number. Holds two frames in memory. The keys are RSA keys; for others,
/// see [`seal_with`].
///
/// After an error the output lacks its final frame, so nothing opens it: remove it. But a reader whose other end died, such as a connection that was
/// cut, may end as if it were whole. Where its length is known, compare it with the number that is returned.
///
/// # Errors
/// [`StreamError::Io`], and those of [`Materials::wrap`] and [`Message::new`].
pub fn seal_to<R: TryCryptoRng, K: Clone + Into<Recipient>>(
    reader: &mut impl Read,
    writer: &mut impl Write,
    keys: &[K],
    options: &SealOptions,
    rng: &mut R,
) -> Result<u64, StreamError>
where
    R::Error: Send + Sync + 'static,
{
    let context = options.stored.with_required(&options.required)?;
    let seed = DataKeySeed::generate(rng, keys.len()).map_err(io::Error::other)?;
    seal_with(reader, writer, &Materials::wrap(keys, &context, seed)?, options, rng)
}

/// Seals as [`seal_to`] does, under a data key that was wrapped before, as [`Wrapping`](crate::Wrapping) does for keys of every kind. Its
/// context must be that of the options, stored and required.
///
/// # Errors
/// [`StreamError::Io`], and those of [`Message::new`]; [`Code::TooLong`]: a frame length outside of [`FRAME_LENGTHS`].
pub fn seal_with<R: TryCryptoRng>(
    reader: &mut impl Read,
    writer: &mut impl Write,
    materials: &Materials,
    options: &SealOptions,
    rng: &mut R,
) -> Result<u64, StreamError>
where
    R::Error: Send + Sync + 'static,
{
    let id = MessageId::generate(rng).map_err(io::Error::other)?;
    let frame_length = options.frame_length.unwrap_or_else(|| default_frame_length(None));
    // Longer frames would be sealed, and no opener with the default limits takes them.
    if !FRAME_LENGTHS.contains(&frame_length) {
        let what = format!("a frame length must be from {} to {}", FRAME_LENGTHS.start(), FRAME_LENGTHS.end());
        return Err(Error::new(Code::TooLong, &[&what]).into());
    }
    let message = Message::new(materials, id, &options.stored, &options.required, frame_length)?;
    writer.write_all(message.header())?;

    let cipher = Cipher::new(message.content_key());
    let full = frame_length as usize;
    let mut sequencer = message.sequencer();
    let mut plaintext_len = 0_u64;
    let (mut content, mut following) = (Vec::new(), Vec::new());
    read_up_to(reader, &mut content, full)?;
    loop {
        // Whether a full frame is the last one is known once nothing follows it.
        following.clear();
        if content.len() == full {
            read_up_to(reader, &mut following, full)?;
        }
        let kind = if following.is_empty() { FrameKind::Final } else { FrameKind::Regular };
        let frame = sequencer.next(content.len(), kind)?;
        plaintext_len = plaintext_len.saturating_add(content.len() as u64);
        writer.write_all(&frame.head())?;
        let tag = cipher.seal(frame, &mut content)?;
        writer.write_all(&content)?;
        writer.write_all(&tag)?;
        if kind == FrameKind::Final {
            writer.flush()?;
            return Ok(plaintext_len);
        }
        core::mem::swap(&mut content, &mut following);
    }
}

/// Opens the envelope of `reader` to its end. `ask` makes the call of a [`Request`] and gives the bytes of the answer; if it fails, or
/// these are not what was asked for, the next candidate is tried. KMS Decrypt needs the algorithm that the key was imported with.
///
/// Each frame is written once it is authenticated. Only success means that the envelope was complete: the output before an error
/// may be a part of it.
///
/// # Errors
/// [`StreamError::Io`], and [`StreamError::Core`] with the codes of [`Header::read`], [`Locked`], [`Body::read`] and
/// [`Cipher::open`]; [`Code::Kms`] with every sentence of `ask` if it failed for all candidates.
pub fn open_to<E: fmt::Display>(
    reader: &mut impl Read,
    writer: &mut impl Write,
    options: &OpenOptions,
    ask: impl FnMut(&Request) -> Result<Vec<u8>, E>,
) -> Result<OpenedEnvelope, StreamError> {
    let header = read_header(reader, &options.limits)?;
    let (unlocked, key) = unlock(&Locked::new(header, &options.expected)?, options, ask)?;
    let Unlocked { mut body, content_key, context, .. } = unlocked;
    let cipher = Cipher::new(&content_key);
    let mut plaintext_len = 0_u64;
    let mut bytes = Vec::new();
    while !body.is_done() {
        bytes.clear();
        read_exactly(reader, &mut bytes, Body::HEAD_LEN)?;
        let frame = body.read(&bytes)?;
        let len = usize::try_from(frame.sealed_len()).map_err(|_| Error::truncated())?;
        read_exactly(reader, &mut bytes, len)?;
        let content = open_frame(&cipher, &frame, &mut bytes)?;
        writer.write_all(content)?;
        plaintext_len = plaintext_len.saturating_add(content.len() as u64);
    }
    bytes.clear();
    read_up_to(reader, &mut bytes, 1)?;
    if !bytes.is_empty() {
        return Err(Error::trailing_bytes().into());
    }
    writer.flush()?;
    Ok(OpenedEnvelope { context, key, plaintext_len })
}

/// Reads exactly the header, which is not authenticated yet.
///
/// # Errors
/// [`StreamError::Io`], and those of [`Header::read`] and [`Header::truncated`].
pub fn read_header(reader: &mut impl Read, limits: &Limits) -> Result<Header, StreamError> {
    let mut bytes = Vec::new();
    loop {
        match Header::read(&bytes, limits)? {
            HeaderRead::Done(header) => return Ok(header),
            HeaderRead::Need(len) => {
                read_up_to(reader, &mut bytes, len)?;
                if bytes.len() < len {
                    return Err(Header::truncated(&bytes, limits).into());
                }
            }
        }
    }
}

fn unlock<E: fmt::Display>(
    locked: &Locked,
    options: &OpenOptions,
    mut ask: impl FnMut(&Request) -> Result<Vec<u8>, E>,
) -> Result<(Unlocked, usize), StreamError> {
    let mut causes = String::new();
    let mut misfit = None;
    for candidate in locked.candidates(&options.keys)? {
        let request = &candidate.request;
        let key_id = request.key_id.as_ref().map(KeyArn::as_str);
        let answer = ask(request).map_err(|cause| cause.to_string()).and_then(|bytes| {
            let answer = request.accept(key_id, request.algorithm(), &zeroize::Zeroizing::new(bytes));
            answer.map_err(|error| error.message().to_owned())
        });
        match answer {
            Ok(answer) => match locked.unlock(&candidate, &answer) {
                Ok(unlocked) => return Ok((unlocked, request.key)),
                Err(error) if candidate.is_final() => return Err(error.into()),
                Err(error) => misfit = misfit.or(Some(error)),
            },
            Err(cause) => causes.push_str(&format!("; {}: {cause}", key_id.unwrap_or("a raw key"))),
        }
    }
    let refused = || Error::new(Code::Kms, &["KMS could not decrypt the data key with any of the keys", &causes]);
    Err(misfit.unwrap_or_else(refused).into())
}

/// The content of a frame, from all of its bytes.
fn open_frame<'a>(cipher: &Cipher, frame: &Frame, bytes: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let (content, tag) = bytes
        .get_mut(frame.head_len()..)
        .and_then(|sealed| sealed.split_last_chunk_mut::<TAG_LEN>())
        .ok_or_else(Error::truncated)?;
    cipher.open(frame, content, tag)?;
    Ok(content)
}

fn read_exactly(reader: &mut impl Read, bytes: &mut Vec<u8>, len: usize) -> Result<(), StreamError> {
    read_up_to(reader, bytes, len)?;
    if bytes.len() < len { Err(Error::truncated().into()) } else { Ok(()) }
}

/// Reads until there are `len` bytes, or the reader ends. Memory grows with what arrives, not with what is claimed.
fn read_up_to(reader: &mut impl Read, bytes: &mut Vec<u8>, len: usize) -> io::Result<()> {
    while bytes.len() < len {
        let at = bytes.len();
        let until = len.min(at.saturating_add(STEP_LEN));
        bytes.try_reserve(until.saturating_sub(at)).map_err(|_| ErrorKind::OutOfMemory)?;
        bytes.resize(until, 0);
        let read = reader.read(bytes.get_mut(at..).unwrap_or_default());
        bytes.truncate(at.saturating_add(*read.as_ref().unwrap_or(&0)));
        match read {
            Ok(0) => break,
            // Zeros would pass for what it has not given.
            Ok(len) if len > until.saturating_sub(at) => {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "the reader claims more bytes than it was asked for",
                ));
            }
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
