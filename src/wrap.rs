//! The data key, wrapped for every recipient.
//!
//! Source: client-apis/encrypt.md "Get the encryption materials"; framework/multi-keyring.md "OnEncrypt".

use alloc::vec::Vec;

use crate::context::{EncryptionContext, digest};
use crate::edk::EncryptedDataKey;
use crate::error::{Code, Error, Result};
use crate::kdf::DataKey;
use crate::kind::{Task, Unwrapped};
use crate::recipient::{Mixing, Recipient, Recipients};
use crate::seed::{DataKeySeed, OaepSeed};
use crate::suite::DIGEST_LEN;

/// A data key that is being wrapped: what needs the platform is planned here, done by the edge, and accepted.
///
/// ```
/// # #[path = "../tests/core/common/example.rs"]
/// # mod example;
/// use getrandom::SysRng;
/// use kmseal::{DataKeySeed, EncryptionContext, Mixing, Recipients, Wrapping};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (key, agree) = (example::ecc_key(), example::agree);
/// let recipients = Recipients::new(vec![key.into()], Mixing::Refused)?;
/// let context = EncryptionContext::default();
/// let seed = DataKeySeed::generate(&mut SysRng, recipients.len())?;
/// let mut wrapping = Wrapping::new(&recipients, &context, seed)?;
/// for index in 0..recipients.len() {
///     if let Some(task) = wrapping.task(index) {
///         // The edge's part: a key pair on the curve of task.key_spec, and a shared secret with task.public_key.
///         let (point, secret) = agree(&task);
///         wrapping.accept(index, &point, &secret)?;
///     }
/// }
/// let materials = wrapping.finish()?;
/// # let _ = materials;
/// # Ok(())
/// # }
/// ```
pub struct Wrapping {
    recipients: Recipients,
    data_key: DataKey,
    digest: [u8; DIGEST_LEN],
    // Serialized.
    context: Vec<u8>,
    edks: Vec<Place>,
}

/// Where an encrypted data key comes.
enum Place {
    Open(OaepSeed),
    Done(EncryptedDataKey),
    /// What the edge did was refused.
    Failed,
}

/// A data key, wrapped for every recipient and bound to one encryption context. It may serve many
/// messages of that context, each under its own message id (docs/format.md, 10).
pub struct Materials {
    pub(crate) data_key: DataKey,
    pub(crate) digest: [u8; DIGEST_LEN],
    pub(crate) edks: Vec<EncryptedDataKey>,
}

impl Wrapping {
    /// Wraps the seed's data key under the whole `context`, stored and required, for those recipients that need no platform.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`]: the seed was drawn for another number of recipients.
    pub fn new(recipients: &Recipients, context: &EncryptionContext, seed: DataKeySeed) -> Result<Self> {
        if recipients.len() != seed.oaep.len() {
            return Err(Error::new(Code::KeyInvalid, &["a data key needs a key and a seed for each recipient"]));
        }
        let context = context.serialize()?;
        let mut wrapping = Self {
            recipients: recipients.clone(),
            data_key: seed.data_key,
            digest: digest(&context),
            context,
            edks: Vec::new(),
        };
        for (recipient, seed) in recipients.iter().zip(seed.oaep) {
            let place = match recipient.task() {
                Some(_) => Place::Open(seed),
                None => Place::Done(wrapping.wrap(recipient, seed, [&[], &[]])?),
            };
            wrapping.edks.push(place);
        }
        Ok(wrapping)
    }

    /// What the edge must do for the recipient of this index, from 0; none if nothing, or nothing more.
    #[must_use]
    pub fn task(&self, index: usize) -> Option<Task<'_>> {
        match self.edks.get(index)? {
            Place::Open(_) => self.recipients.get(index)?.task(),
            _ => None,
        }
    }

    /// Takes what the edge did: an uncompressed point or a ciphertext of the KEM, and the shared secret. A sender's point and secret may be
    /// given again for another data key: the salt is a new one each time.
    ///
    /// # Errors
    /// [`Code::Platform`]: the recipient has no task, or these bytes are something else.
    pub fn accept(&mut self, index: usize, public: &[u8], shared_secret: &[u8]) -> Result<()> {
        let place = self.edks.get_mut(index).filter(|place| matches!(place, Place::Open(_))).ok_or_else(unplanned)?;
        // No seed is used twice, whatever happens.
        let Place::Open(seed) = core::mem::replace(place, Place::Failed) else { return Err(unplanned()) };
        let recipient = self.recipients.get(index).ok_or_else(unplanned)?;
        let edk = self.wrap(recipient, seed, [public, shared_secret])?;
        self.edks.get_mut(index).map(|place| *place = Place::Done(edk)).ok_or_else(unplanned)
    }

    fn wrap(&self, recipient: &Recipient, seed: OaepSeed, performed: [&[u8]; 2]) -> Result<EncryptedDataKey> {
        let plaintext = Unwrapped { data_key: &self.data_key, context: &self.context, digest: &self.digest };
        recipient.wrap(&plaintext, seed, performed)
    }

    /// The materials, once every task is done.
    ///
    /// # Errors
    /// [`Code::Platform`]: one is not.
    pub fn finish(self) -> Result<Materials> {
        let mut edks = Vec::new();
        for place in self.edks {
            match place {
                Place::Done(edk) => edks.push(edk),
                _ => return Err(unplanned()),
            }
        }
        Ok(Materials { edks, data_key: self.data_key, digest: self.digest })
    }
}

impl Materials {
    /// Wraps the seed's data key for `recipients` of kinds that need no platform, which are the RSA ones; [`Wrapping`] is for all.
    ///
    /// # Errors
    /// Those of [`Recipients::new`], [`Wrapping::new`] and [`Wrapping::finish`].
    pub fn wrap<K: Clone + Into<Recipient>>(
        recipients: &[K],
        context: &EncryptionContext,
        seed: DataKeySeed,
    ) -> Result<Self> {
        let recipients = recipients.iter().cloned().map(K::into).collect();
        Wrapping::new(&Recipients::new(recipients, Mixing::Refused)?, context, seed)?.finish()
    }
}

fn unplanned() -> Error {
    Error::new(Code::Platform, &["the platform's part of wrapping a data key was not done, or not as it was planned"])
}
