//! Ending by a signal leaves no file behind.

use std::sync::Arc;
use std::{fs, io, process, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::output::unfinished;

/// Bytes; it does little, whatever other threads are given.
const STACK: usize = 128 * 1024;

/// Removes the unfinished file on SIGINT, SIGTERM and SIGHUP, and then ends the process as they do.
pub fn watch() -> io::Result<()> {
    // A file beyond the size limit is an error of write, as a full disk is, and not the end of the process.
    flag::register(SIGXFSZ, Arc::default())?;
    let ignored = ignored();
    let watched = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(watched)?;
    thread::Builder::new().stack_size(STACK).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end, so that nothing is made or renamed any more.
            let unfinished = unfinished();
            if let Some(path) = unfinished.as_ref() {
                let _ = fs::remove_file(path);
            }
            let _ = emulate_default_handler(signal);
            process::exit(128 + signal);
        }
    })?;
    Ok(())
}

/// The signals that nohup or a shell has us ignore, one bit each (proc_pid_status(5), SigIgn); none where there is no /proc.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
