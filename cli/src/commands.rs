//! The subcommands. Each handles every file by itself.

mod keys;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use kmseal::Limits;
use kmseal::edge::default_frame_length;
use kmseal::io::read_header;

use crate::args::{Aws, Files, From, Inspect, Key, Open, Reseal, Seal};
use crate::aws::kms::Kms;
use crate::aws::public_key;
use crate::aws::session::Session;
use crate::envelope::inspected::{Inspected, layout_of};
use crate::envelope::names::left_out;
use crate::envelope::open::open as open_frames;
use crate::envelope::pipeline::MEMORY_LEN;
use crate::envelope::reseal::reseal as reseal_frames;
use crate::envelope::seal::{Plan, seal as seal_frames};
use crate::envelope::unlock::Unlocker;
use crate::failure::{Failure, Result};
use crate::files::batch::Batch;
use crate::files::input::{Input, is_standard};
use crate::files::output::{Options, Output, Target};
use crate::files::stdout;
use crate::key_file;
use crate::progress::{bar, note};
use crate::text::name;

const ENDING: &str = "kmseal";

pub fn key(args: &Key, aws: &Aws, quiet: bool) -> Result<ExitCode> {
    let (json, fingerprint, elsewhere) = match (&args.key_id, &args.raw) {
        (_, Some(file)) => {
            let key = key_file::describe_raw(file, &keys::raw_options(args))?;
            (key_file::write_raw(&key), key.fingerprint().to_owned(), None)
        }
        (key_id, None) => {
            let session = Rc::new(Session::new(aws, key_id.as_deref())?);
            let mut kms = Kms::new(&session, &args.grants.grant_token);
            let answer = kms.get_public_key(key_id.as_deref().unwrap_or_default())?;
            let key = public_key::check(&answer, &keys::options(&args.algorithm, &args.kinds, &args.fingerprint))?;
            (public_key::write(&answer), key.fingerprint().to_owned(), session.kms_elsewhere())
        }
    };
    stdout::print(json)?;
    if !quiet {
        note(&format!("fingerprint {fingerprint}"));
        // A page that seals for the key of an emulator notices nothing.
        if let Some(place) = elsewhere {
            note(&format!("KMS was asked at {place}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub fn seal(args: &Seal, quiet: bool) -> Result<ExitCode> {
    keys::check_pipes(&args.files.files, &[&args.to.key])?;
    let recipients = keys::recipients(&args.to, &args.algorithm)?;
    let stored = keys::context(&args.encryption_context)?;
    let required = keys::context(&args.required_encryption_context)?;
    stored.with_required(&required).map_err(keys::wrong_usage)?;
    Batch::run(&args.files.files, args.files.output.as_deref(), |file, batch| {
        let target = target(&args.files, file, || Ok(with_ending(file)))?;
        let mut input = Input::open(file)?;
        let options = Options { force: args.files.force, binary: true, in_place: false };
        let mut output = Output::create(&target, options, &input.origin, batch)?;
        let bar = bar(file, input.len, quiet, false);
        let plan = Plan {
            recipients: &recipients,
            stored: &stored,
            required: &required,
            frame_length: args.to.frame_length.unwrap_or_else(|| default_frame_length(input.len)),
        };
        let Input { reader, origin, .. } = &mut input;
        let sealed = seal_frames(&plan, reader, Some(origin), &mut output, MEMORY_LEN, |len| bar.inc(len));
        bar.finish_and_clear();
        sealed?;
        output.finish()
    })
}

pub fn open(args: &Open, aws: &Aws, quiet: bool) -> Result<ExitCode> {
    keys::check_pipes(&args.files.files, &[&args.key, &args.from.raw_key, &args.from.private_key])?;
    let mut unlocker = keys::unlocker(&args.key, &args.from, &args.algorithm, aws)?;
    let limits = args.from.limits.get();
    Batch::run(&args.files.files, args.files.output.as_deref(), |file, batch| {
        let target = target(&args.files, file, || without_ending(file))?;
        let mut envelope = Envelope::read(file, &limits)?;
        let options = Options { force: args.files.force, binary: false, in_place: false };
        let mut output = Output::create(&target, options, &envelope.input.origin, batch)?;
        let frame_length = envelope.header.frame_length();
        let (opened, key) = unlocker.unlock(envelope.header)?;
        let bar = bar(file, envelope.plaintext_len, quiet, matches!(target, Target::Standard));
        let progress = |len| bar.inc(len);
        let done = open_frames(opened, &mut envelope.input.reader, &mut output, frame_length, MEMORY_LEN, progress);
        bar.finish_and_clear();
        done?;
        let written = output.finish()?;
        note_key(file, &key, &unlocker, quiet);
        Ok(written)
    })
}

pub fn reseal(args: &Reseal, aws: &Aws, quiet: bool) -> Result<ExitCode> {
    let From { raw_key, private_key, .. } = &args.from;
    keys::check_pipes(&args.files.files, &[&args.to.key, &args.old_key, raw_key, private_key])?;
    let recipients = keys::recipients(&args.to, &args.algorithm)?;
    let mut unlocker = keys::unlocker(&args.old_key, &args.from, &args.algorithm, aws)?;
    let limits = args.from.limits.get();
    Batch::run(&args.files.files, args.files.output.as_deref(), |file, batch| {
        // The envelope itself, not a link to it, is replaced.
        let target = target(&args.files, file, || Ok(fs::canonicalize(file)?))?;
        let mut envelope = Envelope::read(file, &limits)?;
        let options = Options { force: args.files.force, binary: true, in_place: args.files.output.is_none() };
        let mut output = Output::create(&target, options, &envelope.input.origin, batch)?;
        let stored = envelope.header.context().clone();
        let required = unlocker.expected.required_beside(&stored)?;
        let old_length = envelope.header.frame_length();
        let left_out = left_out(&envelope.header, &recipients);
        let (opened, key) = unlocker.unlock(envelope.header)?;
        let bar = bar(file, envelope.plaintext_len, quiet, false);
        // Long frames in a stream show that its length was known when it was sealed.
        let least = if envelope.plaintext_len.is_none() { old_length } else { 0 };
        let by_length = || default_frame_length(envelope.plaintext_len).max(least);
        let frame_length = args.to.frame_length.unwrap_or_else(by_length);
        let plan = Plan { recipients: &recipients, stored: &stored, required: &required, frame_length };
        let progress = |len| bar.inc(len);
        let done = reseal_frames(opened, &mut envelope.input.reader, old_length, &plan, &mut output, progress);
        bar.finish_and_clear();
        done?;
        let written = output.finish()?;
        note_key(file, &key, &unlocker, quiet);
        // A break-glass key is missed only when it is needed.
        if !left_out.is_empty() && !quiet {
            note(&format!("{}: the new envelope no longer opens with {}", name(file), left_out.join(", ")));
        }
        Ok(written)
    })
}

pub fn inspect(args: &Inspect) -> Result<ExitCode> {
    let limits = args.limits.get();
    Batch::run(&args.files, None, |file, _| {
        let envelope = Envelope::read(file, &limits)?;
        let layout = layout_of(&envelope.header, &envelope.input.origin);
        // The header helps to find out what happened to an envelope that is not whole.
        let inspected = Inspected::new(&envelope.header, layout.as_ref().ok().copied().flatten());
        stdout::print(if args.json { inspected.json(file) } else { inspected.text(file) })?;
        layout?;
        Ok(None)
    })
}

/// Where the result goes: to --output, to standard output for standard input, or beside the file.
fn target(files: &Files, file: &Path, beside: impl FnOnce() -> Result<PathBuf>) -> Result<Target> {
    match &files.output {
        Some(output) if is_standard(output) => Ok(Target::Standard),
        Some(output) => Ok(Target::File(output.clone())),
        None if is_standard(file) => Ok(Target::Standard),
        // The resulting name may be `-`, which is then a file.
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
    Err(Failure::usage("the name does not end in .kmseal; give --output"))
}

/// Where the envelope chose the key, a note tells the user which one it was.
fn note_key(file: &Path, key: &str, unlocker: &Unlocker, quiet: bool) {
    if unlocker.lets_envelopes_choose() && !quiet {
        note(&format!("{}: opened with {key}", name(file)));
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
        let layout = input.len.and_then(|len| header.layout(len));
        let plaintext_len = layout.map(|layout| layout.plaintext_len());
        Ok(Self { input, header, plaintext_len })
    }
}
