//! Putting a finished file in another one's place, if that is still what it was.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

use tempfile::TempPath;

use crate::failure::{Exit, Failure, Result};
use crate::files::{about, changed};
use crate::progress::note;
use crate::system::rename;
use crate::system::rights;
use crate::system::stamp::{FileId, Stamp};
use crate::system::sync;
use crate::text::file_name;

/// What is replaced may be the only copy: the new bytes are on the disk before the old ones go. Closes the file.
pub fn replace(file: File, temporary: TempPath, target: &Path, old: &Stamp) -> Result<FileId> {
    let failed = |error| about(target, error);
    let there = still_there(target, old)?;
    let lost = if there.is_file() { rights::keep(&file, target, &there).map_err(failed)? } else { None };
    sync::content(&file).map_err(failed)?;
    let id = FileId::of(&file).map_err(failed)?;
    sync::close(file).map_err(failed)?;
    // If its rights were changed since, the new file has the old ones.
    still_there(target, old)?;
    match rename::exchange(&temporary, target) {
        Ok(()) => {
            let is_old = Stamp::of_name(&temporary).is_ok_and(|replaced| replaced.is_renamed(old));
            if is_old { temporary.close().map_err(failed)? } else { undo(temporary, target, id)? }
        }
        // A file system that cannot: then somebody may still come between the last look and this.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            rename::over(temporary, target).map_err(failed)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(changed(target)),
        Err(error) => return Err(failed(error)),
    }
    if let Some(lost) = lost {
        warn(target, &lost);
    }
    if there.is_file() && rights::names(&there) > 1 {
        warn(target, "its other names (hard links) keep what was there before");
    }
    Ok(id)
}

/// What was replaced is done, and yet not all that somebody may count on. `--quiet` hides notes, and not this.
fn warn(target: &Path, what: &str) {
    note(&format!("kmseal: {}: {what}", file_name(target)));
}

fn still_there(target: &Path, old: &Stamp) -> Result<Metadata> {
    match Stamp::of_name(target) {
        Ok(stamp) if stamp == *old => fs::symlink_metadata(target).map_err(|error| about(target, error)),
        Ok(_) => Err(changed(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(changed(target)),
        Err(error) => Err(about(target, error)),
    }
}

/// Somebody put another file there at the last moment, which now has the temporary name: it gets its own back. Should yet
/// another one have come meanwhile, that is the newest and stays.
fn undo(temporary: TempPath, target: &Path, ours: FileId) -> Result<()> {
    let has_ours = || Stamp::of_name(&temporary).is_ok_and(|stamp| stamp.id == ours);
    let back = rename::exchange(&temporary, target);
    if back.is_ok() && has_ours() {
        return Err(changed(target));
    }
    if back.is_ok() {
        let _ = rename::exchange(&temporary, target);
    }
    // Not ours to delete.
    let kept = temporary.keep().map_err(|error| about(target, error.error))?;
    let name = file_name(target);
    let kept = file_name(&kept);
    Err(Failure::new(
        Exit::File,
        format!(
            "other programs replaced {name} more than once meanwhile; one of these files is now {kept}, compare the two"
        ),
    ))
}
