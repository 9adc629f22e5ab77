//! From envelope to plaintext.

use std::io::{BufRead, Read, Write};

use kmseal::{Body, Cipher, Error, Unlocked};

use crate::envelope::pipeline::{self, PIECE_LEN, Piece};
use crate::failure::Result;
use crate::files::input::{Reader, fill};

/// Opens the frames behind an authenticated header. Each is written once it is authenticated; only success says that the
/// envelope was whole.
pub fn open(
    unlocked: Unlocked,
    input: &mut Reader,
    output: &mut (impl Write + Send),
    frame_length: u32,
    memory: usize,
    mut progress: impl FnMut(u64) + Send,
) -> Result<()> {
    let cipher = Cipher::new(&unlocked.content_key);
    let mut body = unlocked.body;
    pipeline::run(
        pipeline::threads(frame_length as usize, memory),
        |piece| collect(&mut body, input, piece),
        |piece| decrypt(&cipher, piece),
        |piece| {
            output.write_all(&piece.bytes[piece.output.clone()])?;
            progress(piece.plaintext_len);
            Ok(())
        },
    )
}

/// Reads the next frames as they are in the envelope.
fn collect(body: &mut Body, input: &mut impl BufRead, piece: &mut Piece) -> Result<bool> {
    let mut at = 0;
    while !body.is_done() && at < PIECE_LEN {
        let head = at + Body::HEAD_LEN;
        read_all(input, piece, at, head)?;
        let frame = body.read(&piece.bytes[at..head])?;
        let end = usize::try_from(frame.sealed_len())
            .ok()
            .and_then(|len| at.checked_add(len))
            .ok_or_else(Error::truncated)?;
        read_all(input, piece, head, end)?;
        piece.plaintext_len += frame.len() as u64;
        piece.frames.push((frame, at));
        at = end;
    }
    if body.is_done() && !input.fill_buf()?.is_empty() {
        return Err(Error::trailing_bytes().into());
    }
    Ok(at > 0)
}

fn read_all(input: &mut impl Read, piece: &mut Piece, at: usize, end: usize) -> Result<()> {
    if fill(input, &mut piece.bytes, at, end)? < end { Err(Error::truncated().into()) } else { Ok(()) }
}

/// Decrypts every frame and moves their contents together.
fn decrypt(cipher: &Cipher, piece: &mut Piece) -> Result<()> {
    let (output, opened) = cipher.open_together(&mut piece.bytes, &piece.frames);
    piece.output = output;
    Ok(opened?)
}
