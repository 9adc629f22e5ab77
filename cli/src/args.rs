//! The command line.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use kmseal::{EncryptionAlgorithm, FRAME_LENGTHS, KeyArn, Limits};

use crate::region;

const STATUS: &str = "\
Exit status: 0 all done; 1 a file could not be read or written; 2 wrong usage; 3 not an envelope, or one that was cut off \
or altered; 4 sealed for other keys or under another encryption context; 5 KMS refused or was not reached; 6 the public \
key cannot be used. With several files the first failure's; the others are still done.";

/// Seals files so that only AWS KMS can open them, and opens them.
#[derive(Parser)]
#[command(name = "kmseal", version, after_help = STATUS, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub aws: Aws,
    /// Show no progress bar and no notes, only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// As in the AWS CLI, before or after the subcommand.
#[derive(Args)]
pub struct Aws {
    /// Where KMS is, if not at AWS
    #[arg(long, global = true, help_heading = "AWS", value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub endpoint_url: Option<String>,
    /// Region, instead of the key's own; for a multi-Region key the region of the replica to use
    #[arg(long, global = true, help_heading = "AWS", value_parser = region::parse)]
    pub region: Option<String>,
    /// Profile of the AWS configuration, whose credentials are used whatever the environment holds
    #[arg(long, global = true, help_heading = "AWS")]
    pub profile: Option<String>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Ask KMS for a public key, check it, and print it as JSON for the page and for `seal`
    Key(Key),
    /// Seal each FILE to FILE.kmseal; needs no AWS credentials
    Seal(Seal),
    /// Open each FILE.kmseal to FILE through KMS
    Open(Open),
    /// Seal envelopes anew for other keys, in place with --force, or to --output; their plaintext stays in this process
    Reseal(Reseal),
    /// Tell, without KMS, what an envelope says of itself: its keys, context and sizes
    Inspect(Inspect),
    /// Print a completion script for a shell
    Completions {
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

#[derive(Args)]
pub struct Key {
    /// Key id, key ARN, alias (alias/NAME) or alias ARN
    #[arg(value_name = "KEY-ID-OR-ALIAS")]
    pub key_id: String,
    /// Fail unless this is the key's fingerprint
    #[arg(long, value_name = "SHA256:...")]
    pub fingerprint: Option<String>,
    #[command(flatten)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub grants: Grants,
}

#[derive(Args)]
pub struct Seal {
    #[command(flatten)]
    pub to: Recipients,
    #[command(flatten)]
    pub algorithm: Algorithm,
    /// A pair to bind to each file; everyone can read it in the envelope
    #[arg(short = 'c', long, value_name = "KEY=VALUE", value_parser = pair)]
    pub encryption_context: Vec<(String, String)>,
    /// A pair to bind to each file that is not stored in the envelope; the opener must know it
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub required_encryption_context: Vec<(String, String)>,
    #[command(flatten)]
    pub files: Files,
}

#[derive(Args)]
pub struct Open {
    #[command(flatten)]
    pub from: From,
    #[command(flatten)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub files: Files,
}

#[derive(Args)]
pub struct Reseal {
    #[command(flatten)]
    pub to: Recipients,
    #[command(flatten)]
    pub from: From,
    #[command(flatten)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub files: Files,
}

#[derive(Args)]
pub struct Inspect {
    /// One line of JSON for each file
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub limits: LimitOptions,
    /// Envelopes; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// For whom.
#[derive(Args)]
pub struct Recipients {
    /// Public key: what `kmseal key` or `aws kms get-public-key` printed. Several: any one of them opens
    #[arg(short, long, required = true, value_name = "key.json", value_hint = ValueHint::FilePath)]
    pub key: Vec<PathBuf>,
    /// Fail unless this is the key's fingerprint; one for each --key, in the same order
    #[arg(long, value_name = "SHA256:...")]
    pub fingerprint: Vec<String>,
    /// Bytes in a frame, 4096 to 16777216 [default: 262144, more from 3 GB on]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(frame_lengths()))]
    pub frame_length: Option<u32>,
}

/// With which keys, and what to expect.
#[derive(Args)]
pub struct From {
    /// Open with this key only; repeat for several. Without it, with the keys of your own account that the envelope names
    #[arg(long, value_name = "ARN", value_parser = KeyArn::parse)]
    pub key_id: Vec<KeyArn>,
    /// Ask KMS for any key that the envelope names, in whatever account and region
    #[arg(long, conflicts_with = "key_id")]
    pub discover: bool,
    /// A pair that the envelope must be bound to; the only guard against another envelope in its place
    #[arg(short = 'c', long, value_name = "KEY=VALUE", value_parser = pair)]
    pub encryption_context: Vec<(String, String)>,
    #[command(flatten)]
    pub grants: Grants,
    #[command(flatten)]
    pub limits: LimitOptions,
}

#[derive(Args)]
pub struct Grants {
    /// Grant token, for a grant that is not in force everywhere yet; repeat for several
    #[arg(long, value_name = "TOKEN")]
    pub grant_token: Vec<String>,
}

#[derive(Args)]
pub struct Algorithm {
    /// RSAES_OAEP_SHA_256, unless it is RSAES_OAEP_SHA_1
    #[arg(long, value_name = "NAME", default_value = "RSAES_OAEP_SHA_256", hide_default_value = true, value_parser = algorithm)]
    pub encryption_algorithm: EncryptionAlgorithm,
}

#[derive(Args)]
pub struct LimitOptions {
    /// Most encrypted data keys that an envelope may have
    #[arg(long, value_name = "N", default_value_t = 8)]
    max_encrypted_data_keys: u16,
    /// Shortest frame that an envelope may have; each costs its time, however short it is
    #[arg(long, value_name = "BYTES", default_value_t = 1)]
    min_frame_length: u32,
    /// Longest frame that an envelope may have; memory grows with it
    #[arg(long, value_name = "BYTES", default_value_t = 16_777_216)]
    max_frame_length: u32,
}

impl LimitOptions {
    pub fn get(&self) -> Limits {
        Limits {
            max_encrypted_data_keys: self.max_encrypted_data_keys,
            min_frame_length: self.min_frame_length,
            max_frame_length: self.max_frame_length,
        }
    }
}

/// What to read and where to write.
#[derive(Args)]
pub struct Files {
    /// Write here; - is standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Replace what is there
    #[arg(short, long)]
    pub force: bool,
    /// What to read; - is standard input, and then standard output is written
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn algorithm(name: &str) -> Result<EncryptionAlgorithm, &'static str> {
    EncryptionAlgorithm::from_name(name).ok_or("RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1")
}

fn frame_lengths() -> std::ops::RangeInclusive<i64> {
    i64::from(*FRAME_LENGTHS.start())..=i64::from(*FRAME_LENGTHS.end())
}
