//! What is read: files, and standard input for `-`.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::failure::{Exit, Failure, Result};
use crate::system::descriptors;
use crate::system::stamp::{self, FileId, Stamp};

/// Short enough that most of a piece is read straight into its place.
const BUFFER_LEN: usize = 16 * 1024;
/// Buffers grow by as much at most before the bytes are there.
const STEP_LEN: usize = 1024 * 1024;

pub type Reader = BufReader<Box<dyn Read + Send>>;

/// An open input.
pub struct Input {
    pub reader: Reader,
    /// Its length in bytes, if it is a regular file with a name.
    pub len: Option<u64>,
    pub origin: Origin,
}

/// What is read, apart from its bytes.
pub struct Origin {
    pub id: FileId,
    /// What it was when it was opened, if it is a regular file.
    pub stamp: Option<Stamp>,
    /// The bytes to come, if it is a regular file whose length says so.
    pub rest: Option<u64>,
    /// Where these begin.
    begin: u64,
    file: Arc<File>,
}

/// Whether this means standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Input {
    pub fn open(path: &Path) -> Result<Self> {
        descriptors::check_input(path)?;
        let file = if is_standard(path) { descriptors::stdin()? } else { File::open(path)? };
        let metadata = stamp::metadata(&file)?;
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Failure::new(Exit::File, "it is a folder; name the files in it"));
        }
        let regular = metadata.filter(Metadata::is_file);
        let len = regular.as_ref().map(Metadata::len).filter(|len| has_length(&file, *len));
        // Standard input may be a file that something has read from already.
        let begin = if len.is_some() { (&file).stream_position()? } else { 0 };
        let rest = len.map(|len| len.saturating_sub(begin));
        let id = FileId::of(&file)?;
        let stamp = regular.map(|_| Stamp::of(&file)).transpose()?;
        let file = Arc::new(file);
        Ok(Self {
            reader: reader(Arc::clone(&file)),
            len: len.filter(|_| !is_standard(path)),
            origin: Origin { id, stamp, rest, begin, file },
        })
    }
}

impl Origin {
    /// Reads bytes of a regular file, `at` bytes behind the first one that was to come.
    pub fn read_at(&self, at: u64, bytes: &mut [u8]) -> Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.begin.saturating_add(at)))?;
        Ok(file.read_exact(bytes)?)
    }

    /// Fails if a file that was read to its end is not what it was when it was opened. `read` is how many bytes came.
    pub fn check_unchanged(&self, read: u64) -> Result<()> {
        let stamp = self.stamp.map(|_| Stamp::of(&self.file)).transpose()?;
        if stamp == self.stamp && self.rest.is_none_or(|rest| rest == read) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::File,
            "the file changed while the command sealed it; seal it again (ERR_SOURCE_CHANGED)",
        ))
    }
}

/// Whether a regular file has as many bytes as it says. Files that the system generates on reading claim no bytes, or a page.
fn has_length(file: &File, len: u64) -> bool {
    len > 0 && !is_in_sysfs(file)
}

#[cfg(target_os = "linux")]
fn is_in_sysfs(file: &File) -> bool {
    use nix::sys::statfs::{SYSFS_MAGIC, fstatfs};
    fstatfs(file).is_ok_and(|system| system.filesystem_type() == SYSFS_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn is_in_sysfs(_: &File) -> bool {
    false
}

pub fn reader(source: impl Read + Send + 'static) -> Reader {
    BufReader::with_capacity(BUFFER_LEN, Box::new(source))
}

/// Reads until `bytes` is filled up to `end`, or the input ends; `at` is how far it is filled. Returns how far it came.
pub fn fill(input: &mut impl Read, bytes: &mut Vec<u8>, mut at: usize, end: usize) -> Result<usize> {
    while at < end {
        let until = end.min(at + STEP_LEN);
        grow(bytes, until)?;
        match input.read(&mut bytes[at..until]) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(at)
}

/// Makes room for this many bytes. Without memory (`ulimit -v`) this is an error, and the command removes what it wrote.
pub fn grow(bytes: &mut Vec<u8>, len: usize) -> io::Result<()> {
    if let Some(more) = len.checked_sub(bytes.len()) {
        bytes.try_reserve(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
        bytes.resize(len, 0);
    }
    Ok(())
}
