//! The standard handles.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::path::Path;

use crate::failure::{Exit, Failure, Result};

/// Fails if this input is standard input, and there is none (GetStdHandle gives null).
pub fn check_input(path: &Path) -> Result<()> {
    if path.as_os_str() == "-" && io::stdin().as_raw_handle().is_null() {
        return Err(Failure::new(Exit::File, "standard input is closed; redirect it from a file or a pipe"));
    }
    Ok(())
}

/// Fails if there is no standard output.
pub fn check_output() -> Result<()> {
    if io::stdout().as_raw_handle().is_null() {
        return Err(Failure::new(Exit::File, "standard output is closed; redirect it, or give --output").about_output());
    }
    Ok(())
}

/// Standard input as a file: `Stdin` buffers once more.
pub fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Whether the input and this other file are one pipe: there no name leads to standard input.
pub fn is_one_pipe(_: &Path, _: &Path) -> bool {
    false
}

/// Does `work`. The programs that it starts have the command's own standard input here.
pub fn without_stdin<T>(work: impl FnOnce() -> T) -> T {
    work()
}
