//! What the command prints about itself: manual pages, and completion scripts for shells.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::{Failure, Result};
use crate::files::stdout;

/// A manual page in roff, of the command or of one of its subcommands.
pub fn page(of: Option<&str>) -> Result<ExitCode> {
    let mut cli = Cli::command();
    cli.build();
    let command = match of {
        Some(name) => {
            let unknown = || Failure::usage(format!("{name:?} is not a subcommand; see kmseal --help"));
            cli.find_subcommand(name).cloned().ok_or_else(unknown)?
        }
        None => cli,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    stdout::print(&page)?;
    Ok(ExitCode::SUCCESS)
}

/// A completion script.
pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kmseal", &mut script);
    stdout::print(&script)?;
    Ok(ExitCode::SUCCESS)
}
