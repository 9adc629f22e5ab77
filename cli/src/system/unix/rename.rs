//! Putting a file in another one's place.

use std::io;
use std::path::Path;

use tempfile::TempPath;

/// Swaps the files of both names, or neither (renameat2(2), RENAME_EXCHANGE).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn exchange(temporary: &Path, target: &Path) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
    match renameat2(AT_FDCWD, temporary, AT_FDCWD, target, RenameFlags::RENAME_EXCHANGE) {
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::ENOTSUP) => Err(io::ErrorKind::Unsupported.into()),
        other => Ok(other?),
    }
}

/// The same where nix has no such call.
#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
pub fn exchange(temporary: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, temporary, CWD, target, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::Unsupported.into()),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Puts the file in the target's place, whatever is there now.
pub fn over(temporary: TempPath, target: &Path) -> io::Result<()> {
    temporary.persist(target).map_err(|error| error.error)
}
