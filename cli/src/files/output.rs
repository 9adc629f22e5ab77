//! What is written: files that appear whole or not at all, and standard output.

use std::fs::{self, Metadata};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf, is_separator};

use crate::failure::{Exit, Failure, Result};
use crate::files::batch::Batch;
use crate::files::input::Origin;
use crate::files::stdout::Standard;
use crate::files::unfinished::Unfinished;
use crate::files::{about, changed, folder_of};
use crate::system::stamp::{FileId, Stamp};
use crate::text::file_name;

/// Where to write. A file may also be called `-`.
pub enum Target {
    Standard,
    File(PathBuf),
}

/// How to write.
#[derive(Clone, Copy)]
pub struct Options {
    /// Replace what is there.
    pub force: bool,
    /// The output is an envelope, which no terminal should show.
    pub binary: bool,
    /// Replace the input itself, which must still be what was read.
    pub in_place: bool,
}

/// An open output.
pub enum Output {
    Standard(Standard),
    File(Unfinished),
}

impl Output {
    /// Opens standard output, a file without a name, or a temporary file beside the target.
    pub fn create(target: &Target, options: Options, input: &Origin, batch: &Batch) -> Result<Self> {
        let target = match target {
            Target::Standard => return standard(options.binary, input).map(Self::Standard),
            Target::File(target) => target,
        };
        let mut old = what_is_there(target, options.force)?;
        if let Some(there) = &mut old {
            batch.check(target, there.id, input)?;
            if options.in_place {
                // The file that was opened counts, not one that has taken its place since.
                *there = input.stamp.filter(|read| read.id == there.id).ok_or_else(|| changed(target))?;
            }
        } else if options.in_place {
            return Err(changed(target));
        }
        Unfinished::create(target, old).map(Self::File)
    }

    /// Gives the whole file its name, and returns which file it is.
    pub fn finish(self) -> Result<Option<FileId>> {
        match self {
            Self::Standard(_) => Ok(None),
            Self::File(file) => file.finish().map(Some),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(standard) => standard.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn standard(binary: bool, input: &Origin) -> Result<Standard> {
    let standard = Standard::open()?;
    if binary && io::stdout().is_terminal() {
        return Err(Failure::usage(
            "an envelope is not text, and would garble a terminal; give --output, or redirect this to a file",
        ));
    }
    // The command would read what it wrote, or the shell has emptied what it should read.
    if Standard::file()? == Some(input.id) {
        return Err(Failure::new(Exit::File, "standard output is the input file; write to another file"));
    }
    Ok(standard)
}

/// The file to replace, if it may be replaced.
fn what_is_there(target: &Path, force: bool) -> Result<Option<Stamp>> {
    let refused = |why: &str| Err(Failure::new(Exit::File, format!("{} {why}", file_name(target))));
    let special = "is not a regular file; name one with --output, or - for standard output";
    let metadata = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let last = target.as_os_str().as_encoded_bytes().last();
            let is_file = target.file_name().is_some() && !last.is_some_and(|byte| is_separator(char::from(*byte)));
            return if !is_file {
                refused("cannot be the name of a file; give another name with --output")
            } else if is_lost_in(folder_of(target)) {
                refused(
                    "would be in /dev, which is emptied when the system stops; name another file with --output, or write - for standard input",
                )
            } else {
                Ok(None)
            };
        }
        Err(error) => return Err(about(target, error)),
    };
    if !metadata.is_file() && !metadata.is_symlink() {
        refused(special)
    } else if !force {
        refused("exists; --force replaces it, --output names another file")
    } else if metadata.is_symlink() && is_special(target) {
        refused("links to something that is not a regular file; name a file with --output, or - for standard output")
    } else {
        Stamp::of_name(target).map(Some).map_err(|error| about(target, error))
    }
}

/// Whether a folder is of devices, in memory, where only root may make files. A result gets there from /dev/stdin, or by the wrong name of a disk.
fn is_lost_in(folder: &Path) -> bool {
    fs::canonicalize(folder).is_ok_and(|folder| folder.starts_with("/dev") && !folder.starts_with("/dev/shm"))
}

/// Whether a link leads to something other than a file, or through the system's own folders, as /dev/stdout does.
fn is_special(link: &Path) -> bool {
    if fs::metadata(link).is_ok_and(|metadata: Metadata| !metadata.is_file()) {
        return true;
    }
    let mut at = link.to_owned();
    // As many links as Linux follows (path_resolution(7)).
    for _ in 0..40 {
        let Ok(next) = fs::read_link(&at) else { break };
        at = folder_of(&at).join(next);
        if ["/dev", "/proc", "/sys"].iter().any(|folder| at.starts_with(folder)) {
            return true;
        }
    }
    false
}
