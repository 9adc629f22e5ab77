//! Who may read what replaces a file: those who could read that.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// Nothing is lost: [`over`](super::rename::over) keeps the access control list.
pub fn keep(_: &File, _: &Path, _: &Metadata) -> io::Result<Option<String>> {
    Ok(None)
}

/// Not told: a new file has the rights of its folder, which in a user's own folders are the user's and the administrators'.
pub fn others(_: &File) -> io::Result<Option<String>> {
    Ok(None)
}

/// How many names a file has: not told, since only the open file knows.
pub fn names(_: &Metadata) -> u64 {
    1
}
