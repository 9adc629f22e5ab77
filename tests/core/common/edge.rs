//! The core driven as an edge drives it: bytes come in pieces, frames go through an engine.

use kmseal::{
    Body, Cipher, Code, EncryptionContext, Error, Frame, FrameKind, Header, HeaderRead, Limits, Locked, Message,
    OpenerKey, Request, TAG_LEN, Unlocked,
};

use crate::common::{ARN, arn};

pub const LIMITS: Limits =
    Limits { max_encrypted_data_keys: 8, min_frame_length: 1, max_frame_length: 16 * 1024 * 1024 };

/// One frame as it stands in the envelope.
pub fn seal_frame(cipher: &Cipher, frame: Frame, content: &[u8]) -> (Vec<u8>, [u8; TAG_LEN]) {
    assert_eq!(content.len(), frame.len());
    let mut sealed = content.to_vec();
    let (head, sealed_len) = (frame.head(), frame.sealed_len());
    let tag = cipher.seal(frame, &mut sealed).expect("sealing a frame");
    let bytes = [head.as_slice(), &sealed, &tag].concat();
    assert_eq!(bytes.len() as u64, sealed_len);
    (bytes, tag)
}

/// Seals in order, as for a stream: a full frame waits until it is known not to be the last.
pub fn seal_in_order(message: Message, pieces: &[&[u8]]) -> Vec<u8> {
    let full = message.frame_length() as usize;
    let cipher = Cipher::new(message.content_key());
    let mut envelope = message.header().to_vec();
    let mut sequencer = message.sequencer();
    let mut waiting = Vec::new();
    let mut put = |content: &[u8], kind| {
        let frame = sequencer.next(content.len(), kind).expect("a next frame");
        envelope.extend(seal_frame(&cipher, frame, content).0);
    };
    for piece in pieces {
        waiting.extend_from_slice(piece);
        while waiting.len() > full {
            let content: Vec<u8> = waiting.drain(..full).collect();
            put(&content, FrameKind::Regular);
        }
    }
    put(&waiting, FrameKind::Final);
    envelope
}

/// Seals each frame of a source that can be read again, in the order of indices that `order` makes of their number.
pub fn seal_replayably<I: Iterator<Item = u32>>(message: Message, plaintext: &[u8], order: fn(u32) -> I) -> Vec<u8> {
    let cipher = Cipher::new(message.content_key());
    let header = message.header().to_vec();
    let mut replayable = message.replayable(plaintext.len() as u64).expect("a layout");
    let mut envelope = vec![0; usize::try_from(replayable.layout().sealed_len()).expect("a small envelope")];
    envelope[..header.len()].copy_from_slice(&header);
    for index in order(replayable.layout().frames()) {
        let span = replayable.layout().span(index).expect("a span");
        let frame = replayable.frame(index).expect("a frame");
        assert_eq!((frame.len(), frame.kind()), (span.len as usize, span.kind));
        let content = &plaintext[span.plaintext_start as usize..][..frame.len()];
        let (bytes, tag) = seal_frame(&cipher, frame, content);
        replayable.accept(index, &tag).expect("the same tag each time");
        envelope[span.sealed_start as usize..][..bytes.len()].copy_from_slice(&bytes);
    }
    envelope
}

/// Takes what KMS Decrypt answered for the key of [`ARN`].
pub fn unlock(locked: &Locked, plaintext: &[u8]) -> kmseal::Result<Unlocked> {
    let candidate = &locked.candidates(&[arn(ARN).into()])?[0];
    locked.unlock(candidate, &candidate.request.accept(Some(ARN), None, plaintext)?)
}

pub struct Opener<'a> {
    pub keys: Vec<OpenerKey>,
    pub expected: EncryptionContext,
    pub limits: Limits,
    /// KMS, or who holds a raw key: nothing where it refuses.
    pub ask: &'a dyn Fn(&Request) -> Option<Vec<u8>>,
}

/// What came out, up to the end or to an error.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Authenticated bytes, as a stream releases them before the end is seen.
    pub released: Vec<u8>,
    pub kms_calls: usize,
    /// The whole context, or what went wrong.
    pub end: Result<EncryptionContext, Code>,
}

impl Opener<'_> {
    pub fn open(&self, pieces: &[&[u8]]) -> Outcome {
        let mut outcome = Outcome { released: Vec::new(), kms_calls: 0, end: Err(Code::Kms) };
        outcome.end = self.run(&mut Input { pieces: pieces.iter(), buffer: Vec::new() }, &mut outcome);
        outcome
    }

    fn run(&self, input: &mut Input<'_>, outcome: &mut Outcome) -> Result<EncryptionContext, Code> {
        let code = |error: Error| error.code();
        let header = self.header(input).map_err(code)?;
        let locked = Locked::new(header, &self.expected).map_err(code)?;
        let mut unlocked = self.unlock(&locked, outcome)?;
        let cipher = Cipher::new(&unlocked.content_key);
        while !unlocked.body.is_done() {
            input.fill(Body::HEAD_LEN).map_err(code)?;
            let frame = unlocked.body.read(&input.buffer[..Body::HEAD_LEN]).map_err(code)?;
            let sealed_len = usize::try_from(frame.sealed_len()).expect("a small frame");
            input.fill(sealed_len).map_err(code)?;
            let mut bytes: Vec<u8> = input.buffer.drain(..sealed_len).collect();
            let tag = bytes.split_off(bytes.len() - TAG_LEN);
            let mut content = bytes.split_off(frame.head_len());
            let tag = tag.as_slice().try_into().expect("a tag's length");
            cipher.open(&frame, &mut content, tag).map_err(code)?;
            outcome.released.extend(content);
        }
        match input.fill(1) {
            Ok(()) => Err(Error::trailing_bytes().code()),
            Err(_) => Ok(unlocked.context),
        }
    }

    fn unlock(&self, locked: &Locked, outcome: &mut Outcome) -> Result<Unlocked, Code> {
        let code = |error: Error| error.code();
        let mut misfit = Code::Kms;
        for candidate in locked.candidates(&self.keys).map_err(code)? {
            outcome.kms_calls += 1;
            let request = &candidate.request;
            let Some(bytes) = (self.ask)(request) else { continue };
            let key_id = request.key_id.as_ref().map(|key_id| key_id.as_str());
            let answer = request.accept(key_id, request.algorithm(), &bytes).map_err(code)?;
            match locked.unlock(&candidate, &answer) {
                Ok(unlocked) => return Ok(unlocked),
                Err(error) if candidate.is_final() => return Err(error.code()),
                Err(error) if misfit == Code::Kms => misfit = error.code(),
                Err(_) => {}
            }
        }
        Err(misfit)
    }

    fn header(&self, input: &mut Input<'_>) -> Result<Header, Error> {
        loop {
            match Header::read(&input.buffer, &self.limits)? {
                HeaderRead::Need(len) => {
                    assert!(len > input.buffer.len(), "asks for what it has");
                    input.fill(len).map_err(|_| Header::truncated(&input.buffer, &self.limits))?;
                }
                HeaderRead::Done(header) => {
                    input.buffer.drain(..header.len());
                    return Ok(header);
                }
            }
        }
    }
}

struct Input<'a> {
    pieces: std::slice::Iter<'a, &'a [u8]>,
    buffer: Vec<u8>,
}

impl Input<'_> {
    /// Takes pieces until `len` bytes are there.
    fn fill(&mut self, len: usize) -> Result<(), Error> {
        while self.buffer.len() < len {
            self.buffer.extend_from_slice(self.pieces.next().ok_or_else(Error::truncated)?);
        }
        Ok(())
    }
}
