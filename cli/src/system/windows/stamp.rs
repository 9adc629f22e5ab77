//! The identity of a file, and whether it has changed.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use winapi_util::file::{Information, information, typ};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT};

/// One file of a volume (BY_HANDLE_FILE_INFORMATION).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    volume: u64,
    index: u64,
}

impl FileId {
    /// A pipe or console gets one that no file has.
    pub fn of(file: &File) -> io::Result<Self> {
        if !is_on_disk(file) {
            return Ok(Self { volume: 0, index: 0 });
        }
        Ok(Self::in_information(&information(file)?))
    }

    /// The file that a name leads to, through links.
    pub fn at(path: &Path) -> io::Result<Self> {
        Self::of(&open(path, FILE_FLAG_BACKUP_SEMANTICS)?)
    }

    fn in_information(information: &Information) -> Self {
        Self { volume: information.volume_serial_number(), index: information.file_index() }
    }
}

/// What of a file changes when somebody writes to it or replaces it. A program that puts the times back goes unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub id: FileId,
    len: u64,
    created: Option<u64>,
    modified: Option<u64>,
}

impl Stamp {
    pub fn of(file: &File) -> io::Result<Self> {
        let information = information(file)?;
        Ok(Self {
            id: FileId::in_information(&information),
            len: information.file_size(),
            created: information.creation_time(),
            modified: information.last_write_time(),
        })
    }

    /// What has a name, be it a link.
    pub fn of_name(path: &Path) -> io::Result<Self> {
        Self::of(&open(path, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)?)
    }

    /// Whether this is that file with its content of then.
    pub fn is_renamed(&self, then: &Self) -> bool {
        self == then
    }
}

/// What the system says about a file. It says nothing about a pipe or a console.
pub fn metadata(file: &File) -> io::Result<Option<Metadata>> {
    is_on_disk(file).then(|| file.metadata()).transpose()
}

pub fn is_on_disk(file: &File) -> bool {
    typ(file).is_ok_and(|kind| kind.is_disk())
}

/// For questions only; a folder, too.
fn open(path: &Path, flags: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(0).custom_flags(flags).open(path)
}
