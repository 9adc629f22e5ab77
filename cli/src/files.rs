//! The files of a run, read and written whole or not at all.

pub mod batch;
pub mod input;
pub mod output;
pub mod replace;
pub mod stdout;
pub mod unfinished;

use std::io;
use std::path::Path;

use crate::failure::{Exit, Failure};
use crate::text::file_name;

/// Where a file lies.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A failure of writing a file.
pub fn about(target: &Path, error: io::Error) -> Failure {
    let failure = Failure::from(error);
    Failure::new(failure.exit, format!("writing {}: {failure}", file_name(target)))
}

/// The target is no longer what the command found.
pub fn changed(target: &Path) -> Failure {
    let name = file_name(target);
    Failure::new(
        Exit::File,
        format!("another program changed, replaced or deleted {name}, which is left as it is now; run this again"),
    )
}
