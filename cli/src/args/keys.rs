//! Options about keys: which to seal for, and what to open with.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use kmseal::{EncryptionAlgorithm, KeyArn, Limits};

use super::values::{algorithm, frame_lengths, pair};

/// The keys to seal for.
#[derive(Args)]
pub struct To {
    /// Seal for this public key: a file that `kmseal key` or `aws kms get-public-key` printed, in any output format, or PEM; repeat for several, any one of which opens
    #[arg(short, long, required = true, value_name = "key.json", value_hint = ValueHint::FilePath)]
    pub key: Vec<PathBuf>,
    /// ARN of the key, if its file does not hold it (PEM); give one for each --key of KMS, in the same order
    #[arg(long, value_name = "ARN")]
    pub key_arn: Vec<KeyArn>,
    /// KMS's KeyUsage of each --key whose file does not hold it (PEM); an ECC key needs KEY_AGREEMENT
    #[arg(long, value_name = "USAGE", requires = "key_arn", value_parser = ["ENCRYPT_DECRYPT", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"])]
    pub key_usage: Option<String>,
    /// Fail unless each --key has this fingerprint; repeat for several, of which each --key must have one
    #[arg(long, value_name = "SHA256:...")]
    pub fingerprint: Vec<String>,
    #[command(flatten)]
    pub kinds: Kinds,
    /// Seal for ML-KEM keys beside keys of other kinds; the envelope is then only as strong against quantum computers as those are
    #[arg(long)]
    pub mixed: bool,
    /// Bytes in a frame, 4096 to 16777216 [default: 262144; more for files over 3 GB]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(frame_lengths()))]
    pub frame_length: Option<u32>,
}

/// Kinds of keys that are not for everyone yet.
#[derive(Args)]
pub struct Kinds {
    /// Take ML-KEM keys; the format for them is not AWS's, whose SDKs do not open it, and may change
    #[arg(long)]
    pub experimental: bool,
}

/// The keys to open with, and what to expect.
#[derive(Args)]
pub struct From {
    /// Open with this key only; repeat for several [default: the keys of your own account that the envelope names]
    #[arg(long, value_name = "ARN")]
    pub key_id: Vec<KeyArn>,
    /// Use any key that the envelope names, in any account and region
    #[arg(long, conflicts_with = "key_id")]
    pub discover: bool,
    /// Open with your own RSA key of this description, which `kmseal key --raw` printed; repeat for several
    #[arg(long, value_name = "raw.json", requires = "private_key", value_hint = ValueHint::FilePath)]
    pub raw_key: Vec<PathBuf>,
    /// Private key of --raw-key: PKCS#8 in a file that only you can read; give one for each, in the same order
    #[arg(long, value_name = "key.pem", requires = "raw_key", value_hint = ValueHint::FilePath)]
    pub private_key: Vec<PathBuf>,
    /// Fail unless the envelope is bound to this pair; nothing else guards against another envelope in its place; repeat for several
    #[arg(short = 'c', long, value_name = "KEY=VALUE", value_parser = pair)]
    pub encryption_context: Vec<(String, String)>,
    #[command(flatten)]
    pub grants: Grants,
    #[command(flatten)]
    pub limits: LimitOptions,
}

#[derive(Args)]
pub struct Grants {
    /// Use this token of a grant that is so new that KMS may not know it everywhere; repeat for several
    #[arg(long, value_name = "TOKEN")]
    pub grant_token: Vec<String>,
}

#[derive(Args)]
pub struct Algorithm {
    /// RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1
    #[arg(long, value_name = "NAME", default_value = "RSAES_OAEP_SHA_256", value_parser = algorithm)]
    pub encryption_algorithm: EncryptionAlgorithm,
}

#[derive(Args)]
pub struct LimitOptions {
    /// Refuse envelopes with more encrypted data keys
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_encrypted_data_keys)]
    max_encrypted_data_keys: u16,
    /// Refuse envelopes with shorter frames; each frame takes time, even a short one
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().min_frame_length)]
    min_frame_length: u32,
    /// Refuse envelopes with longer frames, which take more memory
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_frame_length)]
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
