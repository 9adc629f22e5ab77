//! What standard output is made of. The standard library's own writes text to a console as that needs it.

use std::fs::File;
use std::io::{self, Write};
use std::os::windows::io::AsHandle;

use crate::system::stamp::is_on_disk;

/// The file behind it, if it is one.
pub fn file() -> io::Result<Option<File>> {
    let file = File::from(io::stdout().as_handle().try_clone_to_owned()?);
    Ok(Some(file).filter(is_on_disk))
}

pub fn write(bytes: &[u8]) -> io::Result<usize> {
    io::stdout().write(bytes)
}

pub fn flush() -> io::Result<()> {
    io::stdout().flush()
}

/// Syncs what was written, if it is a file.
pub fn finish() -> io::Result<()> {
    flush()?;
    match file()? {
        Some(file) => file.sync_all(),
        None => Ok(()),
    }
}
