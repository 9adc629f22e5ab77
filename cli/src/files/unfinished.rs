//! Files that get their name when they are whole.

#[cfg(target_os = "linux")]
use std::fs::OpenOptions;
use std::fs::{self, File};
use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::os::{fd::AsRawFd, unix::fs::OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempPath;

use crate::failure::{Exit, Failure, Result};
use crate::files::replace::replace;
use crate::files::{about, changed, folder_of};
use crate::system::stamp::{FileId, Stamp};
use crate::system::sync;
use crate::text::file_name;

/// The temporary file that a signal must remove. Only the holder of the lock makes, renames or removes it.
static NAMED: Mutex<Option<PathBuf>> = Mutex::new(None);

pub fn named() -> MutexGuard<'static, Option<PathBuf>> {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary file before a panic ends the process, unless that was about to be done.
pub fn remove_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(path) = NAMED.try_lock().ok().and_then(|mut named| named.take()) {
            let _ = fs::remove_file(path);
        }
        before(panic);
    }));
}

/// A file that no one else sees as long as its content is not whole. Dropping it leaves nothing.
pub struct Unfinished {
    /// Until it is closed.
    file: Option<File>,
    /// Its name beside the target. A file without a name goes with the process, whatever ends that.
    temporary: Option<TempPath>,
    target: PathBuf,
    old: Option<Stamp>,
}

impl Unfinished {
    /// For its owner alone (mode 0600). `old` is what it will replace.
    pub fn create(target: &Path, old: Option<Stamp>) -> Result<Self> {
        let folder = folder_of(target);
        let target = target.to_owned();
        // Only a name can be renamed over another one.
        if let Some(file) = old.is_none().then(|| without_name(folder)).flatten() {
            return Ok(Self { file: Some(file), temporary: None, target, old });
        }
        if is_append_only(folder) {
            let message = "its folder is append-only, so nothing in it can be replaced; name a file in another folder with --output";
            return Err(Failure::new(Exit::File, format!("writing {}: {message}", file_name(&target))));
        }
        let mut named = named();
        let file = tempfile::Builder::new().prefix(".kmseal-").suffix(".tmp").rand_bytes(12).tempfile_in(folder);
        let (file, temporary) = file.map_err(|error| about(&target, error))?.into_parts();
        *named = Some(temporary.to_path_buf());
        Ok(Self { file: Some(file), temporary: Some(temporary), target, old })
    }

    /// On the disk, closed, named, and the name on the disk, too.
    pub fn finish(mut self) -> Result<FileId> {
        let id = self.rename()?;
        sync::folder(folder_of(&self.target), &self.target).map_err(|error| self.not_synced(id, error))?;
        Ok(id)
    }

    /// A new file goes again; what another one was replaced by is all that there is.
    fn not_synced(&self, id: FileId, error: io::Error) -> Failure {
        let failure = about(&self.target, error);
        if self.old.is_some() {
            let message = format!("{failure}; it is replaced, but the old file may come back after a power failure");
            return Failure::new(failure.exit, message);
        }
        if Stamp::of_name(&self.target).is_ok_and(|stamp| stamp.id == id) {
            let _ = fs::remove_file(&self.target);
        }
        failure
    }

    fn rename(&mut self) -> Result<FileId> {
        let mut named = named();
        let done = match (self.temporary.take(), self.old) {
            (Some(temporary), Some(old)) => replace(self.take_file(), temporary, &self.target, &old),
            (Some(temporary), None) => self.name(temporary),
            (None, _) => self.link().map_err(|error| self.appeared(error)),
        };
        *named = None;
        done
    }

    fn take_file(&mut self) -> File {
        self.file.take().expect("it is closed once")
    }

    fn link(&mut self) -> io::Result<FileId> {
        let file = self.take_file();
        sync::content(&file)?;
        let id = FileId::of(&file)?;
        link_and_close(file, &self.target)?;
        Ok(id)
    }

    fn name(&mut self, temporary: TempPath) -> Result<FileId> {
        let file = self.take_file();
        let about = |error| about(&self.target, error);
        sync::content(&file).map_err(about)?;
        let id = FileId::of(&file).map_err(about)?;
        sync::close(file).map_err(about)?;
        temporary.persist_noclobber(&self.target).map_err(|error| self.appeared(error.error))?;
        Ok(id)
    }

    fn appeared(&self, error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::AlreadyExists { changed(&self.target) } else { about(&self.target, error) }
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.as_mut().expect("it is closed last").write(bytes);
        // The input has a name, too, and may be on another disk.
        written.map_err(|error| io::Error::new(error.kind(), format!("writing {}: {error}", file_name(&self.target))))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let mut named = named();
            // Where it cannot be removed, at least nothing is in it.
            if let Some(file) = &self.file {
                let _ = file.set_len(0);
            }
            drop(temporary);
            *named = None;
        }
    }
}

/// O_TMPFILE (open(2)), where the file system has it, and /proc, through which it gets its name.
#[cfg(target_os = "linux")]
fn without_name(folder: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600).custom_flags(nix::libc::O_TMPFILE);
    options.open(folder).ok().filter(|file| path_of(file).exists())
}

#[cfg(not(target_os = "linux"))]
fn without_name(_: &Path) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn path_of(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Closes before it links: a second descriptor, which cannot write (O_PATH), holds the file meanwhile.
#[cfg(target_os = "linux")]
fn link_and_close(file: File, target: &Path) -> io::Result<()> {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    let held = OpenOptions::new().read(true).custom_flags(nix::libc::O_PATH).open(path_of(&file))?;
    sync::close(file)?;
    Ok(nix::unistd::linkat(AT_FDCWD, &path_of(&held), AT_FDCWD, target, AtFlags::AT_SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link_and_close(_: File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether names come here and never go (FS_APPEND_FL, ioctl_iflags(2)).
#[cfg(target_os = "linux")]
fn is_append_only(folder: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let known = statx(CWD, folder, AtFlags::empty(), StatxFlags::TYPE);
    known.is_ok_and(|known| known.stx_attributes.contains(StatxAttributes::APPEND))
}

#[cfg(not(target_os = "linux"))]
fn is_append_only(_: &Path) -> bool {
    false
}
