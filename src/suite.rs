//! The one algorithm suite we write and read, and the fixed numbers of the message format.
//!
//! Source: awslabs/aws-encryption-sdk-specification, framework/algorithm-suites.md and
//! data-format/message-header.md.

use base16ct::lower::encode_string;

use crate::error::{Code, Error, Result};

/// Message format version 2 (message-header.md, "Supported Versions").
pub const VERSION: u8 = 0x02;
/// AES-256-GCM, HKDF-SHA512, key commitment, no signature (algorithm-suites.md, "04 78").
pub const SUITE_ID: u16 = 0x0478;
/// Framed content (message-header.md, "Content Type").
pub const CONTENT_FRAMED: u8 = 0x02;
/// Length of a message id in bytes, also the salt of the key derivation.
pub const MESSAGE_ID_LEN: usize = 32;
/// Length of data keys, content keys and commit keys in bytes.
pub const KEY_LEN: usize = 32;
/// Length of a GCM initialization vector in bytes.
pub const IV_LEN: usize = 12;
/// Length of a GCM tag in bytes.
pub const TAG_LEN: usize = 16;
/// Length of the context digest that the KMS RSA keyring puts before the data key
/// (aws-kms-rsa-keyring.md, "OnEncrypt"): SHA-384.
pub const DIGEST_LEN: usize = 48;
/// The plaintext of an encrypted data key in bytes: digest, then data key.
pub const DECRYPTED_LEN: usize = DIGEST_LEN + KEY_LEN;
/// Lengths of the ciphertexts of KMS's RSA keys in bytes: those of their moduli.
pub const CIPHERTEXT_LENS: [usize; 3] = [2048 / 8, 3072 / 8, 4096 / 8];
/// Prefix of the context keys that the format reserves (structures.md).
pub const RESERVED_PREFIX: &str = "aws-crypto-";

/// Refuses other message versions and suites, naming the one to seal with.
pub(crate) fn check_version(version: u8) -> Result<()> {
    match version {
        VERSION => Ok(()),
        0x01 => Err(Error::new(
            Code::EnvelopeUnsupported,
            &[
                "this is a version 1 message of the AWS Encryption SDK; kmseal opens version 2 with algorithm suite 0x0478",
            ],
        )),
        _ => Err(Error::new(
            Code::EnvelopeInvalid,
            &["this is not an envelope: its first byte is not the message version 02; fetch the sealed file itself"],
        )),
    }
}

pub(crate) fn check_suite(id: u16) -> Result<()> {
    if id == SUITE_ID {
        return Ok(());
    }
    let id = encode_string(&id.to_be_bytes());
    Err(Error::new(
        Code::EnvelopeUnsupported,
        &["algorithm suite 0x", &id, " is not supported; seal with 0x0478 (AES_256_GCM_HKDF_SHA512_COMMIT_KEY)"],
    ))
}
