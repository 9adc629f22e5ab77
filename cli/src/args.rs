//! The command line.

mod keys;
mod values;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use kmseal::{KeyArn, OaepHash};

use crate::aws::region;
pub use keys::{Algorithm, From, Grants, Kinds, LimitOptions, To};
use values::{bucket, hash, origin, pair};

const STATUS: &str = "\
Exit status: 0 all done; 1 a file could not be read or written; 2 wrong usage; 3 not an envelope, or one that was cut off \
or altered; 4 sealed for other keys or under another encryption context; 5 AWS refused or was not reached; 6 the public \
or private key cannot be used; 7 check found a setting that must change. With several files, the status is that of the first failure, \
and the command still does the others.";

/// Seal files so that only AWS KMS can open them, and open them.
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

/// Options as in the AWS CLI, before or after the subcommand.
#[derive(Args)]
pub struct Aws {
    /// Send KMS calls to this URL, not to AWS; AWS_ENDPOINT_URL moves those of STS and S3, too
    #[arg(long, global = true, help_heading = "AWS", value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub endpoint_url: Option<String>,
    /// Use this region, not the key's own; with a multi-Region key, use its replica there
    #[arg(long, global = true, help_heading = "AWS", value_parser = region::parse)]
    pub region: Option<String>,
    /// Use the credentials of this profile of the AWS configuration, even if the environment holds others
    #[arg(long, global = true, help_heading = "AWS")]
    pub profile: Option<String>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Get a public key from KMS, or your own with --raw, check it, and print it as JSON for web pages and for `seal`
    Key(Key),
    /// Seal each FILE to FILE.kmseal; needs no AWS credentials
    Seal(Seal),
    /// Open each FILE.kmseal to FILE through KMS, or with your own private key
    Open(Open),
    /// Seal envelopes again, in place with --force, or to --output, for the keys that you give and no others; their plaintext stays in this process
    Reseal(Reseal),
    /// Show the keys, context and sizes that an envelope names, without KMS; nothing vouches for them
    Inspect(Inspect),
    /// Check a set-up: the key, its published copy, your permissions, the bucket; each fault comes with its remedy
    Check(Check),
    /// Print the manual page of the command, or of one of its subcommands, to view with `man -l -`
    Man {
        /// Subcommand
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
    /// Print a completion script for a shell
    Completions {
        /// Shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

#[derive(Args)]
pub struct Key {
    /// Key id, key ARN, alias (alias/NAME) or alias ARN
    #[arg(value_name = "KEY-ID-OR-ALIAS", required_unless_present = "raw")]
    pub key_id: Option<String>,
    /// Describe your own RSA key, whose public key this file holds (PEM or DER), instead of asking KMS
    #[arg(long, value_name = "key.pem", conflicts_with = "key_id", requires = "key_namespace", requires = "key_name", value_hint = ValueHint::FilePath)]
    pub raw: Option<PathBuf>,
    /// Namespace of --raw, such as the name of your organization or HSM
    #[arg(long, value_name = "NAMESPACE", requires = "raw")]
    pub key_namespace: Option<String>,
    /// Name of --raw within its namespace
    #[arg(long, value_name = "NAME", requires = "raw")]
    pub key_name: Option<String>,
    /// Hash of RSA-OAEP with --raw: SHA-1, SHA-256, SHA-384 or SHA-512 [default: SHA-256]
    #[arg(long, value_name = "HASH", requires = "raw", value_parser = hash)]
    pub hash: Option<OaepHash>,
    /// Fail unless the key has this fingerprint; repeat for several, one of which must match
    #[arg(long, value_name = "SHA256:...")]
    pub fingerprint: Vec<String>,
    #[command(flatten)]
    pub kinds: Kinds,
    #[command(flatten)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub grants: Grants,
}

#[derive(Args)]
pub struct Seal {
    #[command(flatten)]
    pub to: To,
    #[command(flatten)]
    pub algorithm: Algorithm,
    /// Bind this pair to each file; anyone who has the envelope can read it; repeat for several
    #[arg(short = 'c', long, value_name = "KEY=VALUE", value_parser = pair)]
    pub encryption_context: Vec<(String, String)>,
    /// Bind this pair to each file without storing it in the envelope; anyone who opens it must know it; repeat for several
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub required_encryption_context: Vec<(String, String)>,
    #[command(flatten)]
    pub files: Files,
}

#[derive(Args)]
pub struct Open {
    /// Open with this key only, whose public key the file holds: an ECC key, which envelopes do not name by ARN; repeat for several
    #[arg(short, long, value_name = "key.json", conflicts_with = "discover", value_hint = ValueHint::FilePath)]
    pub key: Vec<PathBuf>,
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
    pub to: To,
    /// Open with this key only, whose public key the file holds: an ECC key, which envelopes do not name by ARN; repeat for several
    #[arg(long, value_name = "old.json", conflicts_with = "discover", value_hint = ValueHint::FilePath)]
    pub old_key: Vec<PathBuf>,
    #[command(flatten)]
    pub from: From,
    #[command(flatten)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub files: Files,
}

#[derive(Args)]
pub struct Inspect {
    /// Print one line of JSON for each file
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub limits: LimitOptions,
    /// Envelopes to read; - is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

#[derive(Args)]
pub struct Check {
    /// Key id, key ARN, alias (alias/NAME) or alias ARN
    #[arg(value_name = "KEY-ID-OR-ALIAS")]
    pub key_id: String,
    /// Compare with the public key that pages load, in this file or at this https URL
    #[arg(short, long, value_name = "FILE-OR-URL", value_parser = NonEmptyStringValueParser::new())]
    pub key: Option<String>,
    /// ARN of the key, if --key does not hold it (PEM)
    #[arg(long, value_name = "ARN", requires = "key")]
    pub key_arn: Option<KeyArn>,
    /// Compare with the fingerprint in the page's code; repeat for several, of which the key must have one
    #[arg(long, value_name = "SHA256:...")]
    pub fingerprint: Vec<String>,
    /// Check the S3 bucket that pages upload to
    #[arg(long, value_name = "NAME", requires = "origin", value_parser = bucket)]
    pub bucket: Option<String>,
    /// Origin of the page, such as https://www.example.com
    #[arg(long, value_parser = origin)]
    pub origin: Option<String>,
    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub kinds: Kinds,
    #[command(flatten)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub grants: Grants,
}

/// What to read and where to write.
#[derive(Args)]
pub struct Files {
    /// Write to this file; - is standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(short, long)]
    pub force: bool,
    /// Files to read; - is standard input, which is written to standard output
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}
