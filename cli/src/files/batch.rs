//! Several files in one run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::failure::{Exit, Failure, Result};
use crate::files::input::{Origin, is_standard};
use crate::progress::note;
use crate::system::stamp::FileId;
use crate::text::{file_name, name};

/// What is read and what was written, so that no file of a run replaces another.
#[derive(Default)]
pub struct Batch {
    inputs: HashSet<FileId>,
    written: HashSet<FileId>,
}

impl Batch {
    /// Processes every file, reports failures, and returns the exit status of the first. `one` returns what it wrote.
    pub fn run(
        files: &[PathBuf],
        output: Option<&Path>,
        mut one: impl FnMut(&Path, &Self) -> Result<Option<FileId>>,
    ) -> Result<ExitCode> {
        if files.len() > 1 && (output.is_some() || files.iter().any(|file| is_standard(file))) {
            return Err(Failure::usage("--output and - go with one FILE only"));
        }
        let inputs = files.iter().filter_map(|file| FileId::at(file).ok());
        let mut batch = Self { inputs: inputs.collect(), written: HashSet::new() };
        let mut first = None;
        for file in files {
            match one(file, &batch) {
                Ok(written) => batch.written.extend(written),
                Err(failure) => {
                    let about = if failure.of_output { "standard output".to_owned() } else { name(file) };
                    note(&format!("kmseal: {about}: {failure}"));
                    first.get_or_insert(failure.exit);
                }
            }
        }
        Ok(first.map_or(ExitCode::SUCCESS, Exit::into))
    }

    /// Fails if replacing this file with what comes of `input` loses another input or a result of this run.
    pub fn check(&self, target: &Path, there: FileId, input: &Origin) -> Result<()> {
        let why = if self.written.contains(&there) {
            "was written in this run; name each FILE once"
        } else if self.inputs.contains(&there) && there != input.id {
            "is also a FILE of this run; process it in another run, or name another --output"
        } else {
            return Ok(());
        };
        Err(Failure::new(Exit::File, format!("{} {why}", file_name(target))))
    }
}
