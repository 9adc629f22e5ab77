//! Ending by Ctrl-C, by Ctrl-Break or with the console leaves no file behind.

use std::{fs, io, process};

use crate::files::unfinished::named;

/// STATUS_CONTROL_C_EXIT, with which Windows ends a program by default.
const ENDED: i32 = 0xC000_013A_u32.cast_signed();

/// Removes the unfinished file when such an event comes, and then ends the process.
pub fn watch() -> io::Result<()> {
    let ended = ctrlc::set_handler(|| {
        // The lock is held to the end, so that no other thread makes or renames a file.
        let named = named();
        if let Some(path) = named.as_ref() {
            let _ = fs::remove_file(path);
        }
        process::exit(ENDED);
    });
    ended.map_err(io::Error::other)
}

/// Windows writes none by default (Windows Error Reporting, LocalDumps).
pub fn forbid_core_dumps() {}
