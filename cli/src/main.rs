//! `kmseal`: seals files so that only AWS KMS can open them, and opens them.

mod args;
mod aws;
mod check;
mod command_line;
mod commands;
mod envelope;
mod environment;
mod failure;
mod files;
mod key_file;
mod manual;
mod progress;
mod remedies;
mod system;
mod text;
mod wrapping;

#[cfg(test)]
#[path = "../../tests/core/allocator.rs"]
#[expect(dead_code, reason = "the core's tests also count with it")]
mod allocator;

use std::process::ExitCode;

use crate::args::Command;
use crate::failure::{Failure, Result};
use crate::files::{stdout, unfinished};
use crate::system::signals;

fn main() -> ExitCode {
    environment::unset_empty();
    let status = run().unwrap_or_else(|failure| told(&failure));
    match stdout::finish() {
        Err(failure) if status == ExitCode::SUCCESS => told(&failure),
        _ => status,
    }
}

fn told(failure: &Failure) -> ExitCode {
    let about = if failure.of_output { "standard output: " } else { "" };
    progress::note(&format!("kmseal: {about}{failure}"));
    failure.exit.into()
}

fn run() -> Result<ExitCode> {
    let cli = match command_line::parse()? {
        Ok(cli) => cli,
        Err(status) => return Ok(status),
    };
    signals::forbid_core_dumps();
    signals::watch()?;
    unfinished::remove_on_panic();
    match &cli.command {
        Command::Key(args) => commands::key(args, &cli.aws, cli.quiet),
        Command::Seal(args) => commands::seal(args, cli.quiet),
        Command::Open(args) => commands::open(args, &cli.aws, cli.quiet),
        Command::Reseal(args) => commands::reseal(args, &cli.aws, cli.quiet),
        Command::Inspect(args) => commands::inspect(args),
        Command::Check(args) => check::check(args, &cli.aws),
        Command::Man { command } => manual::page(command.as_deref()),
        Command::Completions { shell } => manual::completions(*shell),
    }
}
