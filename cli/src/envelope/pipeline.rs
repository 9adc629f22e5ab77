//! All cores on one stream, in constant memory. Every thread takes turns: it reads the next piece, works on it while
//! others read and write, and writes it when all before it are written. So each piece stays in one buffer, and mostly in
//! one core's cache.

use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use kmseal::Frame;

use crate::failure::{Failure, Result};

/// Bytes of the smallest piece worth a turn; short frames share one.
pub const PIECE_LEN: usize = 256 * 1024;
/// Memory for the buffers of one pipeline, in bytes; with what the program itself takes it stays under 64 MiB.
pub const MEMORY_LEN: usize = 40 * 1024 * 1024;

/// One or more frames, next to each other.
#[derive(Default)]
pub struct Piece {
    /// Grows with the bytes that arrive and is used again.
    pub bytes: Vec<u8>,
    /// Each frame, and where it begins in `bytes`.
    pub frames: Vec<(Frame, usize)>,
    /// What is written of `bytes` in the end.
    pub output: Range<usize>,
    /// Plaintext bytes, for the progress bar.
    pub plaintext_len: u64,
}

impl Piece {
    pub fn clear(&mut self) {
        self.frames.clear();
        self.output = 0..0;
        self.plaintext_len = 0;
    }
}

struct Reading<S> {
    source: S,
    next: u64,
    done: bool,
}

struct Writing<W> {
    sink: W,
    next: u64,
    failure: Option<Failure>,
}

struct Stream<S, F, W> {
    reading: Mutex<Reading<S>>,
    work: F,
    writing: Mutex<Writing<W>>,
    turn: Condvar,
}

/// Threads for pieces of about this many bytes: one a core, as many as the memory allows.
pub fn threads(piece_len: usize, memory: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // One more than cores, for the moments in which one waits for a disk.
    (memory / piece_len.max(PIECE_LEN)).clamp(1, cores + 1)
}

/// Runs until `source` has no more pieces (it says false) or something fails. Pieces before the first that fails are
/// written, none after it.
pub fn run<S, F, W>(threads: usize, source: S, work: F, sink: W) -> Result<()>
where
    S: FnMut(&mut Piece) -> Result<bool> + Send,
    F: Fn(&mut Piece) -> Result<()> + Sync,
    W: FnMut(&Piece) -> Result<()> + Send,
{
    let stream = Stream {
        reading: Mutex::new(Reading { source, next: 0, done: false }),
        work,
        writing: Mutex::new(Writing { sink, next: 0, failure: None }),
        turn: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where there may be no more of them, those that there are do it all.
            if thread::Builder::new().spawn_scoped(scope, || stream.take_turns()).is_err() {
                break;
            }
        }
        stream.take_turns();
    });
    let writing = stream.writing.into_inner().unwrap_or_else(PoisonError::into_inner);
    writing.failure.map_or(Ok(()), Err)
}

impl<S, F, W> Stream<S, F, W>
where
    S: FnMut(&mut Piece) -> Result<bool>,
    F: Fn(&mut Piece) -> Result<()>,
    W: FnMut(&Piece) -> Result<()>,
{
    fn take_turns(&self) {
        let mut piece = Piece::default();
        while let Some((number, read)) = self.read(&mut piece) {
            let worked = read.and_then(|()| (self.work)(&mut piece));
            let mut writing = lock(&self.writing);
            while writing.next != number && writing.failure.is_none() {
                writing = self.turn.wait(writing).unwrap_or_else(PoisonError::into_inner);
            }
            if writing.failure.is_some() {
                return;
            }
            writing.failure = worked.and_then(|()| (writing.sink)(&piece)).err();
            writing.next += 1;
            self.turn.notify_all();
        }
    }

    /// The next piece's number and how reading it went; nothing after the end or a failure.
    fn read(&self, piece: &mut Piece) -> Option<(u64, Result<()>)> {
        let mut reading = lock(&self.reading);
        if reading.done {
            return None;
        }
        piece.clear();
        let read = (reading.source)(piece);
        reading.done = !matches!(read, Ok(true));
        let number = reading.next;
        reading.next += 1;
        match read {
            Ok(false) => None,
            read => Some((number, read.map(drop))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
