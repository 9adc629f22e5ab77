//! `kmseal`: seals files so that only AWS KMS can open them, and opens them.
#![deny(unsafe_code)]

mod account;
mod args;
mod batch;
mod command_line;
mod commands;
mod configuration;
mod descriptors;
mod failure;
mod input;
mod inspect;
mod key_file;
mod kms;
mod opener;
mod opening;
mod output;
mod pipeline;
mod progress;
mod refusal;
mod region;
mod replace;
mod reseal;
mod rights;
mod sealing;
mod signals;
mod stamp;
mod standard;
mod sync;
mod text;
mod unfinished;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Cli, Command};
use crate::failure::{Failure, Result};

fn main() -> ExitCode {
    let status = run().unwrap_or_else(|failure| told(&failure));
    match standard::finish() {
        Err(failure) if status == ExitCode::SUCCESS => told(&failure),
        _ => status,
    }
}

fn told(failure: &Failure) -> ExitCode {
    let about = if failure.of_output { "standard output: " } else { "" };
    progress::note(&format!("kmseal: {about}{failure}"));
    ExitCode::from(failure.exit as u8)
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
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "kmseal", &mut script);
            standard::print(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
