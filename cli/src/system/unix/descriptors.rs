//! The standard descriptors as the program received them.
//!
//! Before `main`, Rust's standard library opens /dev/null for each closed one, so that no file takes its number. After
//! that, a closed standard input looks empty, and a closed standard output takes everything. So this looks at them earlier.
#![allow(unsafe_code, reason = "file descriptors before main")]

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc::{F_GETFD, STDIN_FILENO, STDOUT_FILENO, fcntl};
use nix::unistd::dup2_stdin;

use crate::failure::{Exit, Failure, Result};
use crate::system::stamp::FileId;

static STDIN_CLOSED: AtomicBool = AtomicBool::new(false);
static STDOUT_CLOSED: AtomicBool = AtomicBool::new(false);

ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn look() {
        // SAFETY: F_GETFD takes no argument, changes nothing, and fails for a number that is not open (fcntl(2)).
        let is_closed = |number| unsafe { fcntl(number, F_GETFD) } == -1;
        STDIN_CLOSED.store(is_closed(STDIN_FILENO), Ordering::Relaxed);
        STDOUT_CLOSED.store(is_closed(STDOUT_FILENO), Ordering::Relaxed);
    }
}

/// Fails if this input is standard input, by any of its names, and standard input was closed.
pub fn check_input(path: &Path) -> Result<()> {
    let is_standard = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path.as_os_str() == *name);
    if is_standard && STDIN_CLOSED.load(Ordering::Relaxed) {
        return Err(Failure::new(Exit::File, "standard input is closed; redirect it from a file or a pipe"));
    }
    Ok(())
}

/// Fails if standard output was closed.
pub fn check_output() -> Result<()> {
    if STDOUT_CLOSED.load(Ordering::Relaxed) {
        return Err(Failure::new(Exit::File, "standard output is closed; redirect it, or give --output").about_output());
    }
    Ok(())
}

/// Standard input as a file: `Stdin` buffers once more.
pub fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Whether the input (`-` for standard input) and this other file are one pipe or device: what is read of one is gone for the other.
pub fn is_one_pipe(input: &Path, other: &Path) -> bool {
    let has_end = |file: &Metadata| file.is_file() || file.is_dir();
    let id = if input.as_os_str() == "-" { stdin().and_then(|file| FileId::of(&file)) } else { FileId::at(input) };
    fs::metadata(other).is_ok_and(|file| !has_end(&file))
        && id.is_ok_and(|id| FileId::at(other).is_ok_and(|it| it == id))
}

/// Does `work` with an empty standard input for the programs that it starts. What comes there is for this command, or for the loop of a
/// script around it, and a `credential_process` such as ssh would take it. At a terminal it may ask a person.
pub fn without_stdin<T>(work: impl FnOnce() -> T) -> T {
    let kept = if io::stdin().is_terminal() { None } else { empty_stdin().ok() };
    let done = work();
    if let Some(kept) = kept {
        let _ = dup2_stdin(kept);
    }
    done
}

/// What was standard input until now.
fn empty_stdin() -> io::Result<OwnedFd> {
    let kept = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(kept)
}
