//! From plaintext to envelope.

use std::io::{BufRead, Write};

use getrandom::SysRng;
use kmseal::{Cipher, DataKeySeed, EncryptionContext, FrameKind, Message, MessageId, Recipients, Sequencer, TAG_LEN};

use crate::envelope::pipeline::{self, PIECE_LEN, Piece};
use crate::failure::Result;
use crate::files::input::{Origin, Reader, fill, grow};
use crate::wrapping::{self, no_random};

/// The keys, contexts and frames of an envelope to seal.
pub struct Plan<'a> {
    pub recipients: &'a Recipients,
    /// Stored in the envelope.
    pub stored: &'a EncryptionContext,
    /// Authenticated and not stored.
    pub required: &'a EncryptionContext,
    /// Content bytes of each frame but the last.
    pub frame_length: u32,
}

/// Seals all of `input` under a fresh data key; `progress` gets the plaintext bytes as they are written. If `origin` has
/// changed meanwhile, the envelope gets no final frame, so that it never opens.
pub fn seal(
    plan: &Plan<'_>,
    input: &mut Reader,
    origin: Option<&Origin>,
    output: &mut (impl Write + Send),
    memory: usize,
    mut progress: impl FnMut(u64) + Send,
) -> Result<()> {
    let message = begin(plan)?;
    output.write_all(message.header())?;
    let cipher = Cipher::new(message.content_key());
    let full = message.frame_length() as usize;
    let mut frames = Cutter { full, sequencer: message.sequencer(), origin, read: 0, done: false };
    pipeline::run(
        pipeline::threads(full, memory),
        |piece| frames.cut(input, piece),
        |piece| encrypt(&cipher, piece),
        |piece| {
            output.write_all(&piece.bytes[piece.output.clone()])?;
            progress(piece.plaintext_len);
            Ok(())
        },
    )
}

fn begin(plan: &Plan<'_>) -> Result<Message> {
    let whole = plan.stored.with_required(plan.required)?;
    let seed = DataKeySeed::generate(&mut SysRng, plan.recipients.len()).map_err(no_random)?;
    let materials = wrapping::wrap(plan.recipients, &whole, seed)?;
    let id = MessageId::generate(&mut SysRng).map_err(no_random)?;
    Ok(Message::new(&materials, id, plan.stored, plan.required, plan.frame_length)?)
}

/// Cuts the input into frames. A look ahead shows which one is the last.
struct Cutter<'a> {
    full: usize,
    sequencer: Sequencer,
    origin: Option<&'a Origin>,
    read: u64,
    done: bool,
}

impl Cutter<'_> {
    fn cut(&mut self, input: &mut impl BufRead, piece: &mut Piece) -> Result<bool> {
        let mut at = 0;
        while !self.done && (at == 0 || at + self.full <= PIECE_LEN) {
            // The place of a regular frame's content. The final frame's longer head gets its room below.
            let start = at + Self::REGULAR_HEAD;
            let end = fill(input, &mut piece.bytes, start, start + self.full)?;
            let len = end - start;
            self.read += len as u64;
            self.done = len < self.full || input.fill_buf()?.is_empty();
            if let Some(origin) = self.origin.filter(|_| self.done) {
                origin.check_unchanged(self.read)?;
            }
            let kind = if self.done { FrameKind::Final } else { FrameKind::Regular };
            let frame = self.sequencer.next(len, kind)?;
            let content = at + frame.head_len();
            let tag = content + len;
            grow(&mut piece.bytes, tag + TAG_LEN)?;
            if content != start {
                piece.bytes.copy_within(start..end, content);
            }
            piece.frames.push((frame, at));
            piece.plaintext_len += len as u64;
            at = tag + TAG_LEN;
        }
        piece.output = 0..at;
        Ok(at > 0)
    }

    /// Sequence number and IV (message-body.md, "Regular Frame").
    const REGULAR_HEAD: usize = 4 + 12;
}

fn encrypt(cipher: &Cipher, piece: &mut Piece) -> Result<()> {
    for (frame, at) in piece.frames.drain(..) {
        let content = at + frame.head_len();
        let tag = content + frame.len();
        piece.bytes[at..content].copy_from_slice(&frame.head());
        let sealed = cipher.seal(frame, &mut piece.bytes[content..tag])?;
        piece.bytes[tag..tag + TAG_LEN].copy_from_slice(&sealed);
    }
    Ok(())
}
