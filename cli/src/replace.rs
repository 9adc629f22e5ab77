//! Putting a finished file in another one's place, if that is still what it was.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tempfile::TempPath;

use crate::failure::{Exit, Failure, Result};
use crate::output::{about, changed};
use crate::progress::note;
use crate::rights;
use crate::stamp::{FileId, Stamp};
use crate::sync;
use crate::text::file_name;

/// What is replaced may be the only copy: the new bytes are on the disk before the old ones go. Closes the file.
pub fn replace(file: File, temporary: TempPath, target: &Path, old: &Stamp) -> Result<FileId> {
    let failed = |error| about(target, error);
    let there = still_there(target, old)?;
    let kept = !there.is_file() || rights::keep(&file, target, &there).map_err(failed)?;
    sync::content(&file).map_err(failed)?;
    let new = file.metadata().map_err(failed)?;
    let id = FileId::of(&new);
    sync::close(file).map_err(failed)?;
    // If its rights were changed since, the new file has the old ones.
    still_there(target, old)?;
    match exchange(&temporary, target) {
        Ok(()) => {
            let is_old = fs::symlink_metadata(&temporary).is_ok_and(|replaced| Stamp::of(&replaced).is_renamed(old));
            if is_old { temporary.close().map_err(failed)? } else { undo(temporary, target, id)? }
        }
        // A file system that cannot: then somebody may still come between the last look and this.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            temporary.persist(target).map_err(|error| failed(error.error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(changed(target)),
        Err(error) => return Err(failed(error)),
    }
    if !kept {
        warn(target, &format!("its rights could not be kept; only its owner now, user {}, can read it", new.uid()));
    }
    if there.is_file() && there.nlink() > 1 {
        warn(target, "its other names (hard links) keep what was there before");
    }
    Ok(id)
}

/// What was replaced is done, and yet not all that somebody may count on. `--quiet` hides notes, and not this.
fn warn(target: &Path, what: &str) {
    note(&format!("kmseal: {}: {what}", file_name(target)));
}

fn still_there(target: &Path, old: &Stamp) -> Result<Metadata> {
    match fs::symlink_metadata(target) {
        Ok(metadata) if Stamp::of(&metadata) == *old => Ok(metadata),
        Ok(_) => Err(changed(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(changed(target)),
        Err(error) => Err(about(target, error)),
    }
}

/// Somebody put another file there at the last moment, which now has the temporary name: it gets its own back. Should yet
/// another one have come meanwhile, that is the newest and stays.
fn undo(temporary: TempPath, target: &Path, ours: FileId) -> Result<()> {
    let has_ours = || fs::symlink_metadata(&temporary).is_ok_and(|metadata| FileId::of(&metadata) == ours);
    let back = exchange(&temporary, target);
    if back.is_ok() && has_ours() {
        return Err(changed(target));
    }
    if back.is_ok() {
        let _ = exchange(&temporary, target);
    }
    // Not ours to delete.
    let kept = temporary.keep().map_err(|error| about(target, error.error))?;
    let name = file_name(target);
    let kept = file_name(&kept);
    Err(Failure::new(
        Exit::File,
        format!("{name} was replaced meanwhile, more than once; one of these files is now {kept}"),
    ))
}

/// Both names change their files, or neither does (renameat2(2), RENAME_EXCHANGE).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn exchange(temporary: &Path, target: &Path) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
    match renameat2(AT_FDCWD, temporary, AT_FDCWD, target, RenameFlags::RENAME_EXCHANGE) {
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::ENOTSUP) => Err(io::ErrorKind::Unsupported.into()),
        other => Ok(other?),
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
