//! The subcommands, each file by itself.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kmseal::{EncryptionContext, KeyArn, Layout, Limits, PublicKey, default_length};

use crate::args::{Algorithm, Aws, Files, From, Inspect, Key, Open, Recipients, Reseal, Seal};
use crate::batch::Batch;
use crate::failure::{Exit, Failure, Result};
use crate::input::{Input, is_standard};
use crate::inspect::Inspected;
use crate::kms::Kms;
use crate::opener::{Allowed, Opener};
use crate::opening::{open as open_frames, read_header};
use crate::output::{Options, Output, Target};
use crate::pipeline::MEMORY;
use crate::progress::{bar, note};
use crate::sealing::{Plan, seal as seal_frames};
use crate::text::name;
use crate::{key_file, reseal as resealing, standard};

const ENDING: &str = "kmseal";

pub fn key(args: &Key, aws: &Aws, quiet: bool) -> Result<ExitCode> {
    let answer = Kms::new(aws, &args.grants.grant_token)?.get_public_key(&args.key_id)?;
    let key = key_file::check(&answer, args.algorithm.encryption_algorithm, args.fingerprint.as_ref())?;
    standard::print(key_file::write(&answer))?;
    if !quiet {
        note(&format!("fingerprint {}", key.fingerprint()));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn seal(args: &Seal, quiet: bool) -> Result<ExitCode> {
    let keys = recipients(&args.to, &args.algorithm)?;
    let stored = context(&args.encryption_context)?;
    let required = context(&args.required_encryption_context)?;
    stored.with_required(&required).map_err(wrong_usage)?;
    Batch::run(&args.files.files, args.files.output.as_deref(), |file, batch| {
        let target = target(&args.files, file, || Ok(with_ending(file)))?;
        let mut input = Input::open(file)?;
        let options = Options { force: args.files.force, binary: true, in_place: false };
        let mut output = Output::create(&target, options, &input.origin, batch)?;
        let bar = bar(file, input.len, quiet, false);
        let plan = Plan {
            keys: &keys,
            stored: &stored,
            required: &required,
            frame_length: args.to.frame_length.unwrap_or_else(|| default_length(input.len)),
        };
        let Input { reader, origin, .. } = &mut input;
        let sealed = seal_frames(&plan, reader, Some(origin), &mut output, MEMORY, |len| bar.inc(len));
        bar.finish_and_clear();
        sealed?;
        output.finish()
    })
}

pub fn open(args: &Open, aws: &Aws, quiet: bool) -> Result<ExitCode> {
    let mut opener = opener(&args.from, &args.algorithm, aws)?;
    let limits = args.from.limits.get();
    Batch::run(&args.files.files, args.files.output.as_deref(), |file, batch| {
        let target = target(&args.files, file, || without_ending(file))?;
        let mut envelope = Envelope::read(file, &limits)?;
        let options = Options { force: args.files.force, binary: false, in_place: false };
        let mut output = Output::create(&target, options, &envelope.input.origin, batch)?;
        let frame_length = envelope.header.frame_length();
        let (opened, key_id) = opener.unlock(envelope.header)?;
        let bar = bar(file, envelope.plaintext_len, quiet, matches!(target, Target::Standard));
        let progress = |len| bar.inc(len);
        let done = open_frames(opened, &mut envelope.input.reader, &mut output, frame_length, MEMORY, progress);
        bar.finish_and_clear();
        done?;
        let written = output.finish()?;
        note_key(file, &key_id, &args.from, quiet);
        Ok(written)
    })
}

pub fn reseal(args: &Reseal, aws: &Aws, quiet: bool) -> Result<ExitCode> {
    let keys = recipients(&args.to, &args.algorithm)?;
    let mut opener = opener(&args.from, &args.algorithm, aws)?;
    let limits = args.from.limits.get();
    Batch::run(&args.files.files, args.files.output.as_deref(), |file, batch| {
        // The envelope itself, not a link to it, is replaced.
        let target = target(&args.files, file, || Ok(fs::canonicalize(file)?))?;
        let mut envelope = Envelope::read(file, &limits)?;
        let options = Options { force: args.files.force, binary: true, in_place: args.files.output.is_none() };
        let mut output = Output::create(&target, options, &envelope.input.origin, batch)?;
        let stored = envelope.header.context().clone();
        let required = opener.expected.required_beside(&stored)?;
        let old_length = envelope.header.frame_length();
        let (opened, key_id) = opener.unlock(envelope.header)?;
        let bar = bar(file, envelope.plaintext_len, quiet, false);
        // Whoever sealed a stream with long frames knew how long it would be.
        let least = if envelope.plaintext_len.is_none() { old_length } else { 0 };
        let by_length = || default_length(envelope.plaintext_len).max(least);
        let frame_length = args.to.frame_length.unwrap_or_else(by_length);
        let plan = Plan { keys: &keys, stored: &stored, required: &required, frame_length };
        let progress = |len| bar.inc(len);
        let done = resealing::reseal(opened, &mut envelope.input.reader, old_length, &plan, &mut output, progress);
        bar.finish_and_clear();
        done?;
        let written = output.finish()?;
        note_key(file, &key_id, &args.from, quiet);
        Ok(written)
    })
}

pub fn inspect(args: &Inspect) -> Result<ExitCode> {
    let limits = args.limits.get();
    Batch::run(&args.files, None, |file, _| {
        let envelope = Envelope::read(file, &limits)?;
        let inspected = Inspected::new(&envelope.header, envelope.input.origin.rest)?;
        standard::print(if args.json { inspected.json(file) } else { inspected.text(file) })?;
        Ok(None)
    })
}

/// Where the result goes: --output, standard output for standard input, or beside the file.
fn target(files: &Files, file: &Path, beside: impl FnOnce() -> Result<PathBuf>) -> Result<Target> {
    match &files.output {
        Some(output) if is_standard(output) => Ok(Target::Standard),
        Some(output) => Ok(Target::File(output.clone())),
        None if is_standard(file) => Ok(Target::Standard),
        // A file's name may become `-`, and stays one.
        None => beside().map(Target::File),
    }
}

fn with_ending(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".");
    name.push(ENDING);
    name.into()
}

fn without_ending(file: &Path) -> Result<PathBuf> {
    if file.extension().is_some_and(|ending| ending == ENDING) {
        return Ok(file.with_extension(""));
    }
    Err(Failure::usage("the name does not end in .kmseal; say with --output where to write"))
}

fn recipients(to: &Recipients, algorithm: &Algorithm) -> Result<Vec<PublicKey>> {
    if !to.fingerprint.is_empty() && to.fingerprint.len() != to.key.len() {
        return Err(Failure::usage("give one --fingerprint for each --key, in the same order"));
    }
    let mut fingerprints = to.fingerprint.iter();
    to.key.iter().map(|key| key_file::read(key, algorithm.encryption_algorithm, fingerprints.next())).collect()
}

fn opener(from: &From, algorithm: &Algorithm, aws: &Aws) -> Result<Opener> {
    let expected = context(&from.encryption_context)?;
    let kms = Kms::new(aws, &from.grants.grant_token)?;
    let allowed = match from.key_id.as_slice() {
        [] if from.discover => Allowed::Any,
        [] => Allowed::Own,
        keys => Allowed::Listed(keys.to_vec()),
    };
    Ok(Opener::new(kms, allowed, algorithm.encryption_algorithm, expected))
}

fn context(pairs: &[(String, String)]) -> Result<EncryptionContext> {
    EncryptionContext::from_pairs(pairs.iter().cloned()).map_err(wrong_usage)
}

fn wrong_usage(error: kmseal::Error) -> Failure {
    Failure::from(error).with_exit(Exit::Usage)
}

/// Without --key-id the envelope chose the key: whoever opens it should know which.
fn note_key(file: &Path, key_id: &KeyArn, from: &From, quiet: bool) {
    if from.key_id.is_empty() && !quiet {
        note(&format!("{}: opened with {}", name(file), key_id.as_str()));
    }
}

/// An envelope whose header is read.
struct Envelope {
    input: Input,
    header: kmseal::Header,
    plaintext_len: Option<u64>,
}

impl Envelope {
    fn read(file: &Path, limits: &Limits) -> Result<Self> {
        let mut input = Input::open(file)?;
        let header = read_header(&mut input.reader, limits)?;
        let layout = input.len.and_then(|len| Layout::of_envelope(header.len(), len, header.frame_length()));
        let plaintext_len = layout.map(|layout| layout.plaintext_len());
        Ok(Self { input, header, plaintext_len })
    }
}
