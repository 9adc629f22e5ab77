//! Recipients: the keys that can open what is sealed, of every kind. A further kind is a file like those named here, and a line
//! in each list below.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::arn::KeyArn;
use crate::context::EncryptionContext;
use crate::edk::{EncryptedDataKey, Kind};
use crate::error::{Code, Error, Reason, Result};
use crate::kdf::DataKey;
use crate::kind::{Open, Task, Unwrapped, Wrap};
use crate::kms_ecdh::{self, EccKeyName, KmsEcdh};
use crate::kms_ml_kem::KmsMlKem;
use crate::kms_rsa::KmsRsa;
use crate::public_key::{Key, KmsPublicKey};
use crate::raw_rsa::RsaPublicKey;
use crate::request::{Answer, Claim, OpenerKey};
use crate::seed::OaepSeed;

/// A call of a kind's [`Open`].
macro_rules! of_kind {
    ($kind:expr, $call:ident($($argument:expr),*)) => {
        match $kind {
            Kind::KmsRsa => KmsRsa::$call($($argument),*),
            Kind::KmsEcdh => KmsEcdh::$call($($argument),*),
            #[cfg(feature = "every-kind")]
            Kind::KmsMlKem => KmsMlKem::$call($($argument),*),
            #[cfg(feature = "every-kind")]
            Kind::RawRsa => RsaPublicKey::$call($($argument),*),
        }
    };
}

/// A call of a recipient's [`Wrap`].
macro_rules! of_key {
    ($recipient:expr, $call:ident($($argument:expr),*)) => {
        match $recipient {
            Recipient::Kms(key) => match key.key() {
                Key::Rsa(key) => key.$call($($argument),*),
                Key::Ecdh(key) => key.$call($($argument),*),
                #[cfg(feature = "every-kind")]
                Key::MlKem(key) => key.$call($($argument),*),
            },
            #[cfg(feature = "every-kind")]
            Recipient::Raw(key) => key.$call($($argument),*),
        }
    };
}

impl Kind {
    pub(crate) const ALL: &[Self] = &[
        Self::KmsRsa,
        Self::KmsEcdh,
        #[cfg(feature = "every-kind")]
        Self::KmsMlKem,
        #[cfg(feature = "every-kind")]
        Self::RawRsa,
    ];

    pub(crate) fn claim(self, edk: &EncryptedDataKey, key: usize, opener: &OpenerKey) -> Claim {
        of_kind!(self, claim(edk, key, opener))
    }

    pub(crate) fn unwrap(self, edk: &EncryptedDataKey, answer: &Answer, context: &[u8]) -> Result<DataKey> {
        of_kind!(self, unwrap(edk, answer, context))
    }

    fn key_arn(self, edk: &EncryptedDataKey) -> Option<KeyArn> {
        of_kind!(self, key_arn(edk))
    }
}

/// A key that can open what is sealed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recipient {
    /// A key of KMS.
    Kms(KmsPublicKey),
    /// The customer's own RSA key.
    #[cfg(feature = "every-kind")]
    Raw(RsaPublicKey),
}

impl From<KmsPublicKey> for Recipient {
    fn from(key: KmsPublicKey) -> Self {
        Self::Kms(key)
    }
}

#[cfg(feature = "every-kind")]
impl From<RsaPublicKey> for Recipient {
    fn from(key: RsaPublicKey) -> Self {
        Self::Raw(key)
    }
}

impl From<&Recipient> for OpenerKey {
    fn from(recipient: &Recipient) -> Self {
        match recipient {
            Recipient::Kms(key) => key.into(),
            #[cfg(feature = "every-kind")]
            Recipient::Raw(key) => key.into(),
        }
    }
}

impl Recipient {
    fn edk_len(&self) -> usize {
        of_key!(self, edk_len())
    }

    pub(crate) fn task(&self) -> Option<Task<'_>> {
        of_key!(self, task())
    }

    pub(crate) fn wrap(
        &self,
        plaintext: &Unwrapped<'_>,
        seed: OaepSeed,
        performed: [&[u8]; 2],
    ) -> Result<EncryptedDataKey> {
        of_key!(self, wrap(plaintext, seed, performed))
    }

    /// Whether it withstands quantum computers.
    fn is_quantum_safe(&self) -> bool {
        matches!(self, Self::Kms(key) if key.is_ml_kem())
    }
}

/// Whether ML-KEM keys go with keys of other kinds in one envelope, which is as weak as its weakest recipient: it is then not quantum-safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mixing {
    /// They do not.
    #[default]
    Refused,
    /// They do.
    Allowed,
}

/// Recipients that one envelope may have.
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use kmseal::{EncryptionContext, Mixing, Recipient, Recipients};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let recipients = Recipients::new(vec![Recipient::from(example::key())], Mixing::Refused)?;
/// assert_eq!(recipients.header_len(&EncryptionContext::default())?, 443);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Recipients(Arc<[Recipient]>);

impl Recipients {
    /// Checks that they fit together.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`]: there are none. [`Code::KeyUnsupported`]: an ML-KEM key beside a key of another kind.
    pub fn new(recipients: Vec<Recipient>, mixing: Mixing) -> Result<Self> {
        if recipients.is_empty() {
            return Err(Error::new(Code::KeyInvalid, &["there is no key to seal for; give at least one"]));
        }
        let safe = recipients.iter().filter(|recipient| recipient.is_quantum_safe()).count();
        if cfg!(feature = "every-kind") && safe != 0 && safe != recipients.len() && mixing == Mixing::Refused {
            let what = "an envelope is as weak as its weakest key: for an ML-KEM key and another kind of key it is not quantum-safe";
            return Err(Error::new(Code::KeyUnsupported, &[what]).because(Reason::MixedKinds));
        }
        Ok(Self(recipients.into()))
    }

    /// The recipients, in the order of their encrypted data keys.
    pub fn iter(&self) -> core::slice::Iter<'_, Recipient> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Recipient> {
        self.0.get(index)
    }

    /// Length of a header with its tag, in bytes: known before anything random is drawn.
    ///
    /// # Errors
    /// [`Code::Context`]: the context is too long.
    pub fn header_len(&self, stored: &EncryptionContext) -> Result<usize> {
        let edks = self.iter().fold(0_usize, |sum, recipient| sum.saturating_add(recipient.edk_len()));
        Ok(crate::header::len(stored.serialize()?.len(), edks))
    }
}

impl<'a> IntoIterator for &'a Recipients {
    type Item = &'a Recipient;
    type IntoIter = core::slice::Iter<'a, Recipient>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl EncryptedDataKey {
    /// The key that it is for, if that is a key of KMS that it names by its ARN: RSA or ML-KEM.
    #[must_use]
    pub fn key_arn(&self) -> Option<KeyArn> {
        Kind::ALL.iter().find_map(|kind| kind.key_arn(self))
    }

    /// Whether it names this key as the one that it is for, or another replica of it.
    #[must_use]
    pub fn is_for(&self, key: &OpenerKey) -> bool {
        Kind::ALL.iter().any(|kind| !matches!(kind.claim(self, 0, key), Claim::Other))
    }

    /// The ECC key that it is for, which it names by its point alone.
    #[must_use]
    pub fn ecc_key(&self) -> Option<EccKeyName> {
        kms_ecdh::key_name(self)
    }
}
