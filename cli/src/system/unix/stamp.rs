//! The identity of a file, and whether it has changed.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One file among all mounted file systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::in_metadata(&file.metadata()?))
    }

    /// The file that a name leads to, through links.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::in_metadata(&fs::metadata(path)?))
    }

    fn in_metadata(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What changes when a program writes to a file, replaces it, or sets its times back: nothing can set the change time (ctime).
/// A write through mmap(2) shows when the system updates the times. Two writes within one tick of the file system's clock look
/// like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub id: FileId,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::in_metadata(&file.metadata()?))
    }

    /// What has a name, be it a link.
    pub fn of_name(path: &Path) -> io::Result<Self> {
        Ok(Self::in_metadata(&fs::symlink_metadata(path)?))
    }

    fn in_metadata(metadata: &Metadata) -> Self {
        Self {
            id: FileId::in_metadata(metadata),
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

/// What the system says of a file.
pub fn metadata(file: &File) -> io::Result<Option<Metadata>> {
    file.metadata().map(Some)
}
