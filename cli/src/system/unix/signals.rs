//! A signal that ends the command leaves neither a file nor a core dump behind.

use std::sync::Arc;
use std::{fs, io, process, thread};

use nix::sys::resource::{Resource, setrlimit};
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::files::unfinished::named;

/// Bytes. The thread needs few, whatever the other threads get.
const STACK_LEN: usize = 128 * 1024;

/// Those that end a process by default and can be caught (signal(7)). The program's own faults (SIGSEGV, SIGBUS, SIGILL,
/// SIGFPE) cannot be handed to a thread.
const ENDING: [i32; 13] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTRAP, SIGABRT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGPROF, SIGSYS,
];

/// On Linux also SIGSTKFLT, SIGIO, SIGPWR, and the real-time signals except glibc's own two.
#[cfg(target_os = "linux")]
fn more() -> impl Iterator<Item = i32> {
    [16, 29, 30].into_iter().chain(34..=64)
}

#[cfg(not(target_os = "linux"))]
fn more() -> impl Iterator<Item = i32> {
    std::iter::empty()
}

/// Removes the unfinished file when such a signal comes, and then ends the process as it does by default.
pub fn watch() -> io::Result<()> {
    // Exceeding the limit of file sizes becomes an error of write, like a full disk, and does not end the process.
    flag::register(SIGXFSZ, Arc::default())?;
    let ignored = ignored();
    let watched = ENDING.into_iter().chain(more()).filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(watched)?;
    thread::Builder::new().stack_size(STACK_LEN).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // The lock is held to the end, so that no other thread makes or renames a file.
            let named = named();
            if let Some(path) = named.as_ref() {
                let _ = fs::remove_file(path);
            }
            // The kernel keeps a container's first process from such an end (pid_namespaces(7)); the emulation would crash in its place.
            if process::id() != 1 {
                let _ = emulate_default_handler(signal);
            }
            process::exit(128 + signal);
        }
    })?;
    Ok(())
}

/// Forbids core dumps, which would hold plaintext and data keys. Both calls only take rights away, so they do not fail.
pub fn forbid_core_dumps() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // A program that collects dumps (core(5), "Piping core dumps to a program") ignores the limit.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// The signals that nohup or a shell has us ignore, one bit each (proc_pid_status(5), SigIgn); none where there is no /proc.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
