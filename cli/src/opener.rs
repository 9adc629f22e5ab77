//! Which key opens an envelope: the header, the keys allowed, KMS's answer, the authenticated header.

use kmseal::{
    Candidate, Code, EncryptedDataKey, EncryptionAlgorithm, EncryptionContext, Expected, Header, KeyArn, Opened,
};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure, Result};
use crate::kms::Kms;
use crate::refusal::failure;
use crate::region::key_in;

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
    asked: Candidate,
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
        let candidates = expected.candidates(&usable).map_err(|error| {
            if error.code() != Code::NoMatchingKey {
                return Failure::from(error);
            }
            let why =
                if self.key_ids.is_empty() { "none of them is a KMS RSA key" } else { "none of them is a --key-id" };
            no_match(format!("this envelope is sealed for {}; {why}", named.join(", ")))
        })?;
        // What is known already comes first: it helps while a key before it does not answer.
        let known = self.answers.iter().find(|answer| candidates.contains(&answer.asked));
        if let Some(Answer { asked, plaintext }) = known {
            return Ok((expected.authenticate(plaintext)?, asked.key_id.clone()));
        }
        let mut refused = Vec::new();
        for asked in candidates {
            match self.kms.decrypt(&asked.key_id, self.algorithm, &asked.ciphertext) {
                Ok(plaintext) => {
                    let opened = (expected.authenticate(&plaintext)?, asked.key_id.clone());
                    self.remember(Answer { asked, plaintext });
                    return Ok(opened);
                }
                Err(sentence) => refused.push((asked.key_id, sentence)),
            }
        }
        Err(failure(&refused))
    }

    /// The keys that may be asked, each in the region to ask it in.
    fn usable(&self, header: &Header) -> Result<Vec<KeyArn>> {
        let named = header.encrypted_data_keys().iter().filter_map(EncryptedDataKey::key_arn);
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

    fn remember(&mut self, answer: Answer) {
        if self.answers.len() == REMEMBERED {
            self.answers.remove(0);
        }
        self.answers.push(answer);
    }
}

fn describe(edk: &EncryptedDataKey) -> String {
    match edk.key_arn() {
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
