//! Seals files so that only AWS KMS can open them.
//!
//! An envelope is an AWS Encryption SDK message (format version 2, algorithm suite 0x0478) whose
//! data key is wrapped with the public keys of its recipients: keys of KMS, or RSA keys of the customer's own. This crate is the core: it plans and
//! checks, and holds no I/O, clock or random source. An edge performs what is planned here: the
//! browser package with SubtleCrypto, a native program with its own engine.
//!
//! - Seal: [`Recipients`] → [`Wrapping`] → [`Materials`] → [`Message`] → [`Sequencer`] or [`Replayable`] → [`Frame`]
//! - Open: [`Header`] → [`Locked`] → [`Candidate`] → KMS → [`Answer`] → [`Unlocked`] → [`Body`] → [`Frame`]
//!
//! A later version may add fields to structs that have a [`Default`], such as [`ImportOptions`]: end them with `..Default::default()`.
//!
//! With the feature `std`, [`io`] does all of it from a reader to a writer:
//!
//! ```
//! # #[path = "../tests/core/common/kms.rs"]
//! # mod kms;
//! use getrandom::SysRng;
//! use kmseal::io::{OpenOptions, SealOptions, open_to, seal_to};
//! use kmseal::{EncryptionAlgorithm, EncryptionContext};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
//! # let kms = kms::KmsKey::create(arn, 2048);
//! # let key = kms.public_key(EncryptionAlgorithm::default());
//! // `key` is a KmsPublicKey of GetPublicKey's answer: KmsPublicKey::from_get_public_key
//! let context = EncryptionContext::from_pairs([("tenant".to_owned(), "7".to_owned())])?;
//!
//! let mut envelope = Vec::new();
//! let options = SealOptions { stored: context.clone(), ..SealOptions::default() };
//! seal_to(&mut b"a secret".as_slice(), &mut envelope, &[key.clone()], &options, &mut SysRng)?;
//!
//! let mut plaintext = Vec::new();
//! let options = OpenOptions { keys: vec![(&key).into()], expected: context, ..OpenOptions::default() };
//! open_to(&mut envelope.as_slice(), &mut plaintext, &options, |request| {
//!     // The call of request.operation, here KMS Decrypt, with request.key_id and request.input
//! #   kms.decrypt(EncryptionAlgorithm::default(), &request.input).ok_or("InvalidCiphertextException")
//! })?;
//! assert_eq!(plaintext, b"a secret");
//! # Ok(())
//! # }
//! ```
#![no_std]
#![forbid(unsafe_code)]
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
// A build without every kind keeps the types of the others, which edges name, and none of their code.
#![cfg_attr(not(feature = "every-kind"), allow(dead_code, unused_imports, unused_variables))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod arn;
mod base64;
mod body;
mod cache;
mod cipher;
mod context;
mod curve;
mod damage;
mod der;
mod edk;
mod encryption_algorithm;
mod error;
mod fingerprint;
mod frame;
mod header;
#[cfg(feature = "std")]
pub mod io;
mod kdf;
mod key_source;
mod key_text;
mod key_wrap;
mod kind;
mod kms;
mod kms_ecdh;
mod kms_ml_kem;
mod kms_rsa;
mod layout;
mod oaep;
mod opaque;
mod open;
mod public_key;
mod raw_rsa;
mod recipient;
mod request;
mod seal;
mod seed;
mod stack;
mod suite;
mod wire;
mod wrap;

/// What an edge needs besides the states: to compute sizes before anything is sealed, and to know what KMS means.
pub mod edge {
    pub use crate::frame::default_frame_length;
    pub use crate::kdf::message_id_text;
    pub use crate::kms::{KmsFault, kms_fault};
    pub use crate::stack::wiped;
}

/// The traits of the random sources that seeds are drawn from.
pub use rsa::rand_core;

pub use arn::KeyArn;
pub use body::{Body, Cover};
pub use cache::{Cache, CacheLimits};
pub use cipher::Cipher;
pub use context::EncryptionContext;
pub use edk::EncryptedDataKey;
pub use encryption_algorithm::EncryptionAlgorithm;
pub use error::{Code, Error, Reason, Result};
pub use frame::{FRAME_LENGTHS, Frame, FrameKind};
pub use header::{Header, HeaderRead, Limits};
pub use kdf::{ContentKey, MessageId};
pub use key_source::GetPublicKeyOutput;
pub use key_text::Json;
pub use kind::{Task, TaskKind};
pub use kms_ecdh::EccKeyName;
pub use layout::{Layout, Span};
pub use oaep::OaepHash;
pub use open::{Locked, Unlocked};
pub use public_key::{ImportOptions, KmsPublicKey};
pub use raw_rsa::{RawKeyOptions, RawPublicKey, RsaPublicKey};
pub use recipient::{Mixing, Recipient, Recipients};
pub use request::{Answer, Candidate, EccKey, OpenerKey, Operation, RawKeyName, Request};
pub use seal::{Message, Replayable, Sequencer};
pub use seed::{DataKeySeed, OaepSeed};
pub use suite::{SUITE_ID, TAG_LEN};
pub use wrap::{Materials, Wrapping};
