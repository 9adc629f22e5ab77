//! `kmseal`: seals files so that only AWS KMS can open them, and opens them.
#![forbid(unsafe_code)]

mod args;
mod commands;
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
mod reseal;
mod sealing;
mod signals;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::args::{Cli, Command};
use crate::failure::Result;

fn main() -> ExitCode {
    run(&Cli::parse()).unwrap_or_else(|failure| {
        progress::note(&format!("kmseal: {failure}"));
        ExitCode::from(failure.exit as u8)
    })
}

fn run(cli: &Cli) -> Result<ExitCode> {
    signals::watch()?;
    match &cli.command {
        Command::Key(args) => commands::key(args, &cli.aws, cli.quiet),
        Command::Seal(args) => commands::seal(args, cli.quiet),
        Command::Open(args) => commands::open(args, &cli.aws, cli.quiet),
        Command::Reseal(args) => commands::reseal(args, &cli.aws, cli.quiet),
        Command::Inspect(args) => commands::inspect(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "kmseal", &mut script);
            io::stdout().write_all(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
