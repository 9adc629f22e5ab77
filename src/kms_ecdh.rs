//! KMS ECC keys: the data key under a key that both sides derive, opened by KMS DeriveSharedSecret.
//!
//! Source: framework/raw-ecdh-keyring.md "Structure", "OnEncrypt" and "OnDecrypt"; framework/key-agreement-schemas.md "Key
//! Derivation"; framework/aws-kms/aws-kms-ecdh-keyring.md. Where these say otherwise, AWS's libraries decide (docs/format.md, 29 to 36).

use alloc::string::String;
use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use crate::arn::KeyArn;
use crate::curve::Curve;
use crate::edk::EncryptedDataKey;
use crate::error::{Code, Error, Result};
use crate::fingerprint;
use crate::kdf::{DataKey, PRF, counter_mode};
use crate::key_wrap;
use crate::kind::{Open, Task, TaskKind, Unwrapped, Wrap};
use crate::request::{Answer, Claim, EccKey, OpenerKey, Operation, Request};
use crate::seed::{OaepSeed, SALT_LEN};
use crate::suite::KEY_LEN;

/// What is written, also where KMS opens: only the public key is at hand.
const PROVIDER_ID: &[u8] = b"raw-ecdh";
/// Written by AWS's keyring where a KMS key seals.
const KMS_PROVIDER_ID: &[u8] = b"aws-kms-ecdh";
/// The version of the provider info.
const VERSION: u8 = 1;
/// Salt, commitment key, wrapped data key.
const CIPHERTEXT_LEN: usize = SALT_LEN + KEY_LEN + key_wrap::WRAPPED_LEN;
const OKM_LEN: u16 = 2 * KEY_LEN as u16;

/// The key of a recipient, on its curve.
#[derive(Debug)]
pub(crate) struct KmsEcdh {
    curve: Curve,
    /// The SubjectPublicKeyInfo in DER.
    der: Vec<u8>,
    /// The point in it, compressed.
    point: Vec<u8>,
}

/// How envelopes name an ECC key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EccKeyName {
    /// KMS's KeySpec.
    pub key_spec: &'static str,
    /// That of its [`KmsPublicKey`](crate::KmsPublicKey).
    pub fingerprint: String,
}

impl KmsEcdh {
    /// None for a point that is not on its curve.
    pub(crate) fn new(curve: Curve, der: &[u8], point: &[u8]) -> Option<Self> {
        Some(Self { curve, der: der.to_vec(), point: curve.compress(point)? })
    }

    pub(crate) fn key_spec(&self) -> &'static str {
        self.curve.key_spec()
    }

    /// For an opener.
    pub(crate) fn opener_key(&self, key_id: &KeyArn) -> OpenerKey {
        OpenerKey::Ecc(EccKey { key_id: key_id.clone(), point: self.point.clone() })
    }
}

impl Wrap for KmsEcdh {
    fn edk_len(&self) -> usize {
        EncryptedDataKey::len_of([PROVIDER_ID.len(), info(&self.point, &self.point).len(), CIPHERTEXT_LEN])
    }

    fn task(&self) -> Option<Task<'_>> {
        let raw = Curve::of_spki(&self.der).map(|(_, point)| point).unwrap_or_default();
        Some(Task { kind: TaskKind::Agree, key_spec: self.key_spec(), public_key: &self.der, raw })
    }

    fn wrap(
        &self,
        plaintext: &Unwrapped<'_>,
        seed: OaepSeed,
        [sender, secret]: [&[u8]; 2],
    ) -> Result<EncryptedDataKey> {
        let sender = self.curve.compress(sender).filter(|_| secret.len() == self.curve.field_len());
        let Some(sender) = sender else {
            return Err(Error::new(
                Code::Platform,
                &["the key agreement gave something that is not a point of the curve"],
            ));
        };
        let fixed = fixed_info(self.curve, &sender, &self.point, plaintext.context);
        let salt = seed.salt();
        let keys = counter_mode(secret, &fixed, &salt, OKM_LEN)?;
        let (commitment, wrapping_key) = keys.split_at(KEY_LEN);
        let wrapped = key_wrap::wrap(wrapping_key, &fixed, plaintext.data_key)?;
        let ciphertext = [salt.as_slice(), commitment, &wrapped].concat();
        Ok(EncryptedDataKey::new([PROVIDER_ID, &info(&self.point, &sender), &ciphertext]))
    }
}

/// The key that an encrypted data key is for, by its point.
pub(crate) fn key_name(edk: &EncryptedDataKey) -> Option<EccKeyName> {
    let (curve, recipient, _) = points(edk)?;
    let fingerprint = fingerprint::checked(&curve.spki(recipient)?, &[]).ok()?;
    Some(EccKeyName { key_spec: curve.key_spec(), fingerprint })
}

impl Open for KmsEcdh {
    fn claim(edk: &EncryptedDataKey, key: usize, opener: &OpenerKey) -> Claim {
        let OpenerKey::Ecc(own) = opener else { return Claim::Other };
        let Some((curve, recipient, sender)) = points(edk).filter(|(_, recipient, _)| *recipient == own.point) else {
            return Claim::Other;
        };
        if edk.ciphertext.len() != CIPHERTEXT_LEN || edk.provider_info != info(recipient, sender) {
            return Claim::damaged(&["is not as long as that of an ECC key"]);
        }
        // A point off the curve would cost a call of KMS, which refuses it without a word.
        let Some(sender) = curve.spki(sender) else {
            return Claim::damaged(&["holds a point that is not on the curve"]);
        };
        Claim::Ours(Request::new(Operation::DeriveSharedSecret, (key, Some(&own.key_id)), &sender, curve.field_len()))
    }

    fn unwrap(edk: &EncryptedDataKey, answer: &Answer, context: &[u8]) -> Result<DataKey> {
        let other = || {
            let what = "the envelope was not sealed under the encryption context that is stored and expected, or its encrypted data key was altered";
            Error::new(Code::Context, &[what])
        };
        let (curve, recipient, sender) = points(edk).ok_or_else(other)?;
        let fixed = fixed_info(curve, sender, recipient, context);
        let (salt, sealed) = edk.ciphertext.split_first_chunk::<SALT_LEN>().ok_or_else(other)?;
        let (commitment, wrapped) = sealed.split_first_chunk::<KEY_LEN>().ok_or_else(other)?;
        let keys = counter_mode(answer.bytes(), &fixed, salt, OKM_LEN)?;
        let (own, wrapping_key) = keys.split_at(KEY_LEN);
        if !bool::from(own.ct_eq(commitment)) {
            return Err(other());
        }
        key_wrap::unwrap(wrapping_key, &fixed, wrapped)
    }
}

/// Version, recipient's point, sender's point.
fn info(recipient: &[u8], sender: &[u8]) -> Vec<u8> {
    // Points of known curves are short.
    let len = |point: &[u8]| (point.len() as u32).to_be_bytes();
    [[VERSION].as_slice(), &len(recipient), recipient, &len(sender), sender].concat()
}

/// Curve, recipient's and sender's point of the provider info, if it is one.
fn points(edk: &EncryptedDataKey) -> Option<(Curve, &[u8], &[u8])> {
    let is_ours = edk.provider_id == PROVIDER_ID || edk.provider_id == KMS_PROVIDER_ID;
    // The longest point says nothing about the others: each length belongs to one curve.
    let (&VERSION, rest) = edk.provider_info.split_first().filter(|_| is_ours)? else { return None };
    let (len, rest) = rest.split_first_chunk()?;
    let (recipient, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    Some((Curve::of_compressed_len(recipient.len())?, recipient, rest.get(4..).unwrap_or_default()))
}

/// key-agreement-schemas.md, "Key Derivation": the sender's point comes first here.
fn fixed_info(curve: Curve, sender: &[u8], recipient: &[u8], context: &[u8]) -> Vec<u8> {
    let name = curve.name().as_bytes();
    [b"ecdh-key-derivation".as_slice(), &[0], name, &[0], PRF, &[0], sender, recipient, &[0, VERSION, 0], context]
        .concat()
}
