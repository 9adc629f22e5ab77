//! Reads the command line, whose words may come from file names.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::failure::{Exit, Result};
use crate::files::stdout;
use crate::progress::note_lines;

/// The command line. If it asked for help or the version, or is wrong, this prints that and returns the exit status.
pub fn parse() -> Result<std::result::Result<Cli, ExitCode>> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(Ok(cli)),
        Err(error) => error,
    };
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let colours = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            stdout::print(&if colours { text.ansi().to_string() } else { text.to_string() })?;
            Ok(Err(ExitCode::SUCCESS))
        }
        _ => {
            note_lines(text.to_string().trim_end());
            Ok(Err(Exit::Usage.into()))
        }
    }
}
