//! `kmseal check`: whether a set-up works, line by line, each fault with its remedy.

mod bucket;
mod finding;
mod key;
mod permissions;

use std::process::ExitCode;
use std::rc::Rc;

use crate::args::{Aws, Check};
use crate::aws::kms::Kms;
use crate::aws::session::Session;
use crate::check::finding::Report;
use crate::failure::Result;
use crate::files::stdout;

/// Checks what the command line names, prints the report, and returns the exit status of the first fault.
pub fn check(args: &Check, aws: &Aws) -> Result<ExitCode> {
    let session = Rc::new(Session::new(aws, Some(&args.key_id))?);
    let mut report = Report::default();
    let kms = Kms::new(&session, &args.grants.grant_token);
    let key = key::check(args, &session, kms, &mut report);
    bucket::check(args, &session, key.as_ref().map(kmseal::KmsPublicKey::key_id), &mut report);
    stdout::print(if args.json { report.json() } else { report.text() })?;
    Ok(report.status())
}
