//! Opening, asked of others: the keys that an opener has, what it asks their holders, and what they answer.
//!
//! Source: AWS KMS API Reference, Decrypt, DeriveSharedSecret and Decapsulate.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::arn::KeyArn;
use crate::edk::Kind;
use crate::error::{Code, Error, Result, decimal};

/// What an opener knows of one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenerKey {
    /// A KMS key that envelopes name by its ARN: RSA or ML-KEM.
    KeyId(KeyArn),
    /// A KMS ECC key, which envelopes name by its point: [`OpenerKey::from`] a [`KmsPublicKey`](crate::KmsPublicKey).
    Ecc(EccKey),
    /// A raw key, which the holder of its private half opens with: [`OpenerKey::raw`].
    Raw(RawKeyName),
}

/// An ECC key of KMS: its ARN, and its point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EccKey {
    pub(crate) key_id: KeyArn,
    /// Compressed (SEC 1, 2.3.3).
    pub(crate) point: Vec<u8>,
}

/// How envelopes name a raw key (keyring-interface.md, "Key Namespace" and "Key Name").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawKeyName {
    pub(crate) key_namespace: String,
    pub(crate) key_name: String,
}

impl From<KeyArn> for OpenerKey {
    fn from(key_id: KeyArn) -> Self {
        Self::KeyId(key_id)
    }
}

impl OpenerKey {
    /// The ARN, of a key of KMS.
    #[must_use]
    pub fn key_id(&self) -> Option<&KeyArn> {
        match self {
            Self::KeyId(key_id) | Self::Ecc(EccKey { key_id, .. }) => Some(key_id),
            Self::Raw(_) => None,
        }
    }

    /// The replica of this multi-Region key in another region; `None` for other keys, and for an impossible region.
    #[must_use]
    pub fn replica_in(&self, region: &str) -> Option<Self> {
        let key_id = self.key_id()?.replica_in(region)?;
        Some(match self {
            Self::Ecc(key) => Self::Ecc(EccKey { key_id, point: key.point.clone() }),
            _ => Self::KeyId(key_id),
        })
    }
}

/// Who is asked for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// KMS Decrypt, for RSA keys.
    Decrypt,
    /// KMS DeriveSharedSecret, for ECC keys.
    DeriveSharedSecret,
    /// KMS Decapsulate, for ML-KEM keys.
    Decapsulate,
    /// RSA-OAEP by the holder of a raw key.
    Unwrap,
}

impl Operation {
    /// KMS's name of it, which is the permission's, too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decrypt => "Decrypt",
            Self::DeriveSharedSecret => "DeriveSharedSecret",
            Self::Decapsulate => "Decapsulate",
            Self::Unwrap => "unwrap",
        }
    }
}

/// One call that an edge makes. Equal requests have the same answer, in every envelope: of an ECC key, all envelopes of one sender
/// have the same request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Request {
    /// Which call.
    pub operation: Operation,
    /// Which of the opener's keys, counted from 0.
    pub key: usize,
    /// The opener's own ARN, whose region may differ from the envelope's for a multi-Region key; none for a raw key.
    pub key_id: Option<KeyArn>,
    /// Decrypt's `CiphertextBlob`, DeriveSharedSecret's `PublicKey` (DER), Decapsulate's `SharedSecretCiphertextBlob`, or what a raw key
    /// unwraps.
    pub input: Vec<u8>,
    answer_len: usize,
}

impl Request {
    pub(crate) fn new(operation: Operation, key: (usize, Option<&KeyArn>), input: &[u8], answer_len: usize) -> Self {
        Self { operation, key: key.0, key_id: key.1.cloned(), input: input.to_vec(), answer_len }
    }

    /// KMS's name of the algorithm that the call states and the answer repeats; none for Decrypt, whose algorithm is that of the key, and
    /// for a raw key.
    #[must_use]
    pub fn algorithm(&self) -> Option<&'static str> {
        match self.operation {
            Operation::DeriveSharedSecret => Some("ECDH"),
            Operation::Decapsulate => Some("ML_KEM"),
            _ => None,
        }
    }

    /// Takes what was answered: KMS's `KeyId`, `KeyAgreementAlgorithm` or `EncapsulationAlgorithm`, and the bytes. A raw key's
    /// holder gives the bytes alone, and Decrypt's algorithm is not looked at.
    ///
    /// # Errors
    /// [`Code::Kms`]: the answer is for another key, of another algorithm, or of a length that this one cannot have.
    pub fn accept(&self, key_id: Option<&str>, algorithm: Option<&str>, bytes: &[u8]) -> Result<Answer> {
        if key_id != self.key_id.as_ref().map(KeyArn::as_str) {
            return Err(refused(&[
                "the answer names no key, or one that KMS was not asked about; pass request and answer on unchanged",
            ]));
        }
        // It is not known whether Decapsulate's answer repeats it.
        let is_left_out = algorithm.is_none() && self.operation == Operation::Decapsulate;
        if self.algorithm().is_some_and(|name| algorithm != Some(name) && !is_left_out) {
            return Err(refused(&[
                "KMS answered with an algorithm that it was not asked for; pass the request on unchanged",
            ]));
        }
        if bytes.len() != self.answer_len {
            let what = match self.operation {
                Operation::Decrypt => "KMS returned a plaintext that is not a data key of this format",
                Operation::Unwrap => "what came out of the raw key is not a data key",
                _ => "KMS returned something that is not this key's shared secret",
            };
            return Err(refused(&[what, " (it must be ", &decimal(self.answer_len as u64), " bytes)"]));
        }
        Ok(Answer(Box::new(Zeroizing::new(bytes.to_vec()))))
    }
}

/// The answer to a [`Request`]: KMS's plaintext, a shared secret, or a data key. It serves every envelope with an equal request.
/// Wiped on drop.
pub struct Answer(Box<Zeroizing<Vec<u8>>>);

impl Answer {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One request that may unlock an envelope, and for which of its encrypted data keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// What to ask.
    pub request: Request,
    /// Which entry of the header, and of which kind it is.
    pub(crate) edk: usize,
    pub(crate) kind: Kind,
}

impl Candidate {
    /// Whether opening ends if the answer does not fit. For kinds other than KMS RSA anyone can write an entry that is answered and does not
    /// fit; the next candidate may.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.request.operation == Operation::Decrypt
    }
}

/// Whether an encrypted data key is for one of the opener's keys.
pub(crate) enum Claim {
    /// It is for another key.
    Other,
    /// It is, and no such key can have made it; how it is recognized.
    Damaged(String),
    /// It is, and this is to be asked.
    Ours(Request),
}

impl Claim {
    pub(crate) fn damaged(what: &[&str]) -> Self {
        Self::Damaged(what.concat())
    }
}

fn refused(what: &[&str]) -> Error {
    Error::new(Code::Kms, what)
}
