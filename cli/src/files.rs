//! The files of a run, read and written whole or not at all.

pub mod batch;
pub mod input;
pub mod output;
pub mod replace;
pub mod stdout;
pub mod unfinished;

use std::path::Path;

/// Where a file lies.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
