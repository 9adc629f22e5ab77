//! KMS ML-KEM keys, experimental: the data key under a key from an encapsulated secret, opened by KMS Decapsulate.
//!
//! Source: aws-encryption-sdk-specification, pull request 319 (a draft of June 2026, framework/aws-kms/aws-kms-ml-kem-keyring.md);
//! FIPS 203. Two labels are our own, so that no reader of the final format takes these for its own (docs/format.md, 40 to 46).

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::arn::KeyArn;
use crate::edk::EncryptedDataKey;
use crate::error::{Code, Error, Result};
use crate::kdf::{DataKey, PRF, counter_mode};
use crate::key_wrap;
use crate::kind::{Open, Task, TaskKind, Unwrapped, Wrap};
use crate::request::{Answer, Claim, OpenerKey, Operation, Request};
use crate::seed::{OaepSeed, SALT_LEN};
use crate::suite::KEY_LEN;
use crate::wire::{Reader, Stop, put_field};

/// What tells this format from AWS's final one.
struct Labels {
    provider_id: &'static [u8],
    /// The first field of FixedInfo.
    derivation: &'static [u8],
}

const OURS: Labels = Labels { provider_id: b"kmseal-ml-kem-draft-1", derivation: b"kmseal-ml-kem-draft-1" };
/// The version of provider info and FixedInfo.
const VERSION: u8 = 1;
/// Length of a shared secret in bytes (FIPS 203, 3.3).
const SECRET_LEN: usize = 32;
/// Salt, wrapped data key.
const REST_LEN: usize = SALT_LEN + key_wrap::WRAPPED_LEN;
/// The modulus of the coefficients, q (FIPS 203, 2.4).
const Q: u16 = 3329;

/// The parameter sets of FIPS 203 that KMS has and this seals for; not ML-KEM-512, whose keys are those of AES-128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParameterSet {
    MlKem768,
    MlKem1024,
}

impl ParameterSet {
    const ALL: [Self; 2] = [Self::MlKem768, Self::MlKem1024];

    fn key_spec(self) -> &'static str {
        match self {
            Self::MlKem768 => "ML_KEM_768",
            Self::MlKem1024 => "ML_KEM_1024",
        }
    }

    /// As FixedInfo names it.
    fn name(self) -> &'static str {
        match self {
            Self::MlKem768 => "ML-KEM-768",
            Self::MlKem1024 => "ML-KEM-1024",
        }
    }

    /// Length of a ciphertext of the KEM in bytes (FIPS 203, 8, table 3).
    fn ciphertext_len(self) -> usize {
        match self {
            Self::MlKem768 => 1088,
            Self::MlKem1024 => 1568,
        }
    }

    /// The DER of a SubjectPublicKeyInfo up to the encapsulation key (RFC 9935, 4).
    fn spki(self) -> &'static [u8] {
        match self {
            Self::MlKem768 => {
                b"\x30\x82\x04\xb2\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x02\x03\x82\x04\xa1\x00"
            }
            Self::MlKem1024 => {
                b"\x30\x82\x06\x32\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x03\x03\x82\x06\x21\x00"
            }
        }
    }

    /// Length of an encapsulation key in bytes.
    fn key_len(self) -> usize {
        match self {
            Self::MlKem768 => 1184,
            Self::MlKem1024 => 1568,
        }
    }
}

/// The key of a recipient.
#[derive(Debug)]
pub(crate) struct KmsMlKem {
    set: ParameterSet,
    key_id: KeyArn,
    /// The SubjectPublicKeyInfo in DER.
    der: Vec<u8>,
}

impl KmsMlKem {
    /// Whether this is the SubjectPublicKeyInfo of an ML-KEM key of one of our sizes.
    pub(crate) fn is_one(der: &[u8]) -> bool {
        parse(der).is_some()
    }

    /// None for what is not an encapsulation key: a coefficient that is not modulo q (FIPS 203, 7.2, "Modulus check").
    pub(crate) fn new(der: &[u8], key_id: &KeyArn) -> Option<Self> {
        let (set, key) = parse(der)?;
        let (coefficients, _) = key.split_last_chunk::<32>()?;
        let fits = coefficients.chunks(3).all(|three| {
            let &[a, b, c] = three else { return false };
            (u16::from(b & 15) << 8 | u16::from(a)) < Q && (u16::from(c) << 4 | u16::from(b) >> 4) < Q
        });
        fits.then(|| Self { set, key_id: key_id.clone(), der: der.to_vec() })
    }

    pub(crate) fn key_spec(&self) -> &'static str {
        self.set.key_spec()
    }
}

fn parse(der: &[u8]) -> Option<(ParameterSet, &[u8])> {
    ParameterSet::ALL.into_iter().find_map(|set| {
        let key = der.strip_prefix(set.spki())?;
        (key.len() == set.key_len()).then_some((set, key))
    })
}

impl Wrap for KmsMlKem {
    fn edk_len(&self) -> usize {
        let info = self.key_id.as_str().len().saturating_add(3);
        EncryptedDataKey::len_of([OURS.provider_id.len(), info, self.set.ciphertext_len().saturating_add(REST_LEN)])
    }

    fn task(&self) -> Option<Task<'_>> {
        let raw = parse(&self.der).map(|(_, key)| key).unwrap_or_default();
        Some(Task { kind: TaskKind::Encapsulate, key_spec: self.key_spec(), public_key: &self.der, raw })
    }

    fn wrap(&self, plaintext: &Unwrapped<'_>, seed: OaepSeed, performed: [&[u8]; 2]) -> Result<EncryptedDataKey> {
        wrap(&OURS, self, plaintext, &seed.salt(), performed)
    }
}

fn wrap(
    labels: &Labels,
    key: &KmsMlKem,
    plaintext: &Unwrapped<'_>,
    salt: &[u8; SALT_LEN],
    [sealed, secret]: [&[u8]; 2],
) -> Result<EncryptedDataKey> {
    if sealed.len() != key.set.ciphertext_len() || secret.len() != SECRET_LEN {
        return Err(Error::new(Code::Platform, &["the encapsulation gave bytes whose length is not ML-KEM's"]));
    }
    let arn = key.key_id.as_str().as_bytes();
    let (wrapping_key, fixed) = derive(labels, key.set, arn, plaintext.context, salt, secret)?;
    let wrapped = key_wrap::wrap(&wrapping_key, &fixed, plaintext.data_key)?;
    let mut info = [VERSION].to_vec();
    put_field(&mut info, arn, "a key ARN", Code::KeyId)?;
    Ok(EncryptedDataKey::new([labels.provider_id, &info, &[sealed, salt.as_slice(), &wrapped].concat()]))
}

/// The wrapping key, and FixedInfo.
type Derived = (Box<Zeroizing<Vec<u8>>>, Vec<u8>);

/// The wrapping key and FixedInfo, which is its label and the wrapping's additional data.
fn derive(
    labels: &Labels,
    set: ParameterSet,
    arn: &[u8],
    context: &[u8],
    salt: &[u8],
    secret: &[u8],
) -> Result<Derived> {
    let mut fixed = Vec::new();
    for field in [labels.derivation, set.name().as_bytes(), PRF, arn, &[VERSION], context] {
        put_field(&mut fixed, field, "a field of the key derivation", Code::Context)?;
    }
    Ok((counter_mode(secret, &fixed, salt, KEY_LEN as u16)?, fixed))
}

impl Open for KmsMlKem {
    fn claim(edk: &EncryptedDataKey, key: usize, opener: &OpenerKey) -> Claim {
        let OpenerKey::KeyId(own) = opener else { return Claim::Other };
        if !Self::key_arn(edk).is_some_and(|named| own.matches(&named)) {
            return Claim::Other;
        }
        match parts(&edk.ciphertext) {
            None => Claim::damaged(&["is not as long as that of an ML-KEM key"]),
            Some((_, [sealed, ..])) => {
                Claim::Ours(Request::new(Operation::Decapsulate, (key, Some(own)), sealed, SECRET_LEN))
            }
        }
    }

    /// For another key, or for altered bytes, KMS returns another secret (FIPS 203, 6.3, "implicit rejection").
    fn unwrap(edk: &EncryptedDataKey, answer: &Answer, context: &[u8]) -> Result<DataKey> {
        open(&OURS, edk, answer.bytes(), context)
    }

    fn key_arn(edk: &EncryptedDataKey) -> Option<KeyArn> {
        let read = || {
            let mut reader = Reader::new(&edk.provider_info);
            let version = reader.u8()?;
            let arn = reader.field()?;
            Ok::<_, Stop>((version == VERSION && reader.is_empty()).then_some(arn))
        };
        let arn = read().ok().flatten().filter(|_| edk.provider_id == OURS.provider_id)?;
        core::str::from_utf8(arn).ok()?.parse().ok()
    }
}

/// The parameter set that a ciphertext is as long as, and its parts: KEM ciphertext, salt, wrapped data key.
fn parts(ciphertext: &[u8]) -> Option<(ParameterSet, [&[u8]; 3])> {
    let (sealed, rest) = ciphertext.split_last_chunk::<REST_LEN>()?;
    let set = ParameterSet::ALL.into_iter().find(|set| set.ciphertext_len() == sealed.len())?;
    let (salt, wrapped) = rest.split_first_chunk::<SALT_LEN>()?;
    Some((set, [sealed, salt, wrapped]))
}

fn open(labels: &Labels, edk: &EncryptedDataKey, secret: &[u8], context: &[u8]) -> Result<DataKey> {
    let altered = || Error::new(Code::Authentication, &["the encrypted data key is not one of an ML-KEM key"]);
    let (set, [_, salt, wrapped]) = parts(&edk.ciphertext).ok_or_else(altered)?;
    let arn = edk.provider_info.get(3..).ok_or_else(altered)?;
    let (wrapping_key, fixed) = derive(labels, set, arn, context, salt, secret)?;
    key_wrap::unwrap(&wrapping_key, &fixed, wrapped)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use serde::Deserialize;

    use super::*;
    use crate::context::{EncryptionContext, digest};
    use crate::kind::data_key;

    const DRAFT: Labels = Labels { provider_id: b"aws-kms-ml-kem", derivation: b"AWS-KMS-ML-KEM-KEY-DERIVATION" };

    #[derive(Deserialize)]
    struct Vector {
        arn: String,
        context: Vec<(String, String)>,
        #[serde(with = "hex::serde")]
        public_key_spki: Vec<u8>,
        #[serde(with = "hex::serde")]
        kem_ciphertext: Vec<u8>,
        #[serde(with = "hex::serde")]
        shared_secret: Vec<u8>,
        #[serde(with = "hex::serde")]
        salt: [u8; 32],
        #[serde(with = "hex::serde")]
        fixed_info: Vec<u8>,
        #[serde(with = "hex::serde")]
        wrapping_key: Vec<u8>,
        #[serde(with = "hex::serde")]
        data_key: [u8; 32],
        #[serde(with = "hex::serde")]
        provider_info: Vec<u8>,
        #[serde(with = "hex::serde")]
        edk_ciphertext: Vec<u8>,
    }

    /// Under its own labels, which nothing that is shipped writes or reads.
    fn check(labels: &Labels, text: &str) {
        for vector in serde_json::from_str::<Vec<Vector>>(text).expect("vectors") {
            let key_id: KeyArn = vector.arn.parse().expect("an ARN");
            let key = KmsMlKem::new(&vector.public_key_spki, &key_id).expect("a key");
            let context = EncryptionContext::from_pairs(vector.context.clone()).expect("a context");
            let context = context.serialize().expect("a context");
            let known = data_key(&vector.data_key).expect("32 bytes");
            let plaintext = Unwrapped { data_key: &known, context: &context, digest: &digest(&context) };
            let performed = [vector.kem_ciphertext.as_slice(), &vector.shared_secret];
            let edk = wrap(labels, &key, &plaintext, &vector.salt, performed).expect("an encrypted data key");
            assert_eq!(edk.provider_id, labels.provider_id);
            assert_eq!(edk.provider_info, vector.provider_info);
            assert_eq!(edk.ciphertext, vector.edk_ciphertext);

            let arn = vector.arn.as_bytes();
            let (wrapping_key, fixed) =
                derive(labels, key.set, arn, &context, &vector.salt, &vector.shared_secret).expect("keys");
            assert_eq!((fixed, wrapping_key.as_slice()), (vector.fixed_info.clone(), vector.wrapping_key.as_slice()));
            let opened = open(labels, &edk, &vector.shared_secret, &context).expect("the data key");
            assert_eq!(opened.0.as_slice(), vector.data_key);
            for other in [&OURS, &DRAFT].into_iter().filter(|other| other.derivation != labels.derivation) {
                assert!(open(other, &edk, &vector.shared_secret, &context).is_err());
            }
        }
    }

    #[test]
    fn the_drafts_known_answer_comes_out_of_the_drafts_labels() {
        check(&DRAFT, include_str!("../tests/vectors/kinds/ml-kem-draft.json"));
    }

    #[test]
    fn our_known_answer_comes_out_of_our_labels() {
        check(&OURS, include_str!("../tests/vectors/kinds/ml-kem.json"));
    }
}
