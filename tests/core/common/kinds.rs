//! Known answers of every kind of key: recipients as their files have them, and as values of the crate.

use kmseal::{
    Candidate, DataKeySeed, ImportOptions, KmsPublicKey, Materials, Message, MessageId, Mixing, OaepHash, OpenerKey,
    RawKeyOptions, RawPublicKey, Recipient, Recipients, Request, RsaPublicKey, Wrapping,
};
use serde::Deserialize;

use super::known_answers::{self, Vector};

/// A recipient of any kind.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Known {
    Rsa(known_answers::Recipient),
    Ecdh(Ecdh),
    Raw(Raw),
}

#[derive(Deserialize)]
pub struct Ecdh {
    pub arn: String,
    pub key_spec: String,
    #[serde(with = "hex::serde")]
    pub public_key_spki: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub ephemeral_public_spki: Vec<u8>,
    pub provider_id: String,
    #[serde(with = "hex::serde")]
    pub provider_info: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub ciphertext: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub shared_secret: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub wrapping_key: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub kdf_output: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub salt: [u8; 32],
}

#[derive(Deserialize)]
pub struct Raw {
    pub key_namespace: String,
    pub key_name: String,
    pub padding: String,
    #[serde(with = "hex::serde")]
    pub public_key_spki: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub oaep_seed: Vec<u8>,
    #[serde(with = "hex::serde")]
    pub ciphertext: Vec<u8>,
}

impl Ecdh {
    pub fn options(&self) -> ImportOptions {
        let key_usage = Some("KEY_AGREEMENT".to_owned());
        ImportOptions { key_ids: vec![self.arn.clone()], key_usage, ..ImportOptions::default() }
    }

    pub fn key(&self) -> KmsPublicKey {
        KmsPublicKey::from_der(&self.public_key_spki, &self.options()).expect(&self.arn)
    }

    /// The sender's uncompressed point: of a coordinate as long as the secret each.
    pub fn sender(&self) -> &[u8] {
        &self.ephemeral_public_spki[self.ephemeral_public_spki.len() - 2 * self.shared_secret.len() - 1..]
    }
}

impl Raw {
    pub fn key(&self) -> RsaPublicKey {
        let mut file = RawPublicKey::default();
        file.public_key = self.public_key_spki.clone();
        assert_eq!(self.padding, "OAEP_SHA256_MGF1");
        let options = RawKeyOptions {
            key_namespace: Some(self.key_namespace.clone()),
            key_name: Some(self.key_name.clone()),
            hash: Some(OaepHash::Sha256),
            ..RawKeyOptions::default()
        };
        RsaPublicKey::new(&file, &options).expect(&self.key_name)
    }
}

/// All known answers but those of drafts.
pub fn vectors() -> Vec<Vector<Known>> {
    let files = [
        include_str!("../../vectors/known-answers.json"),
        include_str!("../../vectors/kinds/ecdh.json"),
        include_str!("../../vectors/kinds/raw-rsa.json"),
    ];
    let vectors = files.map(|text| serde_json::from_str::<Vec<Vector<Known>>>(text).expect("vectors"));
    vectors.into_iter().flatten().collect()
}

impl Vector<Known> {
    fn key(&self, known: &Known) -> Recipient {
        match known {
            Known::Rsa(recipient) => self.kms_rsa_key(recipient).into(),
            Known::Ecdh(recipient) => recipient.key().into(),
            Known::Raw(recipient) => recipient.key().into(),
        }
    }

    pub fn recipients(&self) -> Recipients {
        let keys = self.recipients.iter().map(|recipient| self.key(recipient)).collect();
        Recipients::new(keys, Mixing::Refused).expect(&self.name)
    }

    /// Wrapped as an edge does, with what the platform made.
    pub fn materials(&self) -> Materials {
        let seeds: Vec<[u8; 32]> = self.recipients.iter().map(Known::seed).collect();
        let whole = self.pairs(false).with_required(&self.pairs(true)).expect(&self.name);
        let seed = DataKeySeed::fixed(self.data_key, &seeds);
        let mut wrapping = Wrapping::new(&self.recipients(), &whole, seed).expect(&self.name);
        for (index, known) in self.recipients.iter().enumerate() {
            let task = wrapping.task(index).map(|task| (task.key_spec, task.public_key.to_vec()));
            let Known::Ecdh(known) = known else {
                assert_eq!(task, None);
                continue;
            };
            assert_eq!(task, Some((known.key().key_spec(), known.public_key_spki.clone())));
            wrapping.accept(index, known.sender(), &known.shared_secret).expect(&self.name);
            assert_eq!(wrapping.task(index), None);
        }
        wrapping.finish().expect(&self.name)
    }

    pub fn message(&self) -> Message {
        let id = MessageId::fixed(self.message_id);
        Message::new(&self.materials(), id, &self.pairs(false), &self.pairs(true), self.frame_length).expect(&self.name)
    }

    /// What an opener knows of a recipient.
    pub fn opener_key(&self, known: &Known) -> OpenerKey {
        OpenerKey::from(&self.key(known))
    }

    /// What KMS, or who holds a raw key, answers to the right request for a recipient.
    pub fn answer(&self, known: &Known, request: &Request) -> Option<Vec<u8>> {
        let key_id = request.key_id.as_ref().map(|key_id| key_id.as_str());
        let asked = (request.operation.name(), key_id, request.input.as_slice());
        match known {
            // What it decrypts is compared where the header is.
            Known::Rsa(recipient) => (asked.0 == "Decrypt" && key_id == Some(&recipient.arn))
                .then(|| [self.context_digest.as_slice(), &self.data_key].concat()),
            Known::Ecdh(recipient) => {
                let right = ("DeriveSharedSecret", Some(recipient.arn.as_str()), &*recipient.ephemeral_public_spki);
                (asked == right).then(|| recipient.shared_secret.clone())
            }
            Known::Raw(recipient) => {
                (asked == ("unwrap", None, &*recipient.ciphertext)).then(|| self.data_key.to_vec())
            }
        }
    }
}

impl Known {
    /// OAEP's seed, or the salt.
    fn seed(&self) -> [u8; 32] {
        match self {
            Self::Rsa(recipient) => known_answers::padded(&recipient.oaep_seed),
            Self::Ecdh(recipient) => recipient.salt,
            Self::Raw(recipient) => known_answers::padded(&recipient.oaep_seed),
        }
    }

    /// Its encrypted data key's provider id and provider info.
    pub fn provider(&self) -> (&[u8], &[u8]) {
        match self {
            Self::Rsa(recipient) => (b"aws-kms-rsa", recipient.arn.as_bytes()),
            Self::Ecdh(recipient) => (recipient.provider_id.as_bytes(), &recipient.provider_info),
            Self::Raw(recipient) => (recipient.key_namespace.as_bytes(), recipient.key_name.as_bytes()),
        }
    }
}

/// The one candidate for a key.
pub fn only(candidates: Vec<Candidate>) -> Candidate {
    let [candidate] = <[Candidate; 1]>::try_from(candidates).expect("one candidate");
    candidate
}
