//! Standard output, each of whose errors counts: the standard library's own ignores some of them.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::unistd;

use crate::descriptors;
use crate::failure::{OutputError, Result};
use crate::sync;

static USED: AtomicBool = AtomicBool::new(false);

pub struct Standard(());

impl Standard {
    /// Fails if it is closed.
    pub fn open() -> Result<Self> {
        descriptors::check_output()?;
        USED.store(true, Ordering::Relaxed);
        Ok(Self(()))
    }

    /// The file behind it, for questions only: closing this one could take an error along.
    pub fn metadata() -> io::Result<std::fs::Metadata> {
        File::from(io::stdout().as_fd().try_clone_to_owned()?).metadata()
    }
}

impl Write for Standard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unistd::write(io::stdout(), bytes).map_err(of_output)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all of this there.
pub fn print(text: impl AsRef<[u8]>) -> Result<()> {
    Ok(Standard::open()?.write_all(text.as_ref())?)
}

/// The last thing to do: what was written is on the disk, if it is a file, and its end is reported. A file system may report a
/// full disk no earlier.
pub fn finish() -> Result<()> {
    if USED.swap(false, Ordering::Relaxed) {
        sync::ignoring_unsupported(unistd::fsync(io::stdout())).map_err(of_output)?;
        sync::ignoring_interruption(unistd::close(io::stdout().as_raw_fd())).map_err(of_output)?;
    }
    Ok(())
}

fn of_output(error: Errno) -> io::Error {
    let error = io::Error::from(error);
    io::Error::new(error.kind(), OutputError(error))
}
