//! Which key opens an envelope: the header, the keys allowed, KMS's answer, the authenticated header.

use kmseal::{
    Candidate, Code, EncryptedDataKey, EncryptionAlgorithm, EncryptionContext, Expected, Header, KeyArn, Opened,
};
use zeroize::Zeroizing;

use crate::account;
use crate::failure::{Exit, Failure, Result};
use crate::kms::Kms;
use crate::refusal::failure;
use crate::region::key_in;

/// Data keys that are kept while the command runs, for files that were sealed under the same one.
const REMEMBERED: usize = 100;

/// What opens envelopes.
pub struct Opener {
    pub kms: Kms,
    pub allowed: Allowed,
    pub algorithm: EncryptionAlgorithm,
    pub expected: EncryptionContext,
    answers: Vec<Answer>,
}

/// Which keys KMS may be asked for.
pub enum Allowed {
    /// These.
    Listed(Vec<KeyArn>),
    /// Those that the envelope names and that are in the account of the credentials.
    Own,
    /// Any that the envelope names.
    Any,
}

struct Answer {
    asked: Candidate,
    plaintext: Zeroizing<Vec<u8>>,
}

impl Opener {
    pub fn new(kms: Kms, allowed: Allowed, algorithm: EncryptionAlgorithm, expected: EncryptionContext) -> Self {
        Self { kms, allowed, algorithm, expected, answers: Vec::new() }
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
            let why = match self.allowed {
                Allowed::Listed(_) => "none of them is a --key-id",
                Allowed::Own | Allowed::Any => "none of them is a KMS RSA key",
            };
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
    fn usable(&mut self, header: &Header) -> Result<Vec<KeyArn>> {
        let named = || header.encrypted_data_keys().iter().filter_map(EncryptedDataKey::key_arn).collect();
        let allowed = match &self.allowed {
            Allowed::Listed(keys) => keys.clone(),
            Allowed::Own => self.own(named())?,
            Allowed::Any => named(),
        };
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

    /// Those of these keys that are in the account of the credentials: everyone with any key in any account can make an envelope
    /// that names it.
    fn own(&mut self, mut named: Vec<KeyArn>) -> Result<Vec<KeyArn>> {
        named.retain(|key| key_in(key, None).is_some());
        let Some(first) = named.first().cloned() else { return Ok(named) };
        let account = self.kms.account(&first)?;
        let (own, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|key| account::of_key(key) == account);
        if own.is_empty() {
            let others: Vec<&str> = others.iter().map(KeyArn::as_str).collect();
            return Err(no_match(format!(
                "this envelope is sealed for {}, and these credentials are of account {account}; name a key of another account \
                 with --key-id, or give --discover to ask for any key that an envelope names",
                others.join(", ")
            )));
        }
        Ok(own)
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
