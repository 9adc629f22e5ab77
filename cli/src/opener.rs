//! Which key opens an envelope: the header, the keys allowed, KMS's answer, the authenticated header.

use kmseal::{EncryptedDataKey, EncryptionAlgorithm, EncryptionContext, Expected, Header, KeyArn, Opened};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure, Result};
use crate::kms::Kms;
use crate::region::key_in;

/// The keyring's name in envelopes (aws-kms-rsa-keyring.md).
const PROVIDER_ID: &[u8] = b"aws-kms-rsa";
/// Data keys that are kept while the command runs, for files that were sealed under the same one.
const REMEMBERED: usize = 100;

/// What opens envelopes.
pub struct Opener {
    pub kms: Kms,
    /// Empty: any key that the envelope names.
    pub key_ids: Vec<KeyArn>,
    pub algorithm: EncryptionAlgorithm,
    pub expected: EncryptionContext,
    answers: Vec<Answer>,
}

struct Answer {
    key_id: KeyArn,
    ciphertext: Vec<u8>,
    plaintext: Zeroizing<Vec<u8>>,
}

impl Opener {
    pub fn new(kms: Kms, key_ids: Vec<KeyArn>, algorithm: EncryptionAlgorithm, expected: EncryptionContext) -> Self {
        Self { kms, key_ids, algorithm, expected, answers: Vec::new() }
    }

    /// Has KMS decrypt the data key and authenticates the header with it; tells which key it was.
    pub fn unlock(&mut self, header: Header) -> Result<(Opened, KeyArn)> {
        let named: Vec<String> = header.encrypted_data_keys().iter().map(describe).collect();
        let usable = self.usable(&header)?;
        let expected = Expected::new(header, &self.expected)?;
        let candidates = expected.candidates(&usable).map_err(|_| {
            let why =
                if self.key_ids.is_empty() { "none of them is a KMS RSA key" } else { "none of them is a --key-id" };
            no_match(format!("this envelope is sealed for {}; {why}", named.join(", ")))
        })?;
        let mut refused = None;
        for candidate in candidates {
            let key_id = KeyArn::parse(&candidate.key_id)?;
            match self.decrypt(&key_id, &candidate.ciphertext) {
                Ok(plaintext) => return Ok((expected.authenticate(&plaintext)?, key_id)),
                Err(refusal) if refusal.try_next => {
                    refused.get_or_insert(refusal.failure);
                }
                Err(refusal) => return Err(refusal.failure),
            }
        }
        Err(refused.unwrap_or_else(|| no_match("this envelope has no key")))
    }

    /// The keys that may be asked, each in the region to ask it in.
    fn usable(&self, header: &Header) -> Result<Vec<KeyArn>> {
        let named = header.encrypted_data_keys().iter().filter_map(arn);
        let allowed: Vec<KeyArn> = if self.key_ids.is_empty() { named.collect() } else { self.key_ids.clone() };
        let region = self.kms.region();
        let usable: Vec<KeyArn> = allowed.iter().filter_map(|arn| key_in(arn, region)).collect();
        match (allowed.first(), region) {
            (Some(arn), Some(region)) if usable.is_empty() => Err(no_match(format!(
                "{} is not in {region} and is no multi-Region key; leave --region out, or give the key's own",
                arn.as_str()
            ))),
            _ => Ok(usable),
        }
    }

    fn decrypt(
        &mut self,
        key_id: &KeyArn,
        ciphertext: &[u8],
    ) -> std::result::Result<Zeroizing<Vec<u8>>, crate::refusal::Refusal> {
        let known = |answer: &&Answer| answer.key_id == *key_id && answer.ciphertext == ciphertext;
        if let Some(answer) = self.answers.iter().find(known) {
            return Ok(answer.plaintext.clone());
        }
        let plaintext = self.kms.decrypt(key_id, self.algorithm, ciphertext)?;
        if self.answers.len() == REMEMBERED {
            self.answers.remove(0);
        }
        let answer = Answer { key_id: key_id.clone(), ciphertext: ciphertext.to_vec(), plaintext: plaintext.clone() };
        self.answers.push(answer);
        Ok(plaintext)
    }
}

/// The ARN in an encrypted data key, if it is one of ours and well-formed: it becomes part of a host name.
fn arn(edk: &EncryptedDataKey) -> Option<KeyArn> {
    let text = std::str::from_utf8(&edk.provider_info).ok().filter(|_| edk.provider_id == PROVIDER_ID)?;
    KeyArn::parse(text).ok()
}

fn describe(edk: &EncryptedDataKey) -> String {
    match arn(edk) {
        Some(arn) => arn.as_str().to_owned(),
        None => format!(
            "{:?} of provider {:?}",
            String::from_utf8_lossy(&edk.provider_info),
            String::from_utf8_lossy(&edk.provider_id)
        ),
    }
}

fn no_match(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Mismatch, format!("{} (ERR_NO_MATCHING_KEY)", message.into()))
}
