//! Who may read what replaces a file: those who could read that, and nobody else.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

/// Without set-user-ID and set-group-ID, which somebody gave to other content.
const PERMISSIONS: u32 = 0o777;
const OWNER_ONLY: u32 = 0o600;
const OWNER_ALL: u32 = 0o700;

/// Gives the new file the old one's owner, group, mode and access control list. If one of them cannot be kept, only the new
/// file's owner can read it, and this is what to tell.
pub fn keep(new: &File, old: &Path, metadata: &Metadata) -> io::Result<Option<String>> {
    if fchown(new, Some(metadata.uid()), Some(metadata.gid())).is_err() {
        return owner_only(new);
    }
    match acl::of(old) {
        Ok(None) if acl::remove(new) => new.set_permissions(Permissions::from_mode(metadata.mode() & PERMISSIONS))?,
        // It sets the mode, too.
        Ok(Some(list)) if acl::set(new, &list) => {}
        _ => return owner_only(new),
    }
    Ok(None)
}

fn owner_only(file: &File) -> io::Result<Option<String>> {
    // This empties the mask of an access control list, so that the list grants nothing.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    let owner = file.metadata()?.uid();
    Ok(Some(format!("its rights could not be kept; only its owner now, user {owner}, can read it")))
}

/// The mode of a file that others than its owner can read or write. The mask of an access control list counts, too: it is the group's part.
pub fn others(file: &File) -> io::Result<Option<String>> {
    let mode = file.metadata()?.mode() & PERMISSIONS;
    Ok((mode & !OWNER_ALL != 0).then(|| format!("mode {mode:o}")))
}

/// How many names a file has.
pub fn names(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Access control lists (acl(5)); the group bits of a file that has one are its mask.
#[cfg(target_os = "linux")]
mod acl {
    use std::fs::File;
    use std::path::Path;

    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, lgetxattr};
    use rustix::io::{Errno, Result};

    const NAME: &str = "system.posix_acl_access";
    /// Bytes of the longest extended attribute (xattr(7)).
    const LONGEST_LEN: usize = 64 * 1024;

    /// The list, if the file has one and its file system has lists.
    pub fn of(file: &Path) -> Result<Option<Vec<u8>>> {
        let mut list = vec![0; LONGEST_LEN];
        match lgetxattr(file, NAME, &mut list[..]) {
            Ok(len) => {
                list.truncate(len);
                Ok(Some(list))
            }
            Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn set(file: &File, list: &[u8]) -> bool {
        fsetxattr(file, NAME, list, XattrFlags::empty()).is_ok()
    }

    /// Removes the list that a new file gets from its folder ("Object creation and default ACLs"). The old mode would open its
    /// mask.
    pub fn remove(file: &File) -> bool {
        matches!(fremovexattr(file, NAME), Ok(()) | Err(Errno::NODATA | Errno::NOTSUP))
    }
}

/// Other systems have other kinds of lists, which the command does not keep.
#[cfg(not(target_os = "linux"))]
mod acl {
    use std::fs::File;
    use std::io::Result;
    use std::path::Path;

    pub fn of(_: &Path) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    pub fn set(_: &File, _: &[u8]) -> bool {
        false
    }

    pub fn remove(_: &File) -> bool {
        true
    }
}
