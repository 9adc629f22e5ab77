//! Writes files to the disk, and reports whether they got there.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd;

/// Syncs the content, before a name makes it look whole.
pub fn content(file: impl AsFd) -> io::Result<()> {
    Ok(ignoring_unsupported(retrying(|| sync(file.as_fd())))?)
}

#[cfg(not(target_vendor = "apple"))]
fn sync(file: BorrowedFd<'_>) -> nix::Result<()> {
    unistd::fsync(file)
}

/// Apple's fsync(2) leaves it in the disk's own cache, which a power failure empties; F_FULLFSYNC does not (fcntl(2)). Pipes, terminals and some
/// file systems do not have that call, and what they say of it varies: only the errors of a disk count.
#[cfg(target_vendor = "apple")]
fn sync(file: BorrowedFd<'_>) -> nix::Result<()> {
    use nix::fcntl::{FcntlArg, fcntl};
    match fcntl(file, FcntlArg::F_FULLFSYNC) {
        Ok(_) => Ok(()),
        Err(error @ (Errno::EINTR | Errno::EIO | Errno::ENOSPC | Errno::EDQUOT)) => Err(error),
        Err(_) => unistd::fsync(file),
    }
}

/// Closes a file that was written. NFS and others report here what they could not write (close(2)); dropping would ignore it.
pub fn close(file: File) -> io::Result<()> {
    Ok(ignoring_interruption(unistd::close(file))?)
}

/// Syncs the names in a folder. An unreadable folder cannot be synced itself, but its file system can (syncfs(2) needs any file
/// there, which the new one is).
pub fn folder(folder: &Path, file: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => content(&folder),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => file_system(&File::open(file)?),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
fn file_system(file: &File) -> io::Result<()> {
    Ok(retrying(|| unistd::syncfs(file))?)
}

#[cfg(not(target_os = "linux"))]
fn file_system(file: &File) -> io::Result<()> {
    content(file)
}

/// Pipes, terminals and some file systems have nothing to sync (fsync(2), EINVAL).
fn ignoring_unsupported(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::EINVAL | Errno::ENOTSUP | Errno::ENOSYS) => Ok(()),
        other => other,
    }
}

/// Linux closes the file even then, and a second close is wrong (close(2)). What was written is synced by then.
pub fn ignoring_interruption(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::EINTR) => Ok(()),
        other => other,
    }
}

fn retrying(mut call: impl FnMut() -> nix::Result<()>) -> nix::Result<()> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}
