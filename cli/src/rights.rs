//! Who may read what replaces a file: those who could read that, and nobody else.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

/// Neither set-user-ID nor set-group-ID: they were given to other content.
const PERMISSIONS: u32 = 0o777;
const OWNER_ONLY: u32 = 0o600;

/// Gives the new file the old one's owner, group, mode and access control list, and tells whether it has them. If one of
/// them cannot be kept, only the new file's owner can read it.
pub fn keep(new: &File, old: &Path, metadata: &Metadata) -> io::Result<bool> {
    if fchown(new, Some(metadata.uid()), Some(metadata.gid())).is_err() {
        return owner_only(new);
    }
    match acl::of(old) {
        Ok(None) if acl::remove(new) => new.set_permissions(Permissions::from_mode(metadata.mode() & PERMISSIONS))?,
        // It sets the mode, too.
        Ok(Some(list)) if acl::set(new, &list) => {}
        _ => return owner_only(new),
    }
    Ok(true)
}

fn owner_only(file: &File) -> io::Result<bool> {
    // With its mask at nothing a list gives nothing.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    Ok(false)
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
    const LONGEST: usize = 64 * 1024;

    /// The list, if the file has one and its file system has lists.
    pub fn of(file: &Path) -> Result<Option<Vec<u8>>> {
        let mut list = vec![0; LONGEST];
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

    /// Takes off a list that a new file has from its folder ("Object creation and default ACLs"); the old mode would open its
    /// mask.
    pub fn remove(file: &File) -> bool {
        matches!(fremovexattr(file, NAME), Ok(()) | Err(Errno::NODATA | Errno::NOTSUP))
    }
}

/// Other systems have lists of other kinds, which are not kept.
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
