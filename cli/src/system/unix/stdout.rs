//! What standard output is made of.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileTypeExt;

use nix::unistd;

use crate::system::sync;

/// The file or disk behind it, if it is one.
pub fn file() -> io::Result<Option<File>> {
    // Only for its metadata: closing this descriptor could swallow an error.
    let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let metadata = file.metadata()?;
    Ok((metadata.is_file() || metadata.file_type().is_block_device()).then_some(file))
}

pub fn write(bytes: &[u8]) -> io::Result<usize> {
    Ok(unistd::write(io::stdout(), bytes)?)
}

/// Nothing is held back here.
pub fn flush() -> io::Result<()> {
    Ok(())
}

/// Syncs what was written, if it is a file, and closes it. A file system may report a full disk only then.
pub fn finish() -> io::Result<()> {
    sync::content(io::stdout())?;
    Ok(sync::ignoring_interruption(unistd::close(io::stdout().as_raw_fd()))?)
}
