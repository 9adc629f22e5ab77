//! Opening: header, key, commitment, header tag, then frames in order. Each step yields the value
//! that the next one must own, so that nothing unauthenticated can be released.
//!
//! Source: client-apis/decrypt.md.

use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use crate::arn::KeyArn;
use crate::body::Body;
use crate::cipher::Cipher;
use crate::context::EncryptionContext;
use crate::edk::Kind;
use crate::error::{Code, Error, Reason, Result};
use crate::header::Header;
use crate::kdf::{ContentKey, MessageId, derive};
use crate::request::{Answer, Candidate, Claim, OpenerKey, Request};

/// A header whose context agrees with what the caller expects, as far as it is stored.
///
/// ```
/// # #[path = "../tests/core/common/kms.rs"]
/// # mod kms;
/// use kmseal::{Body, Cipher, EncryptionContext, Error, Header, HeaderRead, Limits, Locked};
/// # use getrandom::SysRng;
/// # use kmseal::{DataKeySeed, EncryptionAlgorithm, FrameKind, Materials, Message, MessageId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let kms = kms::KmsKey::create("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", 2048);
/// # let key = kms.public_key(EncryptionAlgorithm::default());
/// # let none = EncryptionContext::default();
/// let expected = EncryptionContext::from_pairs([("tenant".to_owned(), "7".to_owned())])?;
/// # let materials = Materials::wrap(&[key.clone()], &expected, DataKeySeed::generate(&mut SysRng, 1)?)?;
/// # let message = Message::new(&materials, MessageId::generate(&mut SysRng)?, &expected, &none, 4096)?;
/// # let mut envelope = message.header().to_vec();
/// # let cipher = Cipher::new(message.content_key());
/// # let mut secret = b"a secret".to_vec();
/// # let frame = message.sequencer().next(secret.len(), FrameKind::Final)?;
/// # envelope.extend(frame.head());
/// # let tag = cipher.seal(frame, &mut secret)?;
/// # envelope.extend(secret);
/// # envelope.extend(tag);
/// let HeaderRead::Done(header) = Header::read(&envelope, &Limits::default())? else { panic!("read more of it") };
/// let frames = envelope.split_off(header.len());
/// let locked = Locked::new(header, &expected)?;
///
/// let candidate = locked.candidates(&[key.key_id().clone().into()])?.remove(0);
/// // The call of candidate.request.operation, KMS Decrypt, with its key_id and its input
/// # let (key_id, plaintext) = (kms.arn.as_str(), kms.decrypt(EncryptionAlgorithm::default(), &candidate.request.input).unwrap());
/// let answer = candidate.request.accept(Some(key_id), None, &plaintext)?;
/// let mut unlocked = locked.unlock(&candidate, &answer)?;
///
/// let cipher = Cipher::new(&unlocked.content_key);
/// let frame = unlocked.body.read(&frames[..Body::HEAD_LEN])?;
/// let (content, tag) = frames[frame.head_len()..].split_at(frame.len());
/// let mut content = content.to_vec();
/// cipher.open(&frame, &mut content, tag.try_into()?)?;
/// assert_eq!(content, b"a secret");
/// assert!(unlocked.body.is_done());
/// # Ok(())
/// # }
/// ```
pub struct Locked {
    header: Header,
    required: EncryptionContext,
    context: EncryptionContext,
    // The context, serialized.
    whole: Vec<u8>,
}

type Asked<'a> = (Option<&'a str>, Option<usize>, &'a [u8], Option<&'a [u8]>);

impl Locked {
    /// Compares the stored context with the expected one; pairs that are not stored count as
    /// required ones, which the key and the header tag must confirm. An empty one compares nothing.
    ///
    /// # Errors
    /// [`Code::Context`]: a stored pair has another value.
    pub fn new(header: Header, expected: &EncryptionContext) -> Result<Self> {
        let required = expected.required_beside(&header.context)?;
        let context = header.context.with_required(&required)?;
        Ok(Self { whole: context.serialize()?, header, required, context })
    }

    /// The calls that may open this: in the order of `keys`, and for each of them in the envelope's. An entry that is repeated in the
    /// header is asked about once, and one that no key can have made never.
    ///
    /// # Errors
    /// [`Code::NoMatchingKey`]: there is none. [`Code::EnvelopeInvalid`]: none that a key can have made.
    pub fn candidates(&self, keys: &[OpenerKey]) -> Result<Vec<Candidate>> {
        let mut candidates = Vec::new();
        // Those of `candidates`, sorted, by index: a tree of them would be 0.7 KB more of the .wasm.
        let mut asked = Vec::new();
        let mut damage = None;
        for (index, key) in keys.iter().enumerate() {
            for (edk, entry) in self.header.edks.iter().enumerate() {
                for &kind in Kind::ALL {
                    let request = match kind.claim(entry, index, key) {
                        Claim::Other => continue,
                        Claim::Damaged(what) => {
                            damage = damage.or(Some(what));
                            continue;
                        }
                        Claim::Ours(request) => request,
                    };
                    let candidate = Candidate { request, edk, kind };
                    let own = Some(self.asked(&candidate));
                    let place = asked.binary_search_by(|at| candidates.get(*at).map(|one| self.asked(one)).cmp(&own));
                    if let Err(place) = place {
                        asked.insert(place, candidates.len());
                        candidates.push(candidate);
                    }
                }
            }
        }
        match damage {
            _ if !candidates.is_empty() => Ok(candidates),
            Some(what) => Err(Error::new(
                Code::EnvelopeInvalid,
                &["the encrypted data key for one of these keys ", &what, ": the envelope is damaged; fetch it again"],
            )),
            None => {
                let has_point = |key: &OpenerKey| matches!(key, OpenerKey::Ecc(_));
                let is_for_ecc = self.header.edks.iter().all(|edk| edk.ecc_key().is_some());
                let reason =
                    if is_for_ecc && !keys.iter().any(has_point) { Reason::NoPublicKey } else { Reason::OtherKeys };
                Err(Error::new(Code::NoMatchingKey, &["the envelope was sealed for other keys"]).because(reason))
            }
        }
    }

    /// Who is asked for what, and what the answer is for. Raw keys of one name are different keys.
    fn asked<'a>(&'a self, candidate: &'a Candidate) -> Asked<'a> {
        let Request { key_id, key, input, .. } = &candidate.request;
        let ciphertext = self.header.edks.get(candidate.edk).map(|edk| edk.ciphertext.as_slice());
        (key_id.as_ref().map(KeyArn::as_str), key_id.is_none().then_some(*key), input.as_slice(), ciphertext)
    }

    /// Takes the answer for a candidate.
    ///
    /// # Errors
    /// [`Code::Context`]: sealed under another context.
    /// [`Code::Authentication`]: not the data key that the header commits to, or an altered header.
    pub fn unlock(&self, candidate: &Candidate, answer: &Answer) -> Result<Unlocked> {
        let Some(edk) = self.header.edks.get(candidate.edk) else {
            return Err(Error::new(Code::NoMatchingKey, &["this candidate is another envelope's"]));
        };
        let data_key = candidate.kind.unwrap(edk, answer, &self.whole)?;
        let id = MessageId(self.header.message_id);
        let (content_key, commit_key) = derive(&data_key, &id)?;
        if !commit_key.agrees(&self.header.commit_key) {
            return Err(Error::new(
                Code::Authentication,
                &["the header does not commit to this data key: the envelope was altered"],
            ));
        }
        self.authenticated(content_key)
    }

    /// Checks the header tag (message-header.md, "Header Authentication").
    fn authenticated(&self, content_key: ContentKey) -> Result<Unlocked> {
        let aad = [self.header.body.as_slice(), &self.required.serialize()?].concat();
        let tag = Cipher::new(&content_key).header_tag(&aad)?;
        if !bool::from(tag.ct_eq(&self.header.tag)) {
            return Err(Error::new(
                Code::Authentication,
                &["the header does not authenticate: the envelope was altered"],
            ));
        }
        let (context, required) = (self.context.clone(), self.required.clone());
        Ok(Unlocked { body: Body::of(&self.header), header_hash: self.header.hash(), content_key, context, required })
    }
}

/// An authenticated header: the only way to a content key for opening.
#[non_exhaustive]
pub struct Unlocked {
    /// The frames, to be read in order.
    pub body: Body,
    /// The key for the engine.
    pub content_key: ContentKey,
    /// [`Header::hash`]: with the content key and the context it is enough to open this envelope, and no other.
    pub header_hash: [u8; 32],
    /// The whole context, stored and required, authenticated.
    pub context: EncryptionContext,
    /// The pairs of it that the header does not store.
    pub required: EncryptionContext,
}

impl Unlocked {
    /// Unlocks a header that another opener has unlocked before, with what that one learned.
    ///
    /// # Errors
    /// [`Code::Authentication`]: not that header, or not its key. [`Code::Context`]: a stored pair has another value.
    pub fn again(
        header: Header,
        header_hash: &[u8; 32],
        content_key: &[u8; 32],
        context: &EncryptionContext,
    ) -> Result<Self> {
        // Two headers of one sender can authenticate under one content key.
        if header.hash() != *header_hash {
            return Err(Error::new(
                Code::Authentication,
                &["this is not the header that was unlocked: the envelope was altered, or it is another one"],
            ));
        }
        Locked::new(header, context)?.authenticated(ContentKey::copy_of(content_key))
    }
}
