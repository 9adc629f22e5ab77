//! From envelope to envelope: one thread opens, the other seals, and the plaintext passes between them in memory.
//!
//! The data keys alone cannot be replaced: a second header under the same message id would be AES-GCM nonce reuse, from
//! which the authentication key can be computed. So everything is sealed again, under a fresh data key and message id.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use kmseal::Unlocked;

use crate::envelope::open::open;
use crate::envelope::pipeline::MEMORY_LEN;
use crate::envelope::seal::{Plan, seal};
use crate::failure::Result;
use crate::files::input::{Reader, grow, reader};

/// Bytes in a chunk, and chunks in the channel.
const CHUNK_LEN: usize = 256 * 1024;
const CHUNKS: usize = 4;

/// Opens `input` and seals what comes out to `output`.
pub fn reseal(
    unlocked: Unlocked,
    input: &mut Reader,
    frame_length: u32,
    plan: &Plan<'_>,
    output: &mut (impl Write + Send),
    progress: impl FnMut(u64) + Send,
) -> Result<()> {
    let (sender, receiver) = sync_channel(CHUNKS);
    let refused = AtomicBool::new(false);
    thread::scope(|scope| {
        let opening = thread::Builder::new().spawn_scoped(scope, || {
            let mut sink = Sink { sender, refused: &refused };
            open(unlocked, input, &mut sink, frame_length, MEMORY_LEN / 2, |_| ())?;
            // The other side gets the end only after the last frame is authenticated.
            Ok(sink.send(None)?)
        })?;
        let mut plaintext = reader(Source { receiver, chunk: Vec::new(), at: 0, ended: false });
        let sealed = seal(plan, &mut plaintext, None, output, MEMORY_LEN / 2, progress);
        drop(plaintext);
        let opened = opening.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Each side stops when the other does. The failure that came first is reported.
        if refused.load(Ordering::Relaxed) { sealed } else { opened.and(sealed) }
    })
}

/// Where the opening side writes.
struct Sink<'a> {
    sender: SyncSender<Option<Vec<u8>>>,
    refused: &'a AtomicBool,
}

impl Sink<'_> {
    /// A chunk, or the end.
    fn send(&mut self, chunk: Option<Vec<u8>>) -> io::Result<()> {
        self.sender.send(chunk).map_err(|_| {
            self.refused.store(true, Ordering::Relaxed);
            io::ErrorKind::BrokenPipe.into()
        })
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = &bytes[..bytes.len().min(CHUNK_LEN)];
        let mut copy = Vec::new();
        grow(&mut copy, chunk.len())?;
        copy.copy_from_slice(chunk);
        self.send(Some(copy))?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the sealing side reads.
struct Source {
    receiver: Receiver<Option<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Read for Source {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() && !self.ended {
            // Without the end, opening failed, and the bytes so far must not become a whole envelope.
            match self.receiver.recv().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))? {
                Some(chunk) => (self.chunk, self.at) = (chunk, 0),
                None => self.ended = true,
            }
        }
        let len = bytes.len().min(self.chunk.len() - self.at);
        bytes[..len].copy_from_slice(&self.chunk[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}
