//! Getting files to the disk.

use std::fs::File;
use std::io;
use std::path::Path;

/// Syncs the content, before a name makes it look whole.
pub fn content(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// Closes a file that was written and synced. Closing a handle reports nothing (CloseHandle).
pub fn close(file: File) -> io::Result<()> {
    drop(file);
    Ok(())
}

/// NTFS keeps names in its journal; a folder cannot be synced.
pub fn folder(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}
