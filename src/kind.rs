//! What each kind of key does, a file of which each kind is: it wraps a data key, and recognizes and unwraps its own.

use crate::arn::KeyArn;
use crate::edk::EncryptedDataKey;
use crate::error::Result;
use crate::kdf::DataKey;
use crate::request::{Answer, Claim, OpenerKey};
use crate::seed::OaepSeed;
use crate::suite::DIGEST_LEN;

/// A public key that wraps.
pub(crate) trait Wrap {
    /// Length of an encrypted data key in a header, in bytes.
    fn edk_len(&self) -> usize;

    /// What an edge must do first; none if the core wraps alone.
    fn task(&self) -> Option<Task<'_>> {
        None
    }

    /// Wraps a data key. `performed` is what the edge made: what goes into the envelope, then what is secret; empty without a task.
    fn wrap(&self, plaintext: &Unwrapped<'_>, seed: OaepSeed, performed: [&[u8]; 2]) -> Result<EncryptedDataKey>;
}

/// A data key, and the whole context that it is for.
pub(crate) struct Unwrapped<'a> {
    pub(crate) data_key: &'a DataKey,
    /// Serialized.
    pub(crate) context: &'a [u8],
    /// SHA-384 of that.
    pub(crate) digest: &'a [u8; DIGEST_LEN],
}

/// What an edge does with the public key of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskKind {
    /// Elliptic-curve Diffie-Hellman (SP 800-56A, 5.7.1.2) with a key pair of its own. It gives the pair's uncompressed public
    /// point, and the shared x coordinate. The pair is new for each data key, or is kept for some time.
    Agree,
    /// ML-KEM (FIPS 203, 7.2). It gives the ciphertext, and the shared secret.
    Encapsulate,
}

/// What an edge must do to wrap a data key for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task<'a> {
    /// What to do.
    pub kind: TaskKind,
    /// KMS's name of curve or parameter set.
    pub key_spec: &'static str,
    /// The recipient's SubjectPublicKeyInfo, in DER.
    pub public_key: &'a [u8],
    /// What is in it: an uncompressed point, or an encapsulation key.
    pub raw: &'a [u8],
}

/// How a kind of key opens. Calls are written out by kind, in recipient.rs, and go through no table of functions, which would be 0.4 KB of
/// the .wasm.
pub(crate) trait Open {
    /// Whether an encrypted data key is for a key of the opener's, which is the one of this index.
    fn claim(edk: &EncryptedDataKey, key: usize, opener: &OpenerKey) -> Claim;

    /// The data key, if the answer is one under this serialized context.
    fn unwrap(edk: &EncryptedDataKey, answer: &Answer, context: &[u8]) -> Result<DataKey>;

    /// The key's ARN, if it names one.
    fn key_arn(_: &EncryptedDataKey) -> Option<KeyArn> {
        None
    }
}

/// The data key in `bytes`, which must be 32.
pub(crate) fn data_key(bytes: &[u8]) -> Option<DataKey> {
    let mut key = DataKey::zeroed();
    (bytes.len() == key.0.len()).then(|| key.0.copy_from_slice(bytes)).map(|()| key)
}
