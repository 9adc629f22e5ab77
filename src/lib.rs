//! Seals files so that only AWS KMS can open them.
//!
//! An envelope is an AWS Encryption SDK message (format version 2, algorithm suite 0x0478) whose
//! data key is wrapped with the public key of a KMS RSA key. This crate is the core: it plans and
//! checks, and holds no I/O, clock or random source. An edge performs what is planned here: the
//! browser package with SubtleCrypto, a native program with its own engine.
//!
//! - Seal: [`PublicKey`] → [`Materials`] → [`Message`] → [`Sequencer`] or [`Replayable`] → [`Frame`]
//! - Open: [`Header`] → [`Expected`] → KMS Decrypt → [`Opened`] → [`Frames`] → [`Frame`]
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
// Hostile bytes must not be able to stop the program.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

extern crate alloc;

mod arn;
mod cache;
mod context;
mod damage;
mod error;
mod frame;
mod header;
mod kdf;
mod key_source;
mod kms;
mod layout;
mod open;
mod public_key;
mod seal;
mod seed;
mod soft;
mod stack;
mod suite;
mod wire;
mod wrap;

pub use arn::KeyArn;
pub use cache::{Cache, CacheLimits};
pub use context::EncryptionContext;
pub use error::{Code, Error, Result};
pub use frame::{FRAME_LENGTHS, Frame, default_length};
pub use header::{EncryptedDataKey, Header, Limits, Progress};
pub use kdf::{ContentKey, MessageId};
pub use key_source::{GetPublicKey, decode_text};
pub use kms::advice;
pub use layout::{Layout, Span};
pub use open::{Candidate, Cover, Expected, Frames, Opened, checked_answer, trailing, truncated};
pub use public_key::{EncryptionAlgorithm, ImportOptions, PublicKey};
pub use seal::{Message, Replayable, Sequencer, header_len};
pub use seed::{DataKeySeed, OaepSeed};
pub use soft::Cipher;
pub use suite::{SUITE_ID, TAG_LEN};
pub use wrap::{Materials, encrypt};
