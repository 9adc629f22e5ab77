//! From envelope to plaintext.

use std::io::{BufRead, Read, Write};

use kmseal::{Cipher, Frames, Header, Limits, Opened, Progress, trailing, truncated};

use crate::failure::Result;
use crate::input::{Reader, fill};
use crate::pipeline::{self, PIECE_LEN, Piece};

/// Reads the header and not a byte more; nothing vouches for it yet.
pub fn read_header(input: &mut Reader, limits: &Limits) -> Result<Header> {
    let mut bytes = Vec::new();
    loop {
        match Header::read(&bytes, limits)? {
            Progress::Done(header) => return Ok(header),
            Progress::Need(len) => {
                let at = bytes.len();
                let end = fill(input, &mut bytes, at, len)?;
                if end < len {
                    return Err(Header::cut(&bytes[..end], limits).into());
                }
            }
        }
    }
}

/// Opens the frames behind an authenticated header. Each is written once it is authenticated; only success says that the
/// envelope was whole.
pub fn open(
    opened: Opened,
    input: &mut Reader,
    output: &mut (impl Write + Send),
    frame_length: u32,
    memory: usize,
    mut progress: impl FnMut(u64) + Send,
) -> Result<()> {
    let cipher = Cipher::new(&opened.content_key);
    let mut frames = opened.frames;
    pipeline::run(
        pipeline::threads(frame_length as usize, memory),
        |piece| collect(&mut frames, input, piece),
        |piece| decrypt(&cipher, piece),
        |piece| {
            output.write_all(&piece.bytes[piece.output.clone()])?;
            progress(piece.plaintext_len);
            Ok(())
        },
    )
}

/// Reads the next frames as they stand in the envelope.
fn collect(frames: &mut Frames, input: &mut impl BufRead, piece: &mut Piece) -> Result<bool> {
    let mut at = 0;
    while !frames.is_done() && at < PIECE_LEN {
        let head = at + Frames::HEAD;
        read_all(input, piece, at, head)?;
        let frame = frames.read(&piece.bytes[at..head])?;
        let end = usize::try_from(frame.sealed_len()).ok().and_then(|len| at.checked_add(len)).ok_or_else(truncated)?;
        read_all(input, piece, head, end)?;
        piece.frames.push((frame, at));
        piece.plaintext_len += frame.len() as u64;
        at = end;
    }
    if frames.is_done() && !input.fill_buf()?.is_empty() {
        return Err(trailing().into());
    }
    Ok(at > 0)
}

fn read_all(input: &mut impl Read, piece: &mut Piece, at: usize, end: usize) -> Result<()> {
    if fill(input, &mut piece.bytes, at, end)? < end { Err(truncated().into()) } else { Ok(()) }
}

/// Decrypts every frame and moves their contents together.
fn decrypt(cipher: &Cipher, piece: &mut Piece) -> Result<()> {
    let (output, opened) = cipher.open_together(&mut piece.bytes, &piece.frames);
    piece.output = output;
    Ok(opened?)
}
