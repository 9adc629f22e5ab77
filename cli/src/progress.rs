//! The progress bar, on a terminal only, and notes.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::{name, printable, printable_lines};

const KNOWN: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN: &str = "{msg} {spinner} {bytes} {bytes_per_sec}";

/// A line on standard error. If writing it fails, the work continues.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(line));
}

/// Several lines on standard error.
pub fn note_lines(lines: &str) {
    let _ = writeln!(io::stderr(), "{}", printable_lines(lines));
}

/// A bar that counts plaintext bytes. There is none when the plaintext itself goes to the terminal.
pub fn bar(file: &Path, len: Option<u64>, quiet: bool, to_standard_output: bool) -> ProgressBar {
    if quiet || to_standard_output && io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    // Hidden unless standard error is a terminal.
    let bar = ProgressBar::with_draw_target(len, ProgressDrawTarget::stderr());
    let template = if len.is_some() { KNOWN } else { UNKNOWN };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(name(file))
}
