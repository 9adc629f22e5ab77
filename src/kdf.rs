//! Content key and commit key from the data key.
//!
//! Source: framework/algorithm-suites.md "Algorithm Suites Key Derivation Settings", and
//! data-format/message-header.md "Algorithm Suite Data" for the commit key.

use alloc::boxed::Box;

use hkdf::Hkdf;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Code, Error, Result};
use crate::stack::wiped;
use crate::suite::{KEY_LEN, MESSAGE_ID_LEN, SUITE_ID};

/// Names one message and salts its keys; never used for two headers (FORMAT.md, 10).
#[derive(PartialEq, Eq)]
pub struct MessageId(pub(crate) [u8; MESSAGE_ID_LEN]);

/// The key that KMS guards. Boxed, so that moving it leaves no copy behind; wiped on drop.
pub struct DataKey(pub(crate) Box<Zeroizing<[u8; KEY_LEN]>>);

/// Encrypts the frames of one message; wiped on drop.
pub struct ContentKey(Box<Zeroizing<[u8; KEY_LEN]>>);

/// Stands in the header and binds the message to its data key.
pub struct CommitKey([u8; KEY_LEN]);

impl DataKey {
    pub(crate) fn zeroed() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY_LEN])))
    }
}

impl MessageId {
    /// The bytes, as they stand in the header.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; MESSAGE_ID_LEN] {
        &self.0
    }
}

impl ContentKey {
    /// The key's bytes, for the engine that encrypts frames with it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
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
    let mut content = ContentKey(Box::new(Zeroizing::new([0; KEY_LEN])));
    let mut commit = CommitKey([0; KEY_LEN]);
    let fit = |_| Error::new(Code::Authentication, &["the derived keys have a wrong length"]);
    hkdf.expand_multi_info(&info, content.0.as_mut_slice()).map_err(fit)?;
    hkdf.expand(b"COMMITKEY", &mut commit.0).map_err(fit)?;
    Ok((content, commit))
}
