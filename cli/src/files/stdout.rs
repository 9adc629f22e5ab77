//! Standard output that reports every error; the standard library's own ignores some.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{OutputError, Result};
use crate::system::descriptors;
use crate::system::stamp::FileId;
use crate::system::stdout;

static USED: AtomicBool = AtomicBool::new(false);

pub struct Standard(());

impl Standard {
    /// Fails if it is closed.
    pub fn open() -> Result<Self> {
        descriptors::check_output()?;
        USED.store(true, Ordering::Relaxed);
        Ok(Self(()))
    }

    /// The file or disk behind it, if it is one.
    pub fn file() -> io::Result<Option<FileId>> {
        stdout::file()?.map(|file| FileId::of(&file)).transpose()
    }
}

impl Write for Standard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stdout::write(bytes).map_err(of_output)
    }

    fn flush(&mut self) -> io::Result<()> {
        stdout::flush().map_err(of_output)
    }
}

/// Writes all of this there.
pub fn print(text: impl AsRef<[u8]>) -> Result<()> {
    Ok(Standard::open()?.write_all(text.as_ref())?)
}

/// The last step: what was written is on the disk, if it is a file.
pub fn finish() -> Result<()> {
    if USED.swap(false, Ordering::Relaxed) {
        stdout::finish().map_err(of_output)?;
    }
    Ok(())
}

fn of_output(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), OutputError(error))
}
