//! Content key and commit key from the data key.
//!
//! Source: framework/algorithm-suites.md "Algorithm Suites Key Derivation Settings", and
//! data-format/message-header.md "Algorithm Suite Data" for the commit key. Wrapping keys from shared secrets: NIST SP 800-108, 4.1.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::base64;
use crate::error::{Code, Error, Result};
use crate::stack::wiped;
use crate::suite::{KEY_LEN, MESSAGE_ID_LEN, SUITE_ID};

/// Names one message and salts its keys; never used for two headers (docs/format.md, 13).
#[derive(PartialEq, Eq)]
pub struct MessageId(pub(crate) [u8; MESSAGE_ID_LEN]);

/// The key that KMS protects. Boxed, so that moving it leaves no copy behind; wiped on drop.
pub struct DataKey(pub(crate) Box<Zeroizing<[u8; KEY_LEN]>>);

/// Encrypts the frames of one message; wiped on drop.
pub struct ContentKey {
    key: Box<Zeroizing<[u8; KEY_LEN]>>,
    /// The beginning of the id of the message that it seals, as a number; 0 where it opens. (An Option of all of it costs more, and one without a
    /// value would carry off what lay on the stack in its place, such as a data key.)
    pub(crate) seals: u32,
}

/// The value in the header that binds the message to its data key.
pub struct CommitKey([u8; KEY_LEN]);

impl DataKey {
    pub(crate) fn zeroed() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY_LEN])))
    }
}

impl MessageId {
    /// The bytes, as in the header.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; MESSAGE_ID_LEN] {
        &self.0
    }
}

/// A message id as users have it: base64url without padding (RFC 4648, 5), 43 characters.
#[must_use]
pub fn message_id_text(id: &[u8; MESSAGE_ID_LEN]) -> String {
    // An alphabet of its own for this would be 0.2 KB more of the .wasm.
    let url = |byte| match byte {
        b'+' => '-',
        b'/' => '_',
        _ => char::from(byte),
    };
    base64::encode(id).bytes().filter(|byte| *byte != b'=').map(url).collect()
}

/// Which message it is, as far as it tells apart those that a program has.
pub(crate) fn beginning(id: &[u8; MESSAGE_ID_LEN]) -> u32 {
    id.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl ContentKey {
    /// The key's bytes, for the engine that encrypts frames with it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.key
    }

    fn zeroed() -> Self {
        Self { key: Box::new(Zeroizing::new([0; KEY_LEN])), seals: 0 }
    }

    /// Only [`Unlocked`](crate::Unlocked) is made of such a key: sealing never starts from one.
    pub(crate) fn copy_of(bytes: &[u8; KEY_LEN]) -> Self {
        let mut key = Self::zeroed();
        key.key.copy_from_slice(bytes);
        key
    }
}

impl CommitKey {
    pub(crate) fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Compares in constant time with the one a header holds.
    pub(crate) fn agrees(&self, stored: &[u8; KEY_LEN]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

/// One extract, two expands: the content key's info is the suite id and `DERIVEKEY`, the commit
/// key's is `COMMITKEY` alone.
pub(crate) fn derive(data_key: &DataKey, id: &MessageId) -> Result<(ContentKey, CommitKey)> {
    wiped(|| expand(data_key, id))
}

fn expand(data_key: &DataKey, id: &MessageId) -> Result<(ContentKey, CommitKey)> {
    let [high, low] = SUITE_ID.to_be_bytes();
    let info = [&[high, low], b"DERIVEKEY".as_slice()];
    let (mut prk, hkdf) = Hkdf::<Sha512>::extract(Some(&id.0), data_key.0.as_slice());
    prk.as_mut_slice().zeroize();
    let mut content = ContentKey::zeroed();
    let mut commit = CommitKey([0; KEY_LEN]);
    let fit = |_| Error::new(Code::Authentication, &["the derived keys have a wrong length"]);
    hkdf.expand_multi_info(&info, content.key.as_mut_slice()).map_err(fit)?;
    hkdf.expand(b"COMMITKEY", &mut commit.0).map_err(fit)?;
    Ok((content, commit))
}

/// The name of [`counter_mode`]'s pseudo-random function, as FixedInfo has it.
pub(crate) const PRF: &[u8] = b"HMAC_SHA384";

/// NIST SP 800-108, 4.1, with HMAC-SHA384 and a counter of 32 bits: `len` bytes, boxed as keys are. They are wiped on drop.
pub(crate) fn counter_mode(secret: &[u8], label: &[u8], context: &[u8], len: u16) -> Result<Box<Zeroizing<Vec<u8>>>> {
    let bits = u32::from(len).saturating_mul(8);
    wiped(|| {
        // With room for the last block: growing would leave a copy behind.
        let mut out = Box::new(Zeroizing::new(Vec::with_capacity(usize::from(len).saturating_add(64))));
        for counter in 1_u32.. {
            if out.len() >= len.into() {
                break;
            }
            let mut mac = Hmac::<Sha384>::new_from_slice(secret)
                .map_err(|_| Error::new(Code::Authentication, &["the shared secret has a wrong length"]))?;
            for part in [&counter.to_be_bytes(), label, &[0], context, &bits.to_be_bytes()] {
                mac.update(part);
            }
            let mut block = mac.finalize().into_bytes();
            out.extend_from_slice(&block);
            block.as_mut_slice().zeroize();
        }
        out.truncate(len.into());
        Ok(out)
    })
}
