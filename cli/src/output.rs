//! What is written: files that appear whole or not at all, and standard output.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::failure::{Exit, Failure, Result, name};
use crate::input::is_standard;

/// The temporary file that a signal must remove. Whoever holds the lock makes, renames or removes it.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

pub fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open output.
pub enum Output {
    Standard(File),
    File(Unfinished),
}

/// A temporary file beside its target, which dropping removes.
pub struct Unfinished {
    file: Option<NamedTempFile>,
    target: PathBuf,
    force: bool,
}

impl Output {
    /// Standard output for `-`, else a temporary file, exclusive and with mode 0600, beside the target. `binary` is what
    /// no terminal should be shown.
    pub fn create(target: &Path, force: bool, binary: bool) -> Result<Self> {
        if is_standard(target) {
            if binary && io::stdout().is_terminal() {
                return Err(Failure::usage(
                    "an envelope is no text for a terminal; give --output, or redirect this to a file",
                ));
            }
            // Not `Stdout`, which looks for line ends in every byte.
            return Ok(Self::Standard(File::from(io::stdout().as_fd().try_clone_to_owned()?)));
        }
        check_target(target, force)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut unfinished = unfinished();
        let file = tempfile::Builder::new().prefix(".kmseal-").suffix(".tmp").rand_bytes(12).tempfile_in(folder);
        let file = file.map_err(|error| about(target, error))?;
        *unfinished = Some(file.path().to_owned());
        Ok(Self::File(Unfinished { file: Some(file), target: target.to_owned(), force }))
    }

    pub fn writer(&mut self) -> &mut File {
        match self {
            Self::Standard(file) => file,
            Self::File(Unfinished { file, .. }) => file.as_mut().expect("until it is finished").as_file_mut(),
        }
    }

    /// Gives the file its name, all at once.
    pub fn finish(mut self) -> Result<()> {
        self.writer().flush()?;
        match self {
            Self::Standard(_) => Ok(()),
            Self::File(file) => file.rename(),
        }
    }
}

fn check_target(target: &Path, force: bool) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(target) else { return Ok(()) };
    let why = if !metadata.is_file() && !metadata.is_symlink() {
        "is not a regular file; name one with --output, or - for standard output"
    } else if force {
        return Ok(());
    } else {
        "exists; --force replaces it, --output names another file"
    };
    Err(Failure::new(Exit::File, format!("{} {why}", name(target))))
}

fn about(target: &Path, error: io::Error) -> Failure {
    let failure = Failure::from(error);
    Failure::new(failure.exit, format!("writing {}: {failure}", name(target)))
}

impl Unfinished {
    fn rename(mut self) -> Result<()> {
        let mut unfinished = unfinished();
        let Some(file) = self.file.take() else { return Ok(()) };
        let renamed = if self.force {
            replace(file, &self.target)
        } else {
            file.persist_noclobber(&self.target).map(drop).map_err(Into::into)
        };
        *unfinished = None;
        renamed.map_err(|error| about(&self.target, error))
    }
}

/// What is replaced may be the only copy: the new bytes are on the disk before the old ones go. Owner and mode stay; where the
/// owner cannot, and in a link's place, the file is for whoever wrote it alone.
fn replace(file: NamedTempFile, target: &Path) -> io::Result<()> {
    if let Some(old) = fs::symlink_metadata(target).ok().filter(fs::Metadata::is_file) {
        if fchown(file.as_file(), Some(old.uid()), Some(old.gid())).is_ok() {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
    }
    file.persist(target)?;
    Ok(())
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let mut unfinished = unfinished();
            drop(file);
            *unfinished = None;
        }
    }
}
