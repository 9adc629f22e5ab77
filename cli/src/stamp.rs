//! Which file something is, and whether it stayed as it was.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// One file among all that are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What of a file changes when somebody writes to it, replaces it, or puts its times back: the change time (ctime) cannot be set.
/// A writer through mmap(2) is seen once the system notes its times, and two writes within the file system's clock are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub id: FileId,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            id: FileId::of(metadata),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether this is that file with its content of then; renaming a file changes its change time.
    pub fn is_renamed(&self, then: &Self) -> bool {
        Self { changed: then.changed, ..*self } == *then
    }
}
