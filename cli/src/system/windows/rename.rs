//! Putting a file in another one's place.
#![allow(unsafe_code, reason = "ReplaceFileW, which the standard library does not have")]

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null;

use tempfile::TempPath;
use windows_sys::Win32::Storage::FileSystem::ReplaceFileW;

/// Windows has no exchange of names.
pub fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Puts the file in the target's place. It gets the target's access control list and attributes (ReplaceFileW), and so is read by
/// those who could read that; a link is replaced by it.
pub fn over(temporary: TempPath, target: &Path) -> io::Result<()> {
    if target.is_symlink() {
        return temporary.persist(target).map_err(|error| error.error);
    }
    let wide = |path: &Path| path.as_os_str().encode_wide().chain([0]).collect::<Vec<u16>>();
    // Wine takes no relative name here.
    let (replaced, replacement) = (wide(&std::path::absolute(target)?), wide(&temporary));
    // SAFETY: both names end in a null and outlive the call; the others may be null.
    let done = unsafe { ReplaceFileW(replaced.as_ptr(), replacement.as_ptr(), null(), 0, null(), null()) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // Its name is gone.
    let _ = temporary.keep();
    Ok(())
}
